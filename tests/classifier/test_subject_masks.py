from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kclass.classifier.subject_masks import find_masks, read_mask, square_masks
from kclass.errors import DataError, PhotoError


def write(path: Path, pixels: object = ((255, 0),)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array(pixels, np.uint8)).save(path)
    return path


def test_the_longest_end_of_the_path_that_is_there_names_the_mask(tmp_path: Path) -> None:
    photos = [tmp_path / "photos" / name for name in ("a/x.jpg", "b/x.jpg", "b/y.jpeg", "b/z.jpg")]
    masks = tmp_path / "masks"
    by_folder, other, alone = (write(masks / name) for name in ("a/x.png", "x.png", "y.png"))
    assert find_masks(photos, masks) == {photos[0]: by_folder, photos[1]: other, photos[2]: alone}


def test_relative_photos_have_masks_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mask = write(tmp_path / "masks" / "a" / "x.png")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert find_masks([Path("x.jpg")], tmp_path / "masks") == {Path("x.jpg"): mask}


def test_a_mask_belongs_to_one_photo(tmp_path: Path) -> None:
    write(tmp_path / "masks" / "x.png")
    with pytest.raises(DataError, match=r"x\.png would be the mask of both .*a.x\.jpg and .*b.x\.jpg"):
        find_masks([Path("/a/x.jpg"), Path("/b/x.jpg")], tmp_path / "masks")


def test_no_folder_and_no_mask_at_all_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no folder .*nowhere with masks"):
        find_masks([Path("x.jpg")], tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"no photo has a mask in .*: x\.png is not there"):
        find_masks([Path("x.jpg"), Path("y.jpg")], tmp_path)


def test_white_is_the_subject_from_the_middle_grey_on(tmp_path: Path) -> None:
    path = write(tmp_path / "x.png", [[0, 127, 128, 255]])
    assert read_mask(path, shape=(1, 4)).tolist() == [[False, False, True, True]]
    colours = write(tmp_path / "rgb.png", [[[255, 255, 255], [0, 0, 0]]])
    assert read_mask(colours, shape=(1, 2)).tolist() == [[True, False]]


def test_a_mask_is_as_large_as_its_photo(tmp_path: Path) -> None:
    path = write(tmp_path / "x.png", [[0, 255]])
    with pytest.raises(DataError, match=r"x\.png has 2 x 1 pixels, and its photo 1 x 2"):
        read_mask(path, shape=(2, 1))


def test_a_broken_mask_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(b"no picture")
    with pytest.raises(PhotoError, match=r"x\.png"):
        read_mask(path, shape=(1, 1))


def test_masks_become_the_networks_square_and_empty_ones_are_none(tmp_path: Path) -> None:
    white = write(tmp_path / "white.png", [[255, 255, 0, 0]] * 2)
    black = write(tmp_path / "black.png", [[0, 0, 0, 0]] * 2)
    photos = {Path("a.jpg"): white, Path("b.jpg"): black}
    shapes = {Path("a.jpg"): (2, 4), Path("b.jpg"): (2, 4), Path("c.jpg"): (2, 4)}
    found = square_masks(photos, shapes, size=2, how="squash")
    assert list(found) == [Path("a.jpg")]
    assert found[Path("a.jpg")].tolist() == [[True, False]] * 2
    # The crop of the middle, columns 1 and 2, holds one of them.
    assert square_masks(photos, shapes, size=2, how="crop")[Path("a.jpg")].tolist() == [[True, False]] * 2
