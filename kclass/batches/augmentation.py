"""Augmentation: named sets of random changes that photos learned from go through, and no others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from kclass.batches.colour_layers import Jitter, Light
from kclass.batches.cropping import Crop
from kclass.batches.geometry_layers import Cutout, Geometry
from kclass.batches.layers import Layer, traced
from kclass.batches.rand_augment import RandAugment
from kclass.batches.randomness import CROPS, FLIPS, LAYERS, generator
from kclass.batches.views import Views
from kclass.errors import OptionError
from kclass.keras_import import import_tensorflow

Flip = Literal["left to right", "upside down"]
ACROSS: Final[tuple[Flip, ...]] = ("left to right",)
BOTH: Final[tuple[Flip, ...]] = ("left to right", "upside down")


@dataclass(frozen=True)
class Drawn:
    """What was drawn for a row of photos: how each is shown, and the numbers of each layer.

    Args:
        views: crops and flips, which are the decoder's.
        numbers: for each layer float32 (photos, numbers).
    """

    views: Views
    numbers: tuple[NDArray[np.float32], ...]

    def select(self, rows: NDArray[np.int64]) -> "Drawn":
        """Some of the rows."""
        return Drawn(self.views.select(rows), tuple(each[rows] for each in self.numbers))


@dataclass(frozen=True)
class Preset:
    """A named set of random changes.

    Args:
        name: what it is asked for by.
        crop: which part of each photo is shown; None for all of it.
        flips: how half of the photos are mirrored, each way drawn for itself.
        layers: what happens to the pixels then, in this order.
    """

    name: str
    crop: Crop | None = None
    flips: tuple[Flip, ...] = ()
    layers: tuple[Layer, ...] = ()

    def draw(self, photos: int, *, size: int, seed: int, epoch: int) -> Drawn:
        """Draw what happens in an epoch to each of its photos, in the order in which they come.

        Args:
            photos: how many.
            size: the side of the squares.
            seed: any integer from 0 to 2**63 - 1.
            epoch: which one, from 1 on.
        """

        def stream(number: int) -> np.random.Generator:
            return generator(seed=seed, epoch=epoch, stream=number)

        crops = None if self.crop is None else self.crop.draw(stream(CROPS), photos)
        flips = None
        if self.flips:
            flips = stream(FLIPS).random((photos, 2)) < [0.5 * (flip in self.flips) for flip in BOTH]
        numbers = tuple(
            layer.draw(stream(LAYERS + place), photos, size=size) for place, layer in enumerate(self.layers)
        )
        return Drawn(Views(crops, flips), numbers)

    def apply(self, photos: Any, numbers: Sequence[Any]) -> Any:
        """Let the layers change photos; crops and flips were the decoder's.

        Args:
            photos: uint8 tensor (photos, size, size, 3), RGB, 0 to 255.
            numbers: of each layer, as they were drawn.

        Returns:
            The photos, uint8, if there is no layer; else a float32 tensor of the same shape, 0 to
            255. It is not rounded: networks take floats, and rounding would only take time.
        """
        if not self.layers:
            return photos
        tf = import_tensorflow()
        changed = tf.cast(photos, tf.float32)
        for layer, drawn in zip(self.layers, numbers, strict=True):
            changed = traced(layer)(changed, drawn)
        return tf.ensure_shape(tf.clip_by_value(changed, 0.0, 255.0), photos.shape)

    def __str__(self) -> str:
        parts = [str(self.crop)] if self.crop else []
        parts += [f"half mirrored {flip}" for flip in self.flips]
        parts += [str(layer) for layer in self.layers]
        return f"{self.name}: {', '.join(parts) or 'photos as they are'}"


PRESETS: Final = {
    preset.name: preset
    for preset in (
        Preset("none"),
        Preset("flip", flips=ACROSS),
        Preset("light", Crop((0.8, 1), (0.9, 1 / 0.9)), ACROSS),
        Preset(
            "standard",
            Crop((0.5, 1), (0.75, 4 / 3)),
            ACROSS,
            (Geometry(rotation=10), Jitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.02)),
        ),
        Preset("strong", Crop((0.3, 1), (0.75, 4 / 3)), ACROSS, (RandAugment(), Cutout(0.4))),
        Preset("fiat-ferrari", Crop((0.8, 1)), ACROSS),
        Preset(
            "landmarks", flips=BOTH, layers=(Jitter(brightness=0.3, contrast=0.2, saturation=0.3, hue=0.2),)
        ),
        Preset(
            "lakes", layers=(Geometry(rotation=10, zoom=1.1, warp=0.2, chance=0.75), Light(0.2, chance=0.75))
        ),
    )
}
"""The presets by name: from mild to strong, then those of four write-ups' networks."""

DEFAULT: Final = "light"
"""Of networks that are trained from scratch. Chosen on drawn cars: 999 learned from, 399 others, 128
pixels, 20 epochs, three seeds: .835 right and a log loss of .40 in the mean, with `flip` .688 and .68."""


def preset(name: str) -> Preset:
    """The preset of a name.

    Raises:
        OptionError: there is none; it names all.
    """
    if name not in PRESETS:
        raise OptionError.unknown("augment", str(name), PRESETS)
    return PRESETS[name]
