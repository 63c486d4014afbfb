"""Textures made of value noise: clouds, grass, asphalt, snow and water."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

Field = NDArray[np.float32]
Colour = NDArray[np.float32]

TILE = 256


def rgb(red: float, green: float, blue: float) -> Colour:
    """A colour, float32 of shape (3,), 0 black to 1 full."""
    return np.array([red, green, blue], np.float32)


def mix(first: ArrayLike, second: ArrayLike, share: ArrayLike) -> Field:
    """`first` where `share` is 0, `second` where it is 1, and in between."""
    low, high, weight = (np.asarray(part, np.float32) for part in (first, second, share))
    return np.asarray(low + (high - low) * weight, np.float32)


def ink(colour: ArrayLike) -> tuple[int, int, int]:
    """A colour of 0 to 1 as the integers 0 to 255 that Pillow draws with."""
    red, green, blue = (int(part) for part in np.clip(np.asarray(colour) * 255, 0, 255))
    return red, green, blue


def smooth_step(values: Field, low: float, high: float) -> Field:
    """0 below `low`, 1 above `high`, and the cubic 3t² - 2t³ between them."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def value_noise(rng: np.random.Generator, *, cells: int = 4, octaves: int = 5) -> Field:
    """A seamless tile of value noise.

    Random numbers on a grid are interpolated; each octave has twice the cells and 0.55 of the height.

    Args:
        rng: where the numbers come from.
        cells: grid cells along a side in the coarsest octave.
        octaves: how many grids are added up.

    Returns:
        float32 of shape (TILE, TILE), 0 to 1, that continues at its opposite edge.
    """
    total = np.zeros((TILE, TILE), np.float32)
    for octave in range(octaves):
        side = cells * 2**octave
        grid = np.pad(rng.random((side, side), np.float32), 2, mode="wrap")
        smooth = Image.fromarray(grid).resize(
            (TILE, TILE), Image.Resampling.BICUBIC, box=(2, 2, side + 2, side + 2)
        )
        total += np.asarray(smooth) * np.float32(0.55**octave)
    total -= total.min()
    return np.asarray(total / total.max(), np.float32)


def lie_flat(tile: Field, rows: int, width: int, *, zoom: float = 1.0, stretch: float = 1.0) -> Field:
    """A tile laid on the ground (or, upside down, on the clouds) and seen towards the horizon.

    Args:
        tile: seamless noise of shape (TILE, TILE).
        rows: how many rows lie between the horizon (first row) and the near edge (last row).
        width: columns.
        zoom: how large the grain is at the near edge.
        stretch: how much longer the grain is from left to right than it is deep.

    Returns:
        float32 of shape (rows, width).
    """
    near = np.linspace(0.02, 1, max(rows, 1), dtype=np.float32)
    depth = 1 / near
    across = (np.arange(width, dtype=np.float32) - width / 2) * (0.6 / zoom / stretch)
    column = (across[None, :] * depth[:, None]).astype(np.int32) % TILE
    row = (depth * (0.5 * max(rows, 1) / zoom)).astype(np.int32) % TILE
    return tile[row[:, None], column]


def stand_up(tile: Field, rows: int, width: int, *, zoom: float = 1.0) -> Field:
    """A tile repeated over an upright surface: float32 of shape (rows, width)."""
    row = (np.arange(rows) / zoom).astype(np.int32) % TILE
    column = (np.arange(width) / zoom).astype(np.int32) % TILE
    return tile[row[:, None], column[None, :]]


def ridge(rng: np.random.Generator, width: int, *, bumps: int, rough: float = 0.5) -> Field:
    """The outline of hills: float32 of shape (width,), 0 to 1."""
    line = np.zeros(width, np.float32)
    places = np.linspace(0, 1, width)
    for octave in range(5):
        count = bumps * 2**octave + 2
        heights = rng.random(count)
        line += (rough**octave * np.interp(places, np.linspace(0, 1, count), heights)).astype(np.float32)
    line -= line.min()
    return line / max(float(line.max()), 1e-6)
