"""Augmentation of colour and light."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.keras_import import import_tensorflow

LUMA: Final = (0.299, 0.587, 0.114)
"""The shares of red, green and blue in a photo's grey (ITU-R BT.601), as in Pillow's mode L."""

_NEARLY_BLACK: Final = 1e-6


@dataclass(frozen=True)
class Jitter:
    """Other brightness, contrast, saturation and hue, each drawn for itself, in this order.

    As in torchvision's `ColorJitter`: a factor of 1 - b to 1 + b on all pixels; blends with the mean
    grey, and with each pixel's own grey; a turn of the hue. There the order is drawn too. Layers of
    Keras and keras-cv add brightness instead of multiplying it.

    Args:
        brightness: 0 to 1.
        contrast: 0 to 1.
        saturation: 0 to 1.
        hue: share of the circle of colours, 0 to 0.5.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0

    @property
    def compiled(self) -> bool:
        """See `Layer`."""
        return True

    def draw(self, random: np.random.Generator, photos: int, *, size: int) -> NDArray[np.float32]:
        """Factors of brightness, contrast and saturation, and the turn of the hue, -0.5 to 0.5."""
        reach = np.array([self.brightness, self.contrast, self.saturation, self.hue])
        drawn = random.uniform(-1, 1, (photos, 4)) * reach + (1, 1, 1, 0)
        return np.asarray(drawn, dtype=np.float32)

    def apply(self, photos: Any, drawn: Any) -> Any:
        """See `Layer`."""
        photos = blended(photos, drawn[:, :3])
        return turned_hue(photos, drawn[:, 3]) if self.hue else photos

    def __str__(self) -> str:
        parts = {
            "brightness": self.brightness,
            "contrast": self.contrast,
            "saturation": self.saturation,
            "hue": self.hue,
        }
        return ", ".join(f"{name} ±{reach:g}" for name, reach in parts.items() if reach)


@dataclass(frozen=True)
class Light:
    """Other light: brightness and contrast, as fastai changes them.

    A pixel is taken as a probability, and its logit is shifted and scaled: black and white stay what
    they are, and nothing is cut off.

    Args:
        amount: 0 to below 1; half of the photos' greys go up or down by at most so much of themselves.
        chance: of each of the two.

    Source:
        fastai 1.0, `fastai.vision.transform`: `brightness`, `contrast` and `get_transforms`.
    """

    amount: float
    chance: float = 0.75

    @property
    def compiled(self) -> bool:
        """See `Layer`."""
        return True

    def draw(self, random: np.random.Generator, photos: int, *, size: int) -> NDArray[np.float32]:
        """Scale and shift of the logit; 1 and 0 leave a photo as it is."""
        scale = (1 - self.amount) ** random.uniform(-1, 1, photos)
        middle = 0.5 * random.uniform(1 - self.amount, 1 + self.amount, photos)
        drawn = np.stack([scale, np.log(middle / (1 - middle))], axis=1)
        kept = random.random((photos, 2)) >= self.chance
        return np.where(kept, (1, 0), drawn).astype(np.float32)

    def apply(self, photos: Any, drawn: Any) -> Any:
        """See `Layer`."""
        tf = import_tensorflow()
        drawn = drawn[:, :, None, None, None]
        shares = tf.clip_by_value(photos / 255.0, _NEARLY_BLACK, 1 - _NEARLY_BLACK)
        logits = tf.math.log(shares) - tf.math.log1p(-shares)
        return 255.0 * tf.sigmoid(drawn[:, 0] * logits + drawn[:, 1])

    def __str__(self) -> str:
        return f"light ±{self.amount:g}"


def blended(photos: Any, factors: Any) -> Any:
    """Photos between black, their mean grey, their own grey and themselves, or beyond.

    Args:
        photos: float32 tensor (photos, height, width, 3), 0 to 255.
        factors: float32 tensor (photos, 3) of brightness, contrast and saturation, 0 or more; 1
            leaves a photo as it is.

    Returns:
        float32 tensor (photos, height, width, 3), 0 to 255; clipped after each of the three.
    """
    tf = import_tensorflow()
    factors = factors[:, :, None, None, None]
    photos = tf.minimum(photos * factors[:, 0], 255.0)
    mean = tf.reduce_mean(_grey(photos), axis=(1, 2), keepdims=True)
    photos = tf.clip_by_value(mean + factors[:, 1] * (photos - mean), 0.0, 255.0)
    grey = _grey(photos)
    return tf.clip_by_value(grey + factors[:, 2] * (photos - grey), 0.0, 255.0)


def turned_hue(photos: Any, turns: Any) -> Any:
    """Photos with every hue turned by the same angle (HSV).

    Args:
        photos: float32 tensor (photos, height, width, 3), 0 to 255.
        turns: float32 tensor (photos,), in whole turns, -1 to 1.
    """
    tf = import_tensorflow()
    colours = tf.image.rgb_to_hsv(photos / 255.0)
    hue = tf.math.floormod(colours[..., :1] + turns[:, None, None, None], 1.0)
    return 255.0 * tf.image.hsv_to_rgb(tf.concat([hue, colours[..., 1:]], axis=-1))


def _grey(photos: Any) -> Any:
    """The grey of each pixel, (photos, height, width, 1)."""
    tf = import_tensorflow()
    return tf.tensordot(photos, tf.constant(LUMA), 1)[..., None]
