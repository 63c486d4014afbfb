import os
from pathlib import Path

import pytest
from planting import Plant

from kclass.dataset.scanning import scan
from kclass.errors import DataError


def test_photos_on_all_levels_are_found_in_the_order_of_their_code_points(plant: Plant) -> None:
    root = plant("b/2.jpg", "b/10.jpg", "a/deep/er/x.png", "Z/1.jpg", "a b/1.jpg", "été/1.jpg", "loose.jpg")
    assert scan(root).photos == (
        "Z/1.jpg",
        "a b/1.jpg",
        "a/deep/er/x.png",
        "b/10.jpg",
        "b/2.jpg",
        "loose.jpg",
        "été/1.jpg",
    )


def test_folders_of_the_two_levels_that_can_be_classes_are_named(plant: Plant) -> None:
    root = plant("train/cat/deep/1.jpg")
    (root / "train" / "empty").mkdir()
    assert scan(root).folders == ("train", "train/cat", "train/empty")


def test_suffixes_count_in_capitals_and_other_files_do_not_count(plant: Plant) -> None:
    root = plant("a/1.JPG", "a/2.Jpeg", "a/3.PnG", "a/notes.txt", "a/jpg", "a/Thumbs.db", "a/labels.csv")
    assert scan(root).photos == ("a/1.JPG", "a/2.Jpeg", "a/3.PnG")


def test_hidden_things_and_shadows_of_photos_are_passed_over(plant: Plant) -> None:
    root = plant(
        "a/1.jpg",
        "a/._1.jpg",
        "a/.DS_Store",
        ".hidden/1.jpg",
        "__MACOSX/a/1.jpg",
        "a/@eaDir/1.jpg",
        "lost+found/1.jpg",
        "$RECYCLE.BIN/1.jpg",
        "System Volume Information/1.jpg",
        "a/.ipynb_checkpoints/1.jpg",
    )
    tree = scan(root)
    assert tree.photos == ("a/1.jpg",)
    assert tree.folders == ("a",)


def test_a_link_to_a_folder_elsewhere_is_followed(plant: Plant) -> None:
    root = plant("a/1.jpg")
    elsewhere = plant("2.jpg", folder="elsewhere")
    (root / "b").symlink_to(elsewhere, target_is_directory=True)
    assert scan(root).photos == ("a/1.jpg", "b/2.jpg")


def test_two_class_folders_may_be_links_to_the_same_photos(plant: Plant) -> None:
    root = plant("a/1.jpg")
    (root / "b").symlink_to(root / "a", target_is_directory=True)
    assert scan(root).photos == ("a/1.jpg", "b/1.jpg")


@pytest.mark.parametrize("target", [".", "a", "a/deep"])
def test_links_that_lead_back_end(plant: Plant, target: str) -> None:
    root = plant("a/deep/1.jpg", "b/2.jpg")
    (root / "a" / "deep" / "back").symlink_to(root / target, target_is_directory=True)
    assert scan(root).photos[0] == "a/deep/1.jpg"
    assert len(scan(root).photos) <= 3


def test_folders_that_are_linked_crosswise_end(plant: Plant) -> None:
    names = [f"class/x/f{number}" for number in range(12)]
    root = plant(*(f"{name}/1.jpg" for name in names))
    for name in names:
        for other in names:
            (root / name / f"to-{Path(other).name}").symlink_to(root / other, target_is_directory=True)
    assert len(scan(root).photos) == 12


def test_a_link_to_itself_is_no_photo_and_no_folder_and_does_no_harm(plant: Plant) -> None:
    root = plant("a/1.jpg")
    (root / "a" / "self").symlink_to(root / "a" / "self")
    assert scan(root).photos == ("a/1.jpg",)


def test_a_broken_link_is_kept_so_that_the_decoder_can_name_it(plant: Plant) -> None:
    root = plant("a/1.jpg")
    (root / "a" / "2.jpg").symlink_to(root / "gone.jpg")
    assert scan(root).photos == ("a/1.jpg", "a/2.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_a_photo(plant: Plant) -> None:
    root = plant("a/1.jpg")
    os.mkfifo(root / "a" / "2.jpg")
    assert scan(root).photos == ("a/1.jpg",)


def test_a_folder_that_may_not_be_read_is_named(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    root = plant("a/1.jpg")

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"cannot read the folder .*photos: Permission denied") as caught:
        scan(root)
    assert "Make it readable" in caught.value.fix
