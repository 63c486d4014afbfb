import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packing import Contents, pack
from planting import Plant

from kclass.dataset.csv_source import from_csv
from kclass.dataset.folder import ImageFolder
from kclass.dataset.lists import from_lists
from kclass.dataset.opening import open_data
from kclass.errors import DataError, OptionError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))


TABLE = "path,label,kind_of,patient\n" + "".join(
    f"{letter}{number}.jpg,{letter},{number % 2},{number}\n" for letter in "ab" for number in range(4)
)
NAMES = [f"{letter}{number}.jpg" for letter in "ab" for number in range(4)]


@pytest.fixture
def loose(plant: Plant) -> Path:
    """Photos that lie loose, with a table beside them."""
    root = plant(*NAMES)
    (root / "labels.csv").write_text(TABLE)
    return root


@pytest.fixture
def folders(plant: Plant) -> Path:
    return plant(*(f"{letter}/p{number}.jpg" for letter in "ab" for number in range(4)), folder="folders")


def test_class_folders_are_an_image_folder(folders: Path) -> None:
    data = open_data(folders)
    assert isinstance(data, ImageFolder)
    assert data.classes == ("a", "b")
    assert open_data(str(folders)).fingerprint() == data.fingerprint()


def test_a_table_beside_class_folders_is_passed_over(folders: Path) -> None:
    (folders / "labels.csv").write_text("path,label\na/p0.jpg,x\nb/p0.jpg,y\n")
    assert open_data(folders).classes == ("a", "b")


def test_a_table_beside_split_folders_is_passed_over(plant: Plant) -> None:
    root = plant("train/a/1.jpg", "train/b/1.jpg")
    (root / "labels.csv").write_text("path,label\ntrain/a/1.jpg,x\ntrain/b/1.jpg,y\n")
    assert open_data(root).classes == ("a", "b")


def test_the_answers_to_test_photos_beside_split_folders_are_passed_over(plant: Plant) -> None:
    # As `kclass sample` writes them.
    root = plant("train/a/1.jpg", "train/b/1.jpg", "validation/a/2.jpg", "validation/b/2.jpg", "test/3.jpg")
    (root / "test-labels.csv").write_text("file,label\n3.jpg,a\n")
    data = open_data(root)
    assert (len(data.train), len(data.valid), len(data.test)) == (2, 2, 1)


def test_a_table_about_one_of_several_class_folders_is_passed_over(plant: Plant) -> None:
    root = plant(*(f"{name}/{number}.jpg" for name in ("cats", "dogs", "unknown") for number in range(2)))
    (root / "labels.csv").write_text("file,label\nunknown/0.jpg,fox\nunknown/1.jpg,owl\n")
    assert open_data(root).classes == ("cats", "dogs", "unknown")


@pytest.mark.parametrize(
    ("train", "test"),
    [("train", "test"), ("Train", "validation"), ("train_images", "test_images"), ("images", "masks")],
)
@pytest.mark.parametrize("named", ["", "{}/"])
def test_a_table_labels_the_photos_of_one_folder_beside_others_without_labels(
    plant: Plant, train: str, test: str, named: str
) -> None:
    root = plant(*(f"{train}/{number}.jpg" for number in range(4)), f"{test}/8.jpg", f"{test}/9.jpg")
    start = named.format(train)
    rows = [f"{start}{number},{breed}" for number, breed in enumerate(("pug", "pug", "borzoi", "borzoi"))]
    (root / "labels.csv").write_text("\n".join(["id,breed", *rows]))
    (root / "sample_submission.csv").write_text("id,borzoi,pug\n8,.5,.5\n")
    data = open_data(root)
    assert data.classes == ("borzoi", "pug")
    assert [path.name for path in data.samples.files] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]


def test_split_folders_with_photos_and_no_table_are_no_classes(plant: Plant) -> None:
    with pytest.raises(DataError, match="no class folders to train on"):
        open_data(plant("train/1.jpg", "test/2.jpg"))


@pytest.mark.parametrize("by", ["folder", "file"])
def test_a_table_beside_loose_photos_labels_them(loose: Path, by: str) -> None:
    data = open_data(loose if by == "folder" else loose / "labels.csv")
    assert data.samples.paths == tuple(NAMES)
    assert data.classes == ("a", "b")
    assert (data.root, data.name) == (loose, "photos")
    assert data.samples.groups.tolist() == [0, 1, 2, 3] * 2  # the column `patient`


