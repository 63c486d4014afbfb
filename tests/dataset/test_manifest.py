from pathlib import Path

import pytest
from planting import Plant

from kclass.dataset.folder import ImageFolder
from kclass.dataset.manifest import read_manifest, write_manifest
from kclass.errors import DataError, OutputError


def test_a_split_is_written_one_row_a_photo(plant: Plant, tmp_path: Path) -> None:
    data = ImageFolder(plant("train/a/1.jpg", "train/b, c/2.jpg", "valid/a/3.jpg", "test/9.jpg"))
    write_manifest(data, tmp_path / "split.csv")
    assert (tmp_path / "split.csv").read_bytes().decode("utf-8") == (
        "path,class,split\n"
        "test/9.jpg,,test\n"
        "train/a/1.jpg,a,train\n"
        '"train/b, c/2.jpg","b, c",train\n'
        "valid/a/3.jpg,a,valid\n"
    )


def test_the_same_split_comes_back(plant: Plant, tmp_path: Path) -> None:
    root = plant(*(f"{name}/{k} ü.jpg" for name in ("été", "09.x_y", "猫") for k in range(5)))
    data = ImageFolder(root).split(valid=0.4, seed=3)
    write_manifest(data, tmp_path / "split.csv")
    again = read_manifest(tmp_path / "split.csv", root=root)
    assert again.fingerprint() == data.fingerprint()
    assert again.valid.paths == data.valid.paths
    assert again.samples.path(0).exists()
    assert again.name == "photos"


def test_groups_have_a_column_if_there_are_any_and_come_back(plant: Plant, tmp_path: Path) -> None:
    root = plant(*(f"{name}/p{k}.jpg" for name in "ab" for k in range(4)))
    data = ImageFolder(root).grouped(["x", None, "y", "x", "y", "x", None, "z"]).split(valid=0.4)
    write_manifest(data, tmp_path / "split.csv")
    lines = (tmp_path / "split.csv").read_text().splitlines()
    assert lines[0] == "path,class,split,group"
    assert [line.rpartition(",")[2] for line in lines[1:]] == ["0", "", "1", "0", "1", "0", "", "2"]
    again = read_manifest(tmp_path / "split.csv", root=root)
    assert again.samples.groups.tolist() == data.samples.groups.tolist()
    assert again.fingerprint() == data.fingerprint()


def test_an_unsplit_data_set_comes_back_unsplit(plant: Plant, tmp_path: Path) -> None:
    root = plant("a/1.jpg", "b/1.jpg")
    write_manifest(ImageFolder(root), tmp_path / "split.csv")
    assert not read_manifest(tmp_path / "split.csv", root=root).is_split


def test_a_name_that_is_no_text_comes_back(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    for name in ("a/\udcff.jpg", "b/1.jpg"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            (root / name).touch()
        except OSError:
            pytest.skip("the file system takes Unicode names only")
    write_manifest(ImageFolder(root), tmp_path / "split.csv")
    assert read_manifest(tmp_path / "split.csv", root=root).samples.paths == ("a/\udcff.jpg", "b/1.jpg")


def test_a_file_from_a_spreadsheet_is_read(plant: Plant, tmp_path: Path) -> None:
    root = plant("a/1.jpg", "b/1.jpg")
    text = "note,split,class,path\r\nx,Training,a,a/1.jpg\r\ny,validation,b,b/1.jpg\r\n"
    (tmp_path / "split.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    data = read_manifest(tmp_path / "split.csv", root=root)
    assert data.classes == ("a", "b")
    assert (data.train.paths, data.valid.paths) == (("a/1.jpg",), ("b/1.jpg",))


def test_a_manifest_that_cannot_be_written_is_an_output_error(plant: Plant, tmp_path: Path) -> None:
    data = ImageFolder(plant("a/1.jpg", "b/1.jpg"))
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        write_manifest(data, tmp_path / "file" / "split.csv")


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("path,class\na/1.jpg,a\n", "has no column split; it has: path, class", "path,class,split"),
        ("a\n", "no column path and no column class and no column split; it has: a", "first line"),
        ("", "split.csv is empty", "Its first line must name the columns"),
        ("path,class,split\n", "lists no photos", "Split the data set again"),
        ("path,class,split\na/1.jpg,a,trian\n", "line 2 of", "Write one of train, valid, test"),
        ("path,class,split\na/1.jpg,a,trian\n", "unknown split 'trian'", "Write one of"),
        ("path,class,split\n,a,train\n", "line 2 of", "Fill it in"),
        ("path,class,split\na/1.jpg,a,train\na/1.jpg,a,test\n", "a photo twice: a/1.jpg", "Leave one"),
        ("path,class,split\na/1.jpg,a,train\na/9.jpg,a,\n", "1 of 2 photos in", "Put them back"),
        ("path,class,split\na/1.jpg,a,train\na/9.jpg,a,\n", "are not in", "Put them back"),
        (f"path,class,split\na/1.jpg,a,train\n{'a' * 300},a,\n", "1 of 2 photos in", "Put them back"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(
    plant: Plant, tmp_path: Path, text: str, message: str, fix: str
) -> None:
    root = plant("a/1.jpg")
    (tmp_path / "split.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_manifest(tmp_path / "split.csv", root=root)
    assert message in caught.value.message
    assert fix in caught.value.fix


def test_a_missing_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*split.csv: No such file"):
        read_manifest(tmp_path / "split.csv", root=tmp_path)


def test_a_manifest_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_bytes("path,class,split\nété/1.jpg,été,train\n".encode("latin-1"))
    with pytest.raises(DataError, match="is not a CSV file in UTF-8"):
        read_manifest(tmp_path / "split.csv", root=tmp_path)
