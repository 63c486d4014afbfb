"""Augmentation of shape: turned, enlarged, seen from the side, or partly covered."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.batches.layers import FILL
from kclass.keras_import import import_keras, import_tensorflow

_CORNERS: Final = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)], dtype=np.float64)

Matrices = NDArray[np.float64]
"""float64 (photos, 3, 3): from where a pixel goes to where it comes from, in homogeneous coordinates
with x to the right and y down; the photo reaches from -1 to 1."""


@dataclass(frozen=True)
class Geometry:
    """Turned, enlarged and seen from the side, all in one interpolation.

    What lies beyond an edge is what lies before it, mirrored: no corner is empty.

    Args:
        rotation: at most so many degrees, either way.
        zoom: from 1 to so many times as large; any part of the photo stays.
        warp: as if seen from the side: opposite corners go apart or together by at most this share of
            half the side.
        chance: of each of the three.

    Source:
        fastai 1.0, `fastai.vision.transform`: `rotate`, `rand_zoom`, `symmetric_warp`.
    """

    rotation: float = 0.0
    zoom: float = 1.0
    warp: float = 0.0
    chance: float = 1.0

    @property
    def compiled(self) -> bool:
        """See `Layer`; XLA knows no such interpolation."""
        return False

    def draw(self, random: np.random.Generator, photos: int, *, size: int) -> NDArray[np.float32]:
        """What `transform` takes."""
        angles = np.radians(self.rotation) * random.uniform(-1, 1, photos)
        zooms = random.uniform(1, self.zoom, photos)
        centres = random.uniform(-1, 1, (photos, 2))
        warps = self.warp * random.uniform(-1, 1, (photos, 4))
        kept = random.random((photos, 3)) >= self.chance
        angles[kept[:, 0]], zooms[kept[:, 1]], warps[kept[:, 2]] = 0, 1, 0
        matrices = rotation(angles) @ enlargement(zooms, centres)
        if self.warp:
            matrices = perspective(warps) @ matrices
        return transform(matrices, size=size)

    def apply(self, photos: Any, drawn: Any) -> Any:
        """See `Layer`."""
        return transformed(photos, drawn)

    def __str__(self) -> str:
        parts = (
            f"rotation ±{self.rotation:g}°" if self.rotation else "",
            f"zoom to {self.zoom:g}" if self.zoom > 1 else "",
            f"warp ±{self.warp:g}" if self.warp else "",
        )
        return ", ".join(filter(None, parts))


@dataclass(frozen=True)
class Cutout:
    """A square of grey over a part of the photo; it may reach beyond the edge.

    Args:
        side: of the square, as a share of the photo's.

    Source:
        DeVries and Taylor 2017, "Improved regularization of convolutional neural networks with cutout".
    """

    side: float

    @property
    def compiled(self) -> bool:
        """See `Layer`."""
        return True

    def draw(self, random: np.random.Generator, photos: int, *, size: int) -> NDArray[np.float32]:
        """Left, top, right and bottom of the square, in pixels."""
        centres = random.uniform(0, size, (photos, 2))
        half = self.side * size / 2
        return np.concatenate([centres - half, centres + half], axis=1).round().astype(np.float32)

    def apply(self, photos: Any, drawn: Any) -> Any:
        """See `Layer`."""
        tf = import_tensorflow()
        return tf.where(within(drawn, photos), FILL, photos)

    def __str__(self) -> str:
        return f"a square of {self.side:g} of the side covered"


def within(boxes: Any, photos: Any) -> Any:
    """Which pixels lie in boxes.

    Args:
        boxes: float32 tensor (photos, 4): left, top, right and bottom, in pixels; right and bottom
            lie outside.
        photos: float32 tensor (photos, height, width, 3).

    Returns:
        bool tensor (photos, height, width, 1).
    """
    tf = import_tensorflow()
    left, top, right, bottom = tf.unstack(boxes[:, :, None], num=4, axis=1)
    x, y = (tf.range(tf.shape(photos)[axis], dtype=tf.int32) for axis in (2, 1))
    x, y = tf.cast(x, tf.float32), tf.cast(y, tf.float32)
    across, down = (x >= left) & (x < right), (y >= top) & (y < bottom)
    return (down[:, :, None] & across[:, None, :])[..., None]


def rotation(angles: NDArray[np.float64]) -> Matrices:
    """Matrices that turn photos.

    Args:
        angles: float64 (photos,), radians; positive ones turn what is seen against the clock.
    """
    matrices = _identities(len(angles))
    matrices[:, 0, 0] = matrices[:, 1, 1] = np.cos(angles)
    matrices[:, 1, 0] = np.sin(angles)
    matrices[:, 0, 1] = -np.sin(angles)
    return matrices


def enlargement(zooms: NDArray[np.float64], centres: NDArray[np.float64]) -> Matrices:
    """Matrices that enlarge photos.

    Args:
        zooms: float64 (photos,): how many times as large, 1 or more.
        centres: float64 (photos, 2): which part stays, x and y from -1 (the left, the top) to 1.
    """
    matrices = _identities(len(zooms))
    matrices[:, 0, 0] = matrices[:, 1, 1] = 1 / zooms
    matrices[:, :2, 2] = centres * (1 - 1 / zooms)[:, None]
    return matrices


def shear(across: NDArray[np.float64], down: NDArray[np.float64]) -> Matrices:
    """Matrices that shift each row by so much of its height, and each column of its place.

    Args:
        across: float64 (photos,).
        down: float64 (photos,).
    """
    matrices = _identities(len(across))
    matrices[:, 0, 1], matrices[:, 1, 0] = across, down
    return matrices


def translation(across: NDArray[np.float64], down: NDArray[np.float64]) -> Matrices:
    """Matrices that move photos.

    Args:
        across: float64 (photos,): to the left, in photo widths.
        down: float64 (photos,): upwards, in photo heights.
    """
    matrices = _identities(len(across))
    matrices[:, 0, 2], matrices[:, 1, 2] = 2 * across, 2 * down
    return matrices


def perspective(warps: NDArray[np.float64]) -> Matrices:
    """Matrices of photos seen from the side: what lies at a corner comes from near it.

    Args:
        warps: float64 (photos, 4), shares of half the side: how far the lower two and the upper two
            corners go apart across, and the right two and the left two apart in height.
    """
    lower, upper, right, left = warps.T
    targets = np.empty((len(warps), 4, 2))
    for corner, (x, y) in enumerate(_CORNERS):
        targets[:, corner, 0] = x * (1 + (lower if y > 0 else upper))
        targets[:, corner, 1] = y * (1 + (right if x > 0 else left))
    return _homographies(targets)


def transform(matrices: Matrices, *, size: int) -> NDArray[np.float32]:
    """Matrices in pixels of a square photo, as `transformed` takes them.

    Returns:
        float32 (photos, 8): the first eight entries, row by row, of the matrices whose ninth is 1.
    """
    half, centre = size / 2, (size - 1) / 2
    to_pixels = np.array([[half, 0, centre], [0, half, centre], [0, 0, 1]])
    in_pixels = to_pixels @ matrices @ np.linalg.inv(to_pixels)
    flat = in_pixels.reshape(-1, 9)
    result: NDArray[np.float32] = (flat[:, :8] / flat[:, 8:]).astype(np.float32)
    return result


def transformed(photos: Any, transforms: Any) -> Any:
    """Photos whose pixels come from elsewhere, interpolated between four; mirrored beyond the edges.

    Args:
        photos: float32 tensor (photos, height, width, 3).
        transforms: float32 tensor (photos, 8), what `transform` gives.
    """
    return import_keras().ops.image.affine_transform(
        photos, transforms, interpolation="bilinear", fill_mode="reflect", data_format="channels_last"
    )


def _identities(number: int) -> Matrices:
    return np.tile(np.eye(3), (number, 1, 1))


def _homographies(targets: NDArray[np.float64]) -> Matrices:
    """The projective maps that take the four corners to float64 (photos, 4, 2) targets.

    Each corner (x, y) and its target (u, v) give two rows of eight equations:
    x a + y b + c - u x g - u y h = u, and the same with d, e, f and v.

    Source:
        Hartley and Zisserman 2004, "Multiple view geometry in computer vision", section 4.1.
    """
    equations = np.zeros((len(targets), 8, 8))
    for corner, (x, y) in enumerate(_CORNERS):
        u, v = targets[:, corner, 0], targets[:, corner, 1]
        for row, start, value in ((2 * corner, 0, u), (2 * corner + 1, 3, v)):
            equations[:, row, start : start + 3] = (x, y, 1)
            equations[:, row, 6], equations[:, row, 7] = -value * x, -value * y
    solved = np.linalg.solve(equations, targets.reshape(-1, 8, 1))[..., 0]
    return np.concatenate([solved, np.ones((len(targets), 1))], axis=1).reshape(-1, 3, 3)