def test_a_table_beside_a_folder_of_photos_labels_them(plant: Plant) -> None:
    root = plant(*(f"images/{name}" for name in NAMES))
    (root / "labels.tsv").write_text(TABLE.replace(",", "\t"))
    data = open_data(root)
    assert data.samples.paths == tuple(NAMES)
    assert (data.root, data.name) == (root / "images", "photos")


def test_of_several_tables_the_one_with_usual_columns_is_taken(loose: Path) -> None:
    (loose / "cameras.csv").write_text("camera,lens\nx,y\n")
    (loose / ".hidden.csv").write_text(TABLE)
    assert open_data(loose).classes == ("a", "b")


def test_columns_may_be_told(loose: Path) -> None:
    table = loose / "labels.csv"
    table.write_text("foto;art;teil\na0.jpg;Esche;train\na1.jpg;Birke;train\na2.jpg;Birke;val\n")
    told = {"path_column": "foto", "label_column": "art", "split_column": "teil"}
    for place in (loose, table):
        data = open_data(place, **told)  # type: ignore[arg-type]
        assert data.classes == ("Birke", "Esche")
        assert data.valid.paths == ("a2.jpg",)


def test_a_table_whose_columns_cannot_be_told_is_named(loose: Path) -> None:
    (loose / "labels.csv").write_text("foto,art\na0.jpg,Esche\n")
    with pytest.raises(OptionError, match=r"no column of labels\.csv is called as a path_column usually is"):
        open_data(loose)


