import os
from pathlib import Path

import pytest
from planting import Plant

from kclass.dataset.csv_source import from_csv
from kclass.dataset.folder import ImageFolder
from kclass.dataset.manifest import write_manifest
from kclass.errors import DataError, OptionError

NAMES = [f"{letter}{number}.jpg" for letter in "ab" for number in range(4)]


@pytest.fixture
def photos(plant: Plant) -> Path:
    return plant(*NAMES)


def write(folder: Path, *lines: str, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows_of(names: list[str] = NAMES) -> list[str]:
    return [f"{name},{'ash' if name[0] == 'a' else 'birch'}" for name in names]


def test_a_csv_file_labels_the_photos_beside_it(photos: Path) -> None:
    data = from_csv(write(photos, "path,label", *rows_of()))
    assert data.samples.paths == tuple(NAMES)
    assert data.classes == ("ash", "birch")
    assert data.samples.labels.tolist() == [0] * 4 + [1] * 4
    assert (data.root, data.name, data.remarks) == (photos, "photos", ())
    assert not data.is_split
    assert repr(data) == (
        "Dataset photos: 8 photos, 2 classes\nclass  photos\nash         4\nbirch       4\ntotal       8"
    )


def test_photos_keep_the_order_of_the_rows(photos: Path) -> None:
    data = from_csv(write(photos, "path,label", *reversed(rows_of())))
    assert data.samples.paths == tuple(reversed(NAMES))


def test_paths_may_be_text(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(photos, "path,label", *rows_of())
    monkeypatch.chdir(photos.parent)
    assert from_csv("photos/labels.csv").root == photos
    assert from_csv("photos/labels.csv", root="photos").samples.paths == tuple(NAMES)


def test_root_is_where_names_start_from(photos: Path, plant: Plant) -> None:
    other = plant(*NAMES, folder="other")
    table = write(photos, "path,label", *rows_of())
    assert from_csv(table).root == photos
    data = from_csv(table, root=other)
    assert (data.root, data.name) == (other, "other")


def test_names_may_start_from_the_only_folder_beside_the_file_that_has_them(plant: Plant) -> None:
    root = plant("notes/readme.txt", ".hidden/1.jpg", "images/1.jpg", "images/2.jpg")
    data = from_csv(write(root, "id,label", "0,cat", "1,cat", "2,dog"))
    assert data.root == root / "images"
    assert data.name == "photos"
    assert data.samples.paths == ("1.jpg", "2.jpg")


def test_names_that_may_start_from_several_folders_are_refused(plant: Plant) -> None:
    root = plant("one/1.jpg", "two/1.jpg")
    with pytest.raises(
        DataError, match=r"several folders have photos that labels\.csv names: one, two"
    ) as caught:
        from_csv(write(root, "id,label", "1,cat"))
    assert caught.value.fix == f"Say which: root='{root / 'one'}'."


def test_columns_may_be_told(photos: Path) -> None:
    table = write(
        photos, "x,y,s,g", *(f"{row},{'val' if '3' in row else 'train'},{row[1]}" for row in rows_of())
    )
    data = from_csv(table, path_column="x", label_column="y", split_column="s", group_column="g")
    assert data.valid.paths == ("a3.jpg", "b3.jpg")
    assert data.samples.groups.tolist() == [0, 1, 2, 3] * 2
    plain = from_csv(table, path_column="x", label_column="y")
    assert not plain.is_split
    assert (plain.samples.groups == -1).all()


def test_splits_and_groups_are_taken_from_columns_that_are_called_so(photos: Path) -> None:
    table = write(
        photos, "file name,species,is_valid,patient", *(f"{row},{'3' in row},{row[1]}" for row in rows_of())
    )
    data = from_csv(table)
    assert data.valid.paths == ("a3.jpg", "b3.jpg")
    assert len(data.train) == 6
    assert data.samples.groups.tolist() == [0, 1, 2, 3] * 2
    assert not from_csv(table, split_column="").is_split
    assert (from_csv(table, group_column="").samples.groups == -1).all()


def test_a_suffix_is_added_to_names_that_lack_it(plant: Plant) -> None:
    root = plant("1.jpg", "1.png", "2.jpg", "2.png")
    table = write(root, "id,label", "1,cat", "2.PNG,dog")
    assert from_csv(table, suffix=".png").samples.paths == ("1.png", "2.png")
    assert from_csv(write(root, "id,label", "1,cat", "2,dog"), suffix="jpg").samples.paths == (
        "1.jpg",
        "2.jpg",
    )
    with pytest.raises(OptionError, match="suffix is 3; it must be text"):
        from_csv(table, suffix=3)  # type: ignore[arg-type]


def test_names_may_lack_their_suffix(plant: Plant) -> None:
    root = plant("0001.jpg", "0002.png")
    assert from_csv(write(root, "id,label", "0001,cat", "0002,dog")).samples.paths == ("0001.jpg", "0002.png")


def test_photos_without_a_label_are_unlabelled(photos: Path) -> None:
    data = from_csv(write(photos, "path,label", *rows_of()[:-1], "b3.jpg,"))
    assert data.unlabelled.paths == ("b3.jpg",)


def test_photos_that_no_row_names_are_not_used(photos: Path) -> None:
    data = from_csv(write(photos, "path,label", *rows_of(NAMES[2:6])))
    assert data.samples.paths == tuple(NAMES[2:6])
    assert data.remarks == ()


def test_rows_whose_photo_is_not_there_are_left_out_and_told(photos: Path) -> None:
    data = from_csv(write(photos, "path,label", *rows_of(), "c1.jpg,ash", "c2.jpg,cedar"))
    assert data.samples.paths == tuple(NAMES)
    told = f"Left out, named in labels.csv but not in {photos}: c1.jpg, c2.jpg."
    assert data.remarks == (told,)
    assert data.empty_classes == ("cedar",)
    assert repr(data).splitlines()[-2:] == ["Left out, without photos: cedar.", told]
    assert data.to_dict()["remarks"] == [told]


def test_a_photo_that_is_named_twice_with_one_label_is_taken_once_and_told(photos: Path) -> None:
    data = from_csv(write(photos, "path,label", *rows_of(), "./a1.jpg,ash", "a1,ash"))
    assert data.samples.paths == tuple(NAMES)
    assert data.remarks == ("Named more than once in labels.csv, taken once: a1.jpg.",)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "a1.jpg,birch,train,1",
            "labels.csv names a1.jpg twice, as ash and as birch: line 2 of {0} and line 4 of {0}",
        ),
        ("a1.jpg,,train,1", "twice, as ash and as unlabelled"),
        ("a1.jpg,ash,test,1", "twice, in train and in test"),
        ("a1.jpg,ash,,1", "twice, in train and in no split"),
        ("a1.jpg,ash,train,2", "twice, in two groups"),
    ],
)
def test_a_photo_of_which_two_things_are_said_is_refused(photos: Path, row: str, message: str) -> None:
    table = write(photos, "path,label,split,group", "a1.jpg,ash,train,1", "b1.jpg,birch,train,1", row)
    with pytest.raises(DataError) as caught:
        from_csv(table)
    assert message.format(table) in caught.value.message
    assert caught.value.fix == "Leave the one that is right."


