from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

Plant = Callable[..., Path]


def write_picture(path: Path, *, seed: int, size: tuple[int, int] = (96, 72)) -> None:
    """A photo of its own for each seed: patches of colour, none like another's."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC).save(path)