def test_root_starts_from_the_folder_or_archive_and_from_here_for_a_table(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {f"images/{size}/{name}": b"" for name in NAMES for size in ("small", "large")}
    root = plant(*contents)
    (root / "labels.csv").write_text(TABLE)
    assert open_data(root, root="images/large").root == root / "images" / "large"
    archive = pack(tmp_path / "x.zip", {**contents, "labels.csv": TABLE.encode()})
    assert open_data(archive, root="images/large").root.parts[-2:] == ("images", "large")
    monkeypatch.chdir(root.parent)
    assert open_data("photos/labels.csv", root="photos/images/small").root == root / "images" / "small"


def test_a_regex_labels_photos_by_their_names(loose: Path) -> None:
    data = open_data(loose, label_regex="^[ab]")
    assert data.samples.counts() == {"a": 4, "b": 4}
    assert not data.grouped(r"\d").samples.groups.tolist()[0]
    assert (
        open_data(loose, label_regex="^[ab]", group=r"(\d)\.jpg").samples.groups[:5] == [0, 1, 2, 3, 0]
    ).all()


def test_a_group_is_a_column_of_a_table_or_a_regex(loose: Path, folders: Path) -> None:
    def groups(place: Path, by: str) -> list[int]:
        return open_data(place, group=by).samples.groups.tolist()

    assert groups(loose, "kind_of") == [0, 1, 0, 1] * 2
    assert groups(loose, "^(.)") == [0] * 4 + [1] * 4
    assert groups(folders, "p[0-9]") == [0, 1, 2, 3] * 2


def test_no_group_is_taken_from_a_column_that_is_called_so_if_none_is_wanted(loose: Path) -> None:
    assert (open_data(loose).samples.groups >= 0).all()
    assert (open_data(loose, group="").samples.groups == -1).all()


def test_a_group_that_is_neither_column_nor_regex_is_refused(loose: Path, folders: Path) -> None:
    with pytest.raises(OptionError, match="group is 'patent'; it must be one of") as caught:
        open_data(loose, group="patent")
    assert caught.value.fix == "Did you mean patient?"
    with pytest.raises(DataError, match="8 of 8 photos do not match the group 'patent'"):
        open_data(folders, group="patent")


# Opened again


@pytest.mark.parametrize(
    ("place", "options"),
    [
        ("folders", {}),
        ("folders", {"group": "p[0-9]"}),
        ("photos", {}),
        ("photos/labels.csv", {"group": "kind_of", "root": "photos"}),
        ("photos/labels.csv", {"group": "", "path_column": "path", "label_column": "label"}),
        ("photos", {"label_regex": "^[ab]", "group": r"(\d)\.jpg"}),
        ("photos", {"root": Path()}),  # within the folder, and not where one is
        ("photos.zip", {}),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [str, Path])
def test_a_data_set_can_be_opened_again_by_its_origin_from_any_folder(
    place: str,
    options: dict[str, Any],
    kind: type,
    loose: Path,
    folders: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pack(loose.parent / "photos.zip", {f"{name[0]}/{name}": b"" for name in NAMES})
    assert folders.parent == loose.parent
    monkeypatch.chdir(loose.parent)
    data = open_data(kind(place), **options)
    assert data.origin is not None
    assert Path(data.origin["place"]) == loose.parent / place
    assert set(data.origin) == {"place", *options}
    monkeypatch.chdir(tmp_path.parent)
    again = open_data(**json.loads(json.dumps(dict(data.origin))))
    assert (again.name, again.origin, again.searched) == (data.name, data.origin, data.searched)
    assert again.fingerprint() == data.fingerprint()
    assert again.samples.files == data.samples.files
    assert again.samples.groups.tolist() == data.samples.groups.tolist()


def test_the_origin_of_a_folder_is_the_same_however_it_is_opened(folders: Path) -> None:
    assert ImageFolder(folders).origin == open_data(folders).origin == {"place": str(folders)}


def test_a_data_set_that_was_changed_or_made_in_python_has_no_origin(folders: Path, plant: Plant) -> None:
    data = open_data(folders)
    others = open_data(plant("a/q.jpg", "b/q.jpg", folder="others"))
    changed = [
        data.split(valid=0.25, copies=np.arange(len(data))),
        data.grouped("p[0-9]"),
        data.with_valid(others),
        from_lists([str(file) for file in data.samples.files], ["a", "b"] * 4),
        from_csv(_table(folders)),
    ]
    assert [each.origin for each in changed] == [None] * 5
    assert data.origin is not None


def _table(folder: Path) -> Path:
    rows = [f"{name},{name[0]}" for name in ("a/p0.jpg", "b/p0.jpg")]
    (folder / "table.csv").write_text("\n".join(["path,label", *rows]))
    return folder / "table.csv"


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize("top", ["", "top/"])
def test_an_archive_of_class_folders_is_opened(kind: str, top: str, tmp_path: Path) -> None:
    contents = {f"{top}{letter}/{number}.jpg": b"" for letter in "ab" for number in range(3)}
    data = open_data(pack(tmp_path / f"land.marks.{kind}", contents))
    assert data.name == "land.marks"
    assert data.samples.paths[0] == "a/0.jpg"
    assert data.samples.path(0).read_bytes() == b""
    assert data.samples.counts() == {"a": 3, "b": 3}


def test_an_archive_of_a_table_and_photos_is_opened(tmp_path: Path) -> None:
    contents = {"top/labels.csv": TABLE.encode(), **{f"top/img/{name}": b"" for name in NAMES}}
    data = open_data(pack(tmp_path / "x.zip", contents))
    assert (data.name, data.samples.paths) == ("x", tuple(NAMES))


def test_an_archive_of_named_photos_is_opened(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.tar.xz", dict.fromkeys(NAMES, b""))
    assert open_data(archive, label_regex="^[ab]").classes == ("a", "b")


@pytest.mark.parametrize(
    ("contents", "message", "fix"),
    [
        (
            {"photos.zip": b"PK"},
            "there are no photos in {}",
            "Unpack the archive. Make a folder for each class, such as {0}/cat and {0}/dog.",
        ),
        (
            {"cat/1.jpg": b""},
            "the 1 photos in {} lie loose, without class folders",
            "Unpack the archive. Make a folder for each class, such as {0}/cat and {0}/dog.",
        ),
        (
            {"1.jpg": b"", "a.csv": b"path,label", "b.csv": b"path,label"},
            "there are several tables in {}: a.csv, b.csv",
            "Unpack the archive. Give the one that names the photos, such as {0}/a.csv.",
        ),
        (
            {"1.jpg": b"", "a.csv": b"path,label\n1.jpg,\n"},
            "a.csv has no labels",
            "There must be two classes to tell apart; look whether these are the right labels.",
        ),
    ],
)
def test_errors_name_the_archive_and_not_where_it_is_unpacked(
    contents: Contents, message: str, fix: str, tmp_path: Path
) -> None:
    archive = pack(tmp_path / "x.zip", contents)
    with pytest.raises((DataError, OptionError)) as caught:
        open_data(archive)
    assert caught.value.message == message.format(archive)
    assert caught.value.fix == fix.format(archive)


@pytest.mark.parametrize("name", ["{}/secret.jpg", "../../secret.jpg"])
def test_a_table_in_an_archive_may_not_name_photos_outside_of_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    for folder in (tmp_path, tmp_path / "cache"):
        (folder / "secret.jpg").touch()
    name = name.format(tmp_path)
    table = f"path,label\n{name},a\n1.jpg,b\n"
    archive = pack(tmp_path / "x.zip", {"labels.csv": table.encode(), "1.jpg": b""})
    with pytest.raises(DataError) as caught:
        open_data(archive)
    assert caught.value.message == f"a table in {archive} names photos outside of it: {name}"


@pytest.mark.parametrize(
    ("where", "options", "message"),
    [
        ("folders", {"label_column": "x"}, "label_column has no effect: there is no CSV file in {}"),
        ("folders", {"root": "x"}, "root has no effect: there is no CSV file in {}"),
        ("folders", {"path_column": "x"}, "path_column has no effect: there is no CSV file in {}"),
        ("folders", {"split_column": "x"}, "split_column has no effect: there is no CSV file in {}"),
        (
            "loose",
            {"label_regex": ".", "label_column": "x"},
            "label_column has no effect on photos that are labelled by their names",
        ),
        ("table", {"label_regex": "."}, "label_regex has no effect on a table, which has a column of labels"),
    ],
)
def test_options_without_effect_are_refused(
    loose: Path, plant: Plant, where: str, options: dict[str, Any], message: str
) -> None:
    places = {
        "loose": loose,
        "table": loose / "labels.csv",
        "folders": plant("a/1.jpg", "b/1.jpg", folder="f"),
    }
    with pytest.raises(OptionError) as caught:
        open_data(places[where], **options)
    assert caught.value.message == message.format(places[where])
    assert caught.value.fix == "Leave it out."


def test_several_tables_are_refused_by_name(loose: Path) -> None:
    (loose / "more.csv").write_text(TABLE)
    with pytest.raises(OptionError, match=r"several tables in .*: labels\.csv, more\.csv") as caught:
        open_data(loose)
    assert caught.value.fix == f"Give the one that names the photos, such as {loose / 'labels.csv'}."


def test_loose_photos_without_a_table_are_refused(plant: Plant) -> None:
    with pytest.raises(DataError, match=r"the 2 photos in .* lie loose, without class folders"):
        open_data(plant("1.jpg", "2.jpg"))


def test_a_place_where_nothing_is_is_refused_with_its_nearest_neighbour(loose: Path) -> None:
    with pytest.raises(DataError, match=r"there is no .*lables\.csv") as caught:
        open_data(loose / "lables.csv")
    assert caught.value.fix == f"Did you mean {loose / 'labels.csv'}?"


def test_what_is_no_place_is_refused(loose: Path) -> None:
    with pytest.raises(OptionError, match="place is 7; it must be text or a Path") as caught:
        open_data(7)  # type: ignore[arg-type]
    assert caught.value.fix == "Give a folder, a CSV file or an archive."
    with pytest.raises(DataError, match=r"a0\.jpg is no zip or tar archive"):
        open_data(loose / "a0.jpg")


@pytest.mark.parametrize("name", ["labels.xlsx", "Labels.ODS", "labels.txt"])
def test_tables_of_other_programs_are_refused_as_such(name: str, tmp_path: Path) -> None:
    place = pack(tmp_path / "x.zip", {"xl/workbook.xml": b"<x/>"}).rename(tmp_path / name)
    with pytest.raises(DataError) as caught:
        open_data(place)
    assert caught.value.message == f"{place} is no table that kclass reads"
    assert caught.value.fix == "Save it as CSV in UTF-8; its name must end with .csv."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="pipe is neither a folder nor a file"):
        open_data(tmp_path / "pipe")


def test_a_folder_that_may_not_be_read_is_named(loose: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "listdir", refuse)
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"cannot read the folder .*photos: Permission denied"):
        open_data(loose)
