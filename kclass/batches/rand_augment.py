"""RandAugment: a few operations out of fourteen for each photo, by the pixels of keras-cv."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.batches.colour_layers import blended
from kclass.batches.geometry_layers import Matrices, rotation, shear, transform, transformed, translation
from kclass.errors import OptionError
from kclass.keras_import import import_tensorflow

OPERATIONS: Final = (
    "identity",
    "auto_contrast",
    "equalize",
    "solarize",
    "posterize",
    "sharpness",
    "brightness",
    "contrast",
    "color",
    "rotate",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
)
_GEOMETRIC: Final = OPERATIONS.index("rotate")
_BLENDED: Final = OPERATIONS.index("brightness")

_LARGEST_ROTATION: Final = 30.0
_LARGEST_SHEAR: Final = 0.3
_LARGEST_TRANSLATION: Final = 150 / 331
_LARGEST_BLEND: Final = 0.9
_FEWEST_BITS: Final = 4
"""What the largest magnitude means: degrees, slope, share of the side, factor from 1, bits left of 8."""

_GREYS: Final = 256

_NUMBERS: Final = 9
"""Of each operation on each photo: which one it is, and the eight numbers of a transform, or fewer."""


@dataclass(frozen=True)
class RandAugment:
    """Operations drawn at random for each photo, one after the other, all of the same magnitude.

    The operations are those of the paper, their ranges those of torchvision, where a larger magnitude
    always changes more (in the paper it solarizes and posterizes less). Signs are drawn. What lies
    beyond an edge is mirrored instead of grey.

    Args:
        operations: how many for each photo, 1 or more; some may be the identity.
        magnitude: 0 to 1.

    Raises:
        OptionError: out of these bounds.

    Source:
        Cubuk et al. 2020, "RandAugment: practical automated data augmentation with a reduced search
        space"; torchvision 0.21, `torchvision.transforms.RandAugment`, for the ranges.
    """

    operations: int = 2
    magnitude: float = 0.5

    def __post_init__(self) -> None:
        if self.operations < 1 or not 0 <= self.magnitude <= 1:
            raise OptionError(
                f"RandAugment has {self.operations} operations of magnitude {self.magnitude}; "
                "it needs 1 or more, of 0 to 1"
            )

    @property
    def compiled(self) -> bool:
        """See `Layer`; XLA knows no such interpolation."""
        return False

    def draw(self, random: np.random.Generator, photos: int, *, size: int) -> NDArray[np.float32]:
        """For each operation its place in `OPERATIONS`, and the eight numbers that it takes."""
        steps = []
        for _ in range(self.operations):
            kinds = random.integers(len(OPERATIONS), size=photos)
            levels = self.magnitude * random.choice([-1.0, 1.0], photos)
            steps.append(numbers(kinds, levels, size=size))
        return np.concatenate(steps, axis=1)

    def apply(self, photos: Any, drawn: Any) -> Any:
        """See `Layer`."""
        for step in range(self.operations):
            photos = operated(photos, drawn[:, step * _NUMBERS : (step + 1) * _NUMBERS])
        return photos

    def __str__(self) -> str:
        return f"RandAugment with {self.operations} operations of magnitude {self.magnitude:g}"


def numbers(kinds: NDArray[np.int64], levels: NDArray[np.float64], *, size: int) -> NDArray[np.float32]:
    """What `operated` takes.

    Args:
        kinds: int64 (photos,): places in `OPERATIONS`.
        levels: float64 (photos,), magnitudes with signs, -1 to 1. Operations that know no sign take
            the magnitude.
        size: the side of the photos, in pixels.

    Returns:
        float32 (photos, 9).
    """
    strength = np.abs(levels)
    factor = 1 + _LARGEST_BLEND * levels
    found = np.zeros((len(kinds), _NUMBERS), np.float32)
    found[:, 0] = kinds
    first = {
        "solarize": 255 * (1 - strength),
        "posterize": 2 ** np.round((8 - _FEWEST_BITS) * strength),
        "sharpness": 1 - factor,
    }
    for name, values in first.items():
        rows = kinds == OPERATIONS.index(name)
        found[rows, 1] = values[rows]
    for place, _name in enumerate(("brightness", "contrast", "color")):
        rows = kinds == _BLENDED + place
        found[rows, 1:4] = 1
        found[rows, 1 + place] = factor[rows]
    rows = kinds >= _GEOMETRIC
    found[rows, 1:] = transform(_matrices(kinds[rows] - _GEOMETRIC, levels[rows]), size=size)
    return found


def operated(photos: Any, drawn: Any) -> Any:
    """Photos after one operation each.

    Photos of one operation are taken together, so that each is computed once for them all.

    Args:
        photos: float32 tensor (photos, size, size, 3), 0 to 255.
        drawn: float32 tensor (photos, 9), what `numbers` gives.

    Returns:
        float32 tensor of the same shape, 0 to 255.
    """
    tf = import_tensorflow()
    groups = _groups()
    kinds = tf.cast(drawn[:, 0], tf.int32)
    group = tf.gather(tf.constant(_group_of_kind()), kinds)
    places = tf.dynamic_partition(tf.range(tf.shape(photos)[0]), group, len(groups))
    parts = tf.dynamic_partition(photos, group, len(groups))
    given = tf.dynamic_partition(drawn[:, 1:], group, len(groups))
    done = [
        _unless_empty(change, part, values)
        for change, part, values in zip(groups.values(), parts, given, strict=True)
    ]
    return tf.ensure_shape(tf.dynamic_stitch(places, done), photos.shape)


def equalized(photos: Any) -> Any:
    """Photos in whose channels every brightness is about as frequent, as Pillow's `ImageOps.equalize`.

    One histogram is counted for all photos and channels; keras-cv's layer counts them one by one, in
    a loop that TensorFlow warns of.

    Args:
        photos: float32 tensor (photos, height, width, 3), 0 to 255; parts of a grey level are cut off.
    """
    tf = import_tensorflow()
    shape = tf.shape(photos)
    rows = tf.reshape(tf.transpose(tf.cast(photos, tf.int32), [0, 3, 1, 2]), [3 * shape[0], -1])
    starts = _GREYS * tf.range(3 * shape[0])[:, None]
    counts = tf.math.bincount(tf.reshape(rows + starts, [-1]), minlength=_GREYS * 3 * shape[0])
    counts = tf.reshape(counts, [-1, _GREYS])
    last = tf.reduce_max(tf.where(counts > 0, tf.range(_GREYS), 0), axis=1)
    step = (tf.shape(rows)[1] - tf.gather(counts, last, batch_dims=1)) // (_GREYS - 1)
    below = tf.cumsum(counts, axis=1, exclusive=True)
    table = tf.minimum((step[:, None] // 2 + below) // tf.maximum(step, 1)[:, None], _GREYS - 1)
    table = tf.where(step[:, None] > 0, table, tf.range(_GREYS))
    mapped = tf.reshape(tf.gather(table, rows, batch_dims=1), [shape[0], 3, shape[1], shape[2]])
    return tf.cast(tf.transpose(mapped, [0, 2, 3, 1]), tf.float32)


def _matrices(kinds: NDArray[np.int64], levels: NDArray[np.float64]) -> Matrices:
    """Matrices of rotate, shear_x, shear_y, translate_x and translate_y, in the order of `OPERATIONS`."""
    none = np.zeros(len(kinds))
    choices = np.stack(
        [
            rotation(np.radians(_LARGEST_ROTATION) * levels),
            shear(_LARGEST_SHEAR * levels, none),
            shear(none, _LARGEST_SHEAR * levels),
            translation(_LARGEST_TRANSLATION * levels, none),
            translation(none, _LARGEST_TRANSLATION * levels),
        ]
    )
    matrices: Matrices = choices[kinds, np.arange(len(kinds))]
    return matrices


def _group_of_kind() -> NDArray[np.int32]:
    """Which of the groups computes each operation."""
    groups = list(_groups())
    names = [*OPERATIONS[:_BLENDED], *["blend"] * 3, *["geometry"] * (len(OPERATIONS) - _GEOMETRIC)]
    return np.array([groups.index(name) for name in names], np.int32)


def _groups() -> dict[str, Callable[[Any, Any], Any]]:
    """What computes the pixels of photos, from those and their eight numbers."""
    tf = import_tensorflow()
    return {
        "identity": lambda photos, values: photos,
        "auto_contrast": lambda photos, values: _keras_cv().auto_contrast.augment_images(photos),
        "equalize": lambda photos, values: equalized(photos),
        "solarize": _solarized,
        "posterize": lambda photos, values: tf.floor(photos / _first(values)) * _first(values),
        "sharpness": lambda photos, values: _keras_cv().sharpness.augment_images(photos, _first(values)),
        "blend": lambda photos, values: blended(photos, values[:, :3]),
        "geometry": transformed,
    }


def _solarized(photos: Any, values: Any) -> Any:
    numbers = {"thresholds": _first(values), "additions": 0.0}
    return _keras_cv().solarization.augment_images(photos, numbers)


def _first(values: Any) -> Any:
    return values[:, 0, None, None, None]


def _unless_empty(change: Callable[[Any, Any], Any], photos: Any, values: Any) -> Any:
    tf = import_tensorflow()
    return tf.cond(tf.shape(photos)[0] > 0, lambda: change(photos, values), lambda: photos)


@functools.cache
def _keras_cv() -> SimpleNamespace:
    """Layers of keras-cv, of which the pixels are used and the random numbers are not."""
    from keras_cv import layers

    span = (0, 255)
    return SimpleNamespace(
        auto_contrast=layers.AutoContrast(span),
        solarization=layers.Solarization(span),
        sharpness=layers.RandomSharpness(0.5, span),
    )