def test_a_root_without_the_photos_is_named_with_what_was_looked_for(photos: Path, plant: Plant) -> None:
    wrong = plant("x.jpg", folder="wrong")
    table = write(photos, "path,label", *rows_of())
    with pytest.raises(DataError) as caught:
        from_csv(table, root=wrong)
    assert caught.value.message == (
        f"8 of the 8 photos that labels.csv names are not in {wrong}: looked for a0.jpg"
    )
    assert caught.value.fix == "Give the folder that the names start from as root, or mend the names."


def test_a_root_beside_the_right_one_is_put_right(photos: Path) -> None:
    table = write(photos, "path,label", *rows_of())
    for wrong, right in ((photos.parent, photos), (photos / "deeper", photos)):
        wrong.mkdir(exist_ok=True)
        with pytest.raises(DataError) as caught:
            from_csv(table, root=wrong)
        assert caught.value.fix == f"Did you mean root='{right}'?"


def test_half_of_the_photos_may_be_missing_and_no_more(photos: Path) -> None:
    few = ["a1.jpg,ash", "b1.jpg,birch", "c1,ash", "c2,ash"]
    assert len(from_csv(write(photos, "path,label", *few))) == 2
    with pytest.raises(DataError, match=r"3 of the 5 photos .* looked for c1, with any suffix of a photo"):
        from_csv(write(photos, "path,label", *few, "c3,ash"))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["path,label"], "labels.csv names no photos"),
        (["path,label", "a0.jpg,ash", "a1.jpg,ash"], "labels.csv has one class only: ash"),
        (["path,label", "a0.jpg,", "a1.jpg,"], "labels.csv has no labels"),
        (["path,label", "a0.jpg,ash", ",birch"], "line 3 of {} has no path"),
        (["path,label", "a0.jpg,0.3", "a1.jpg,0.5"], "the labels of labels.csv are numbers to be estimated"),
        (
            ["path,label", "a0.jpg,ash;birch", "b0.jpg,ash"],
            "labels of labels.csv name several classes at once",
        ),
        (["path,label,split", "a0.jpg,ash,first"], "line 2 of {} has the unknown split 'first'"),
        (
            ["path,label,split", "a0.jpg,ash,train", "a1.jpg,ash,valid", "b0.jpg,birch,valid"],
            "labels.csv: valid has photos of classes that train lacks: birch (1)",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(photos: Path, lines: list[str], message: str) -> None:
    table = write(photos, *lines)
    with pytest.raises(DataError) as caught:
        from_csv(table)
    assert message.format(table) in caught.value.message
    assert caught.value.fix


def test_a_root_that_is_not_there_is_refused(photos: Path) -> None:
    table = write(photos, "path,label", *rows_of())
    with pytest.raises(DataError, match="there is no folder"):
        from_csv(table, root=photos / "gone")
    with pytest.raises(OptionError, match="root is 3; it must be text or a Path"):
        from_csv(table, root=3)  # type: ignore[arg-type]


def test_several_columns_of_truths_for_labels_are_refused(photos: Path) -> None:
    table = write(photos, "image,MEL,NV", "a0.jpg,1,0", "b0.jpg,0,1")
    with pytest.raises(OptionError, match=r"label_column is \['MEL', 'NV'\]; a photo has one label"):
        from_csv(table, label_column=["MEL", "NV"])  # type: ignore[arg-type]


def test_a_file_whose_first_line_is_no_header_is_refused(photos: Path) -> None:
    with pytest.raises(OptionError, match="is called as a path_column usually is; it has: a0, ash") as caught:
        from_csv(write(photos, "a0,ash", "b0,birch"))
    assert caught.value.fix.endswith("The first line of the file must name its columns.")
    with pytest.raises(DataError, match=r"has no header: its first line names a photo \(a0\.jpg\)"):
        from_csv(write(photos, *rows_of()))


def test_the_manifest_of_a_run_is_such_a_table(plant: Plant, tmp_path: Path) -> None:
    root = plant(*(f"{name}/{k} ü.jpg" for name in ("été", "09.x_y", "b, c") for k in range(5)))
    data = ImageFolder(root).grouped(lambda file: int(file.stem[0]) % 4).split(valid=0.4, seed=3)
    write_manifest(data, tmp_path / "split.csv")
    again = from_csv(tmp_path / "split.csv", root=root)
    assert again.fingerprint() == data.fingerprint()
    assert again.samples.groups.tolist() == data.samples.groups.tolist()


def test_a_table_in_tabs_with_windows_paths_is_read(plant: Plant) -> None:
    root = plant("cat/1.jpg", "dog/1.jpg")
    table = root / "labels.tsv"
    table.write_bytes(b"\xef\xbb\xbfFile\tClass\r\ncat\\1.jpg\tcat\r\n.\\dog\\1.JPG\tdog\r\n")
    assert from_csv(table).samples.paths == ("cat/1.jpg", "dog/1.jpg")


@pytest.mark.parametrize(
    ("front", "separator"),
    [("C:\\Users\\Ann\\", "\\"), ("/home/ann/", "/"), ("https://example.org/photos/", "/"), ("old/", "/")],
)
def test_what_names_start_with_on_another_computer_is_named(plant: Plant, front: str, separator: str) -> None:
    root = plant("img/1.jpg", "img/2.jpg")
    rows = [f"{front}img{separator}{number}.jpg,{number}" for number in (1, 2)]
    with pytest.raises(DataError, match=r"2 of the 2 photos that labels\.csv names are not ") as caught:
        from_csv(write(root, "path,label", *rows))
    assert caught.value.fix == f"Take {front} off the front of the names: the rest of this one is there."


def test_a_quotation_mark_that_is_not_closed_is_named(photos: Path) -> None:
    rows = rows_of()
    with pytest.raises(DataError, match="1 of the 1 photos") as caught:
        from_csv(write(photos, "path,label", f'"{rows[0]}', *rows[1:]))
    assert "\n" not in caught.value.message
    assert caught.value.fix == "A quotation mark that opens a name is not closed: double it, or take it out."


def test_folders_beside_the_table_that_may_not_be_read_are_passed_over(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = plant("secret/1.jpg", "images/1.jpg", "images/2.jpg")
    genuine = os.scandir

    def refuse(path: str | Path) -> object:
        if Path(path).name == "secret":
            raise PermissionError(13, "Permission denied", str(path))
        return genuine(path)

    monkeypatch.setattr(os, "scandir", refuse)
    data = from_csv(write(root, "id,label", "1,cat", "2,dog"))
    assert data.root == root / "images"
    with pytest.raises(DataError, match=r"2 of the 2 photos that labels\.csv names are not in"):
        from_csv(write(root, "id,label", "8,cat", "9,dog"))


def test_columns_of_one_name_are_to_be_renamed(photos: Path) -> None:
    with pytest.raises(OptionError, match=r"several columns of labels\.csv are called label") as caught:
        from_csv(write(photos, "path,label,label", *(f"{row},x" for row in rows_of())))
    assert caught.value.fix.startswith("Rename all but one of them.")
