"""Many photos out of few: crops of real ones, encoded anew, so that each is decoded like a photo."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

SMALLEST, LARGEST = 0.7, 1.0
QUALITY = 90


def cropped_photos(sources: list[Path], folder: Path, number: int, *, seed: int = 0, side: int = 0) -> Path:
    """A folder of so many JPEG files, made once: what is there already is left.

    Each is a random crop of 70 to 100 % of both sides of a photo, mirrored every other time.

    Args:
        sources: folders of photos, taken in turn.
        folder: is made if it is not there.
        number: how many.
        seed: of the crops.
        side: the longer side that they are brought to; 0 leaves it as it is.
    """
    found = sorted(path for source in sources for path in source.rglob("*.jpg"))
    folder.mkdir(parents=True, exist_ok=True)
    for place in range(number):
        path = folder / f"{place:06d}.jpg"
        if not path.exists():
            path.write_bytes(_crop(found[place % len(found)], np.random.default_rng((seed, place)), side))
    return folder


def _crop(source: Path, rng: np.random.Generator, side: int) -> bytes:
    with Image.open(source) as file:
        photo = file.convert("RGB")
    width, height = (round(each * rng.uniform(SMALLEST, LARGEST)) for each in photo.size)
    left, top = rng.integers(photo.width - width + 1), rng.integers(photo.height - height + 1)
    photo = photo.crop((left, top, left + width, top + height))
    if rng.integers(2):
        photo = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if side:
        photo.thumbnail((side, side))
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
