"""Photos that are made in the test: each seed another picture, with nothing wrong with it."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

SIZE = (160, 120)


def picture(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Soft colours with sharp things in front of them, in sRGB."""
    random = np.random.default_rng(seed)
    soft = Image.fromarray(random.integers(40, 216, (4, 5, 3), np.uint8)).resize(
        size, Image.Resampling.BICUBIC
    )
    draw = ImageDraw.Draw(soft)
    for _ in range(12):
        x, y = random.integers(0, size[0]), random.integers(0, size[1])
        w, h = random.integers(size[0] // 16, size[0] // 4), random.integers(size[1] // 16, size[1] // 4)
        draw.ellipse((x - w, y - h, x + w, y + h), fill=tuple(random.integers(0, 256, 3).tolist()))
    return soft


def save(image: Image.Image, path: Path, **options: Any) -> Path:
    """Write a photo; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **({"quality": 92} if path.suffix == ".jpg" else {}) | options)
    return path


def pets(root: Path, *, each: int = 12, splits: tuple[str, ...] = ("",)) -> Path:
    """A folder of cats and dogs with nothing wrong with it, in split folders if they are named."""
    seed = 0
    for split in splits:
        for name in ("cat", "dog"):
            for place in range(each):
                save(picture(seed), root / split / name / f"{place:02}.jpg")
                seed += 1
    return root
