import os
from pathlib import Path

import pytest
from planting import Plant

from kclass.dataset.file_names import from_root, locate
from kclass.errors import DataError

COMPOSED, DECOMPOSED = "Caf\u00e9", "Cafe\u0301"


def found(root: Path, *names: str) -> list[str | None]:
    return locate(names, root, where=lambda row: f"row {row}")


@pytest.mark.parametrize(
    "name",
    [
        "cat/1.jpg",
        "./cat/1.jpg",
        "cat//1.jpg",
        "cat/./1.jpg",
        "dog/../cat/1.jpg",
        "cat\\1.jpg",
        ".\\cat\\1.jpg",
        " cat/1.jpg ",
        "cat/1",
        "cat/1.JPG",
        "cat/1.Jpg",
        "cat\\1",
    ],
)
def test_a_photo_is_found_by_any_spelling_of_its_name(plant: Plant, name: str) -> None:
    root = plant("cat/1.jpg", "dog/1.jpg")
    assert found(root, name) == ["cat/1.jpg"]


@pytest.mark.parametrize(
    "name", ["cat/2.jpg", "eel/1.jpg", "1.jpg", "cat", "cat/", ".", "..", "cat/1.png", "a" * 300]
)
@pytest.mark.parametrize("prefix", ["", "null\0/"])
def test_a_photo_that_is_not_there_is_not_found(plant: Plant, name: str, prefix: str) -> None:
    assert found(plant("cat/1.jpg", "cat/3.txt"), prefix + name) == [None]


def test_absolute_names_below_the_root_become_relative(plant: Plant, tmp_path: Path) -> None:
    root = plant("cat/1.jpg")
    (tmp_path / "link").symlink_to(root, target_is_directory=True)
    assert found(root, f"{root}/cat/1.jpg") == ["cat/1.jpg"]
    assert found(tmp_path / "link", f"{root}/cat/1.jpg") == ["cat/1.jpg"]
    assert found(root, f"{root}//cat/../cat/1") == ["cat/1.jpg"]


def test_absolute_names_elsewhere_stay_absolute(plant: Plant) -> None:
    root, elsewhere = plant("cat/1.jpg"), plant("1.jpg", folder="photos-too")
    assert found(root, f"{elsewhere}/1.jpg", f"{elsewhere}/1") == [f"{elsewhere}/1.jpg"] * 2


def test_a_photo_above_the_root_is_found(plant: Plant) -> None:
    root = plant("cat/1.jpg", "1.jpg")
    assert found(root / "cat", "../1.jpg") == ["../1.jpg"]


def test_a_backslash_may_belong_to_a_name(plant: Plant) -> None:
    root = plant("cat\\1.jpg", "cat/1.jpg")
    assert found(root, "cat\\1.jpg") == ["cat\\1.jpg"]


@pytest.mark.parametrize(
    ("there", "wanted"),
    [
        (f"{COMPOSED}/1.jpg", f"{DECOMPOSED}/1.jpg"),
        (f"{DECOMPOSED}/1.jpg", f"{COMPOSED}/1.jpg"),
        (f"deep/{DECOMPOSED}/{COMPOSED}.jpg", f"deep/{COMPOSED}/{DECOMPOSED}.jpg"),
        (f"a/{COMPOSED}.jpg", f"a/{DECOMPOSED}.JPG"),
        (f"a/{DECOMPOSED}.jpg", f"a/{COMPOSED}"),
    ],
)
def test_names_may_differ_in_how_accents_are_composed(plant: Plant, there: str, wanted: str) -> None:
    root = plant(there)
    (path,) = found(root, wanted)
    assert path is not None
    assert (root / path).read_bytes() == there.encode()


def test_names_with_full_stops_need_no_suffix(plant: Plant) -> None:
    assert found(plant("dog.1.jpg", "dog.2.jpg"), "dog.2") == ["dog.2.jpg"]


def test_a_name_that_is_there_goes_before_all_that_are_like_it(plant: Plant) -> None:
    root = plant("1.jpg", "1.JPG", "1.png", "1")
    assert found(root, "1.jpg", "1.JPG", "1.png", "1") == ["1.jpg", "1.JPG", "1.png", "1"]


@pytest.mark.parametrize(("name", "photos"), [("1", "1.jpg, 1.png"), ("2.Jpg", "2.JPG, 2.jpg")])
def test_a_name_that_may_be_several_photos_is_refused(plant: Plant, name: str, photos: str) -> None:
    root = plant("1.jpg", "1.png", "1.txt", "2.jpg", "2.JPG")
    with pytest.raises(DataError) as caught:
        found(root, "1.png", name)
    assert caught.value.message == f"row 1 names {name}, which may be any of several photos: {photos}"
    assert caught.value.fix == "Write its whole name, with the suffix."


def test_a_broken_link_is_found_so_that_the_decoder_can_name_it(plant: Plant) -> None:
    root = plant("1.jpg")
    (root / "2.jpg").symlink_to(root / "gone.jpg")
    (root / "3.jpg").symlink_to(root / "3.jpg")
    assert found(root, "2.jpg", "3") == ["2.jpg", "3.jpg"]


def test_folders_and_links_to_them_are_no_photos(plant: Plant) -> None:
    root = plant("a.jpg/1.jpg", "1.jpg")
    (root / "b.jpg").symlink_to(root / "a.jpg", target_is_directory=True)
    assert found(root, "a.jpg", "b.jpg", "b.jpg/1.jpg") == [None, None, "b.jpg/1.jpg"]


def test_each_folder_is_listed_once_and_no_other(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    root = plant(*(f"{folder}/{k}.jpg" for folder in ("a", "b", "c") for k in range(3)))
    listed: list[str] = []
    genuine = os.scandir

    def noted(path: Path) -> object:
        listed.append(Path(path).name)
        return genuine(path)

    monkeypatch.setattr(os, "scandir", noted)
    assert None not in found(root, "a/0.jpg", "b/1", "a/1.JPG", "b/2.jpg")
    assert sorted(listed) == ["a", "b"]


def test_a_folder_that_may_not_be_listed_is_named(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    root = plant("a/1.jpg")

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"cannot read the folder .*a: Permission denied") as caught:
        found(root, "a/1.jpg")
    assert "Make it readable" in caught.value.fix


def test_nothing_is_found_of_no_names(tmp_path: Path) -> None:
    assert found(tmp_path) == []


def test_paths_start_from_the_root_where_they_lie_below_it(tmp_path: Path) -> None:
    paths = [f"{tmp_path}/a/1.jpg", f"{tmp_path}-too/1.jpg", "b/1.jpg", f"{tmp_path}/./c/../1.jpg"]
    assert from_root(paths, tmp_path) == ["a/1.jpg", f"{tmp_path}-too/1.jpg", "b/1.jpg", "1.jpg"]


def test_folders_in_another_composition_are_listed_once_however_many(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = plant(*(f"{DECOMPOSED}{number}/1.jpg" for number in range(5)))
    listed: list[Path] = []
    genuine = os.scandir

    def noted(path: str | Path) -> object:
        listed.append(Path(path))
        return genuine(path)

    monkeypatch.setattr(os, "scandir", noted)
    names = [f"{COMPOSED}{number}/1.jpg" for number in range(5)]
    assert found(root, *names) == [f"{DECOMPOSED}{number}/1.jpg" for number in range(5)]
    assert listed.count(root) == 1
