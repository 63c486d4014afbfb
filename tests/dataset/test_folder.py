import time
from pathlib import Path

import pytest
from planting import Plant

from kclass.dataset.folder import ImageFolder
from kclass.dataset.manifest import write_manifest
from kclass.errors import DataError, OptionError


def rows(data: ImageFolder) -> list[tuple[str, int, int]]:
    samples = data.samples
    return list(zip(samples.paths, samples.labels.tolist(), samples.splits.tolist(), strict=True))


def test_class_folders_label_their_photos(plant: Plant) -> None:
    data = ImageFolder(plant("dog/1.jpg", "cat/1.jpg", "cat/2.jpg"))
    assert data.classes == ("cat", "dog")
    assert rows(data) == [("cat/1.jpg", 0, -1), ("cat/2.jpg", 0, -1), ("dog/1.jpg", 1, -1)]
    assert data.name == "photos"
    assert not data.is_split


def test_a_path_may_be_a_string_or_relative(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    root = plant("cat/1.jpg", "dog/1.jpg")
    monkeypatch.chdir(root)
    here = ImageFolder(".")
    monkeypatch.chdir("/")
    assert here.samples.path(0).read_bytes() == b"cat/1.jpg"
    assert here.name == "photos"
    assert ImageFolder(str(root)).samples.path(0) == root / "cat/1.jpg"


def test_photos_deeper_inside_a_class_folder_are_of_that_class(plant: Plant) -> None:
    data = ImageFolder(plant("cat/kitten/grey/1.jpg", "cat/2.jpg", "dog/1.jpg"))
    assert data.samples.counts() == {"cat": 2, "dog": 1}


@pytest.mark.parametrize(
    ("train", "valid", "test"),
    [("train", "valid", "test"), ("Training", "val", "TESTING"), ("TRAIN", "Validation", "test")],
)
def test_split_folders_are_known_by_their_usual_names(
    plant: Plant, train: str, valid: str, test: str
) -> None:
    data = ImageFolder(
        plant(*(f"{split}/{name}/{split}.jpg" for split in (train, valid, test) for name in ("cat", "dog")))
    )
    assert data.classes == ("cat", "dog")
    assert data.train.paths == (f"{train}/cat/{train}.jpg", f"{train}/dog/{train}.jpg")
    assert data.valid.paths == (f"{valid}/cat/{valid}.jpg", f"{valid}/dog/{valid}.jpg")
    assert data.test.paths == (f"{test}/cat/{test}.jpg", f"{test}/dog/{test}.jpg")


def test_a_class_called_test_stays_a_class(plant: Plant) -> None:
    assert ImageFolder(plant("test/1.jpg", "cat/1.jpg")).classes == ("cat", "test")


def test_a_class_called_train_beside_others_stays_a_class(plant: Plant) -> None:
    assert ImageFolder(plant("train/steam/1.jpg", "train/2.jpg", "ship/1.jpg")).classes == ("ship", "train")


@pytest.mark.parametrize("others", [(), ("test/1.jpg",), ("Valid/a/1.jpg", "test/1.jpg")])
def test_split_folders_without_classes_to_train_on_are_refused(plant: Plant, others: tuple[str, ...]) -> None:
    root = plant("train/1.jpg", "train/2.jpg", *others)
    with pytest.raises(DataError) as caught:
        ImageFolder(root)
    folders = ", ".join(sorted({name.split("/")[0] for name in ("train/", *others)}))
    assert caught.value.message == (
        f"{root} has split folders ({folders}), but in them no class folders to train on"
    )
    assert caught.value.fix == (
        "Sort the photos into class folders such as train/cat and train/dog, or give a CSV file that names "
        "their classes."
    )


def test_folders_without_photos_beside_split_folders_do_no_harm(plant: Plant) -> None:
    data = ImageFolder(plant("train/a/1.jpg", "train/b/1.jpg", "valid/a/2.jpg", "annotations/1.xml"))
    assert data.classes == ("a", "b")
    assert data.is_split


def test_photos_directly_in_the_test_folder_are_unlabelled(plant: Plant) -> None:
    data = ImageFolder(plant("train/a/1.jpg", "train/b/1.jpg", "validation/a/2.jpg", "test/9.jpg"))
    assert data.test.paths == ("test/9.jpg",)
    assert data.test.labels.tolist() == [-1]
    assert data.unlabelled.paths == ("test/9.jpg",)
    assert data.loose_photos == ()


def test_photos_beside_class_folders_are_left_out_and_named(plant: Plant) -> None:
    data = ImageFolder(plant("cover.jpg", "cat/1.jpg", "dog/1.jpg"))
    assert data.loose_photos == ("cover.jpg",)
    assert len(data) == 2
    assert "Left out, outside class folders: cover.jpg." in repr(data)


def test_photos_beside_class_folders_in_split_folders_are_left_out_and_named(plant: Plant) -> None:
    data = ImageFolder(
        plant("x.jpg", "train/a/1.jpg", "train/b/1.jpg", "train/y.jpg", "test/a/1.jpg", "test/z.jpg")
    )
    assert data.loose_photos == ("test/z.jpg", "train/y.jpg", "x.jpg")


def test_a_class_folder_without_photos_is_left_out_and_named(plant: Plant) -> None:
    root = plant("cat/1.jpg", "dog/1.jpg", "bird/notes.txt")
    data = ImageFolder(root)
    assert data.classes == ("cat", "dog")
    assert data.empty_classes == ("bird",)
    assert "Left out, without photos: bird." in repr(data)


def test_an_empty_class_folder_in_the_training_folder_is_named(plant: Plant) -> None:
    root = plant("train/cat/1.jpg", "train/dog/1.jpg")
    (root / "train" / "bird").mkdir()
    assert ImageFolder(root).empty_classes == ("bird",)


def test_hidden_files_and_folders_are_no_photos_and_no_classes(plant: Plant) -> None:
    data = ImageFolder(plant("cat/1.jpg", "dog/1.jpg", "cat/._1.jpg", ".git/1.jpg", "cat/.trash/2.jpg"))
    assert data.classes == ("cat", "dog")
    assert data.samples.paths == ("cat/1.jpg", "dog/1.jpg")


@pytest.mark.parametrize("name", ["Thumbs.db", ".DS_Store", "desktop.ini", "labels.csv"])
def test_files_that_systems_and_people_leave_beside_photos_are_no_photos(plant: Plant, name: str) -> None:
    data = ImageFolder(plant("cat/1.jpg", "dog/1.jpg", name, f"cat/{name}"))
    assert data.samples.paths == ("cat/1.jpg", "dog/1.jpg")
    assert (data.loose_photos, data.empty_classes) == ((), ())


def test_suffixes_in_capitals_are_photos(plant: Plant) -> None:
    data = ImageFolder(plant("cat/1.JPG", "cat/2.Jpeg", "dog/3.PNG", "dog/4.HEIC"))
    assert data.samples.counts() == {"cat": 2, "dog": 2}


def test_links_in_a_circle_end_and_each_photo_comes_once(plant: Plant) -> None:
    root = plant("cat/deep/1.jpg", "dog/1.jpg")
    (root / "cat" / "deep" / "back").symlink_to(root / "cat", target_is_directory=True)
    (root / "dog" / "self").symlink_to(root / "dog" / "self")
    data = ImageFolder(root)
    assert data.samples.paths == ("cat/deep/1.jpg", "dog/1.jpg")


def test_a_numbered_class_is_shown_as_people_read_it_and_written_as_its_folder(
    plant: Plant, tmp_path: Path
) -> None:
    data = ImageFolder(plant("09.Golden_Gate_Bridge/1.jpg", "10.Edinburgh_Castle/1.jpg"))
    assert data.classes == ("09.Golden_Gate_Bridge", "10.Edinburgh_Castle")
    shown = repr(data).splitlines()
    assert [line.split("  ")[0] for line in shown[2:4]] == ["Golden Gate Bridge", "Edinburgh Castle"]
    assert "Golden Gate Bridge" in data._repr_html_()
    write_manifest(data, tmp_path / "split.csv")
    assert ",09.Golden_Gate_Bridge," in (tmp_path / "split.csv").read_text()


def test_names_with_spaces_and_accents_are_kept(plant: Plant) -> None:
    data = ImageFolder(plant("Château d'If/été 1.jpg", "富士 山/一.jpg"))
    assert data.classes == ("Château d'If", "富士 山")
    assert data.samples.path(1).read_bytes().decode() == "富士 山/一.jpg"


def test_a_name_that_systems_write_in_two_ways_is_one_class(plant: Plant) -> None:
    composed, decomposed = "Caf\u00e9", "Cafe\u0301"
    data = ImageFolder(plant(f"train/{composed}/1.jpg", "train/bar/1.jpg", f"valid/{decomposed}/2.jpg"))
    assert data.classes == (composed, "bar")
    assert data.valid.labels.tolist() == [0]
    assert data.samples.path(2).exists()


def test_scanning_four_thousand_photos_takes_less_than_a_second(tmp_path: Path) -> None:
    for name in range(40):
        folder = tmp_path / f"class{name}"
        folder.mkdir()
        for number in range(100):
            (folder / f"{number}.jpg").touch()
    began = time.perf_counter()
    data = ImageFolder(tmp_path)
    assert len(data) == 4_000
    assert time.perf_counter() - began < 1


def assert_refused(path: Path, message: str, fix: str) -> None:
    with pytest.raises(DataError) as caught:
        ImageFolder(path)
    assert message in caught.value.message
    assert fix in caught.value.fix


def test_a_folder_that_is_not_there_is_refused_with_its_nearest_neighbour(plant: Plant) -> None:
    root = plant("cat/1.jpg")
    assert_refused(root.with_name("photo"), "there is no folder", f"Did you mean {root}?")
    assert_refused(root.with_name("zzz"), "there is no folder", "Check the spelling")
    assert_refused(root / "a" / "b", "there is no folder", "Check the spelling")


@pytest.mark.parametrize("name", ["a" * 300, "~nobody-of-this-name", "null\0"])
def test_a_name_that_no_folder_can_have_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_refused(Path(name), f"there is no folder {name}", "Check the spelling")
    assert_refused(Path(name) / "below", "there is no folder", "Check the spelling")


@pytest.mark.parametrize("path", [None, 7, b"photos"])
def test_what_is_no_path_is_refused_in_plain_words(path: object) -> None:
    with pytest.raises(OptionError) as caught:
        ImageFolder(path)  # type: ignore[arg-type]
    assert caught.value.message == f"path is {path!r}; it must be text or a Path"
    assert caught.value.fix == "Give the folder that holds the class folders."


def test_a_file_is_refused(plant: Plant) -> None:
    assert_refused(plant("a.zip") / "a.zip", "a.zip is a file, not a folder", "unpack an archive")


def test_a_folder_without_photos_is_refused(plant: Plant) -> None:
    assert_refused(plant(), "there are no photos in", "a folder for each class")
    assert_refused(plant("cat/notes.txt"), "there are no photos in", "a folder for each class")


def test_loose_photos_alone_are_refused(plant: Plant) -> None:
    root = plant("1.jpg", "2.jpg")
    assert_refused(root, "the 2 photos in", f"such as {root / 'cat'}")


def test_a_single_class_is_refused(plant: Plant) -> None:
    assert_refused(plant("cat/1.jpg", "dog/x.txt"), "has one class only: cat", "two classes")


def test_a_class_that_training_lacks_is_refused_by_name(plant: Plant) -> None:
    root = plant("train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg", "val/lion/1.jpg", "val/lion/2.jpg")
    assert_refused(root, "val has photos of classes that train lacks: lion (2)", "out of val")


def test_two_folders_for_one_split_are_refused(plant: Plant) -> None:
    root = plant("train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg", "valid/a/1.jpg")
    assert_refused(root, "several folders for the valid split: val, valid", "Keep one")


def test_class_folders_beside_split_folders_are_refused(plant: Plant) -> None:
    root = plant("train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "masks/1.png")
    assert_refused(root, "split folders (train, test) and others beside them: masks", "Move masks out")
