import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kclass.photos.thumbnails import thumbnail, thumbnails


def opened(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text)))


def photo(path: Path, width: int, height: int) -> Path:
    slope = np.linspace(0, 255, width).astype(np.uint8)[None, :, None]
    Image.fromarray(np.broadcast_to(slope, (height, width, 3)).copy()).save(path)
    return path


@pytest.mark.parametrize(("width", "height", "size"), [(640, 320, (160, 80)), (300, 900, (53, 160))])
def test_a_thumbnail_shows_the_whole_photo_in_shape(
    tmp_path: Path, width: int, height: int, size: tuple[int, int]
) -> None:
    small = opened(thumbnail(photo(tmp_path / "one.png", width, height)))
    assert (small.format, small.size) == ("JPEG", size)
    pixels = np.asarray(small)
    assert pixels[:, :3].max() < 30 and pixels[:, -3:].min() > 225


def test_the_longer_side_can_be_chosen(tmp_path: Path) -> None:
    assert opened(thumbnail(photo(tmp_path / "one.png", 640, 320), side=64)).size == (64, 32)


def test_a_small_photo_is_not_enlarged(tmp_path: Path) -> None:
    assert opened(thumbnail(photo(tmp_path / "one.png", 20, 10))).size == (20, 10)


def test_what_cannot_be_read_has_no_thumbnail_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    told: list[tuple[str, int, int]] = []

    def progress(stage: str, done: int, total: int, note: str = "") -> None:
        told.append((stage, done, total))

    made = thumbnails(
        [photo(tmp_path / "one.png", 8, 8), tmp_path / "broken.jpg", tmp_path / "gone.jpg"], progress=progress
    )
    assert [bool(each) for each in made] == [True, False, False]
    assert told == [("thumbnails", done, 3) for done in range(4)]
