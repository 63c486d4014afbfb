"""MixUp and CutMix: photos of a batch mixed two by two, and their labels with them."""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.batches.geometry_layers import within
from kclass.batches.layers import XLA
from kclass.batches.randomness import MIXING, generator
from kclass.keras_import import import_tensorflow


@dataclass(frozen=True)
class Mixing:
    """How the photos of a batch are mixed; with both, each batch is mixed by one of them, drawn.

    Args:
        mixup: alpha of MixUp; None for no MixUp.
        cutmix: alpha of CutMix; None for no CutMix.

    Source:
        Zhang et al. 2018, "mixup: beyond empirical risk minimization". Yun et al. 2019, "CutMix:
        regularization strategy to train strong classifiers with localizable features".
    """

    mixup: float | None = None
    cutmix: float | None = None

    def __bool__(self) -> bool:
        return self.mixup is not None or self.cutmix is not None

    def draw(self, batches: int, *, size: int, seed: int, epoch: int) -> NDArray[np.float32]:
        """Draw how each batch is mixed.

        A photo keeps the share lambda, from the distribution Beta(alpha, alpha); one for the batch.
        CutMix replaces a box of the shape of the photo whose area would be 1 - lambda; where it
        reaches beyond an edge it is cut off there, and lambda follows from what is left.

        Args:
            batches: how many.
            size: the side of the photos, in pixels.
            seed: any integer from 0 to 2**63 - 1.
            epoch: which one, from 1 on.

        Returns:
            float32 (batches, 6): lambda of the pixels outside the box; lambda of the labels; and the
            box: left, top, right and bottom in pixels, empty for MixUp.
        """
        random = generator(seed=seed, epoch=epoch, stream=MIXING)
        drawn = np.zeros((batches, 6))
        cut = random.random(batches) < (0.5 if self.mixup and self.cutmix else float(self.cutmix is not None))
        if self.mixup:
            drawn[:, 0] = drawn[:, 1] = random.beta(self.mixup, self.mixup, batches)
        if self.cutmix:
            shares = random.beta(self.cutmix, self.cutmix, batches)
            boxes = cutmix_boxes(shares, random.uniform(0, size, (batches, 2)), size=size)
            width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
            kept = 1 - width * height / size**2
            drawn[cut] = np.column_stack([np.ones(batches), kept, boxes])[cut]
        return drawn.astype(np.float32)

    def __str__(self) -> str:
        parts = [
            f"{name} with alpha {alpha:g}"
            for name, alpha in (("MixUp", self.mixup), ("CutMix", self.cutmix))
            if alpha is not None
        ]
        return " or ".join(parts)


def cutmix_boxes(
    shares: NDArray[np.float64], centres: NDArray[np.float64], *, size: int
) -> NDArray[np.float64]:
    """The boxes that CutMix replaces.

    Args:
        shares: float64 (batches,): lambda, the share that is kept.
        centres: float64 (batches, 2): x and y, in pixels.
        size: the side of the photos, in pixels.

    Returns:
        float64 (batches, 4): left, top, right and bottom, whole pixels within the photo.
    """
    half = (size * np.sqrt(1 - shares) / 2)[:, None]
    edges = np.concatenate([centres - half, centres + half], axis=1)
    boxes: NDArray[np.float64] = edges.round().clip(0, size)
    return boxes


def mixed(photos: Any, labels: Any, drawn: Any) -> tuple[Any, Any]:
    """Each photo of a batch mixed with the next one, and the last with the first.

    The batch was shuffled, so that its neighbours are as good as others drawn at random.

    Args:
        photos: tensor (photos, size, size, 3), 0 to 255.
        labels: float32 tensor (photos, classes), each row adding up to 1.
        drawn: float32 tensor (6,), a row of what `Mixing.draw` gives.

    Returns:
        float32 tensor (photos, size, size, 3), 0 to 255; float32 tensor (photos, classes).
    """
    tf = import_tensorflow()
    pixels, truth = _traced()(tf.cast(photos, tf.float32), labels, drawn)
    return pixels, truth


@functools.cache
def _traced() -> Any:
    tf = import_tensorflow()
    shapes = ((None, None, None, 3), (None, None), (6,))
    return tf.function(
        _mixed, input_signature=[tf.TensorSpec(shape, tf.float32) for shape in shapes], jit_compile=XLA
    )


def _mixed(photos: Any, labels: Any, drawn: Any) -> tuple[Any, Any]:
    tf = import_tensorflow()
    others = tf.roll(photos, -1, axis=0)
    blend = tf.clip_by_value(drawn[0] * photos + (1 - drawn[0]) * others, 0.0, 255.0)
    pixels = tf.where(within(drawn[None, 2:], photos), others, blend)
    return pixels, drawn[1] * labels + (1 - drawn[1]) * tf.roll(labels, -1, axis=0)
