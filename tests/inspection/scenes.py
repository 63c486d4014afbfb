"""Photos made up for the tests of matching: patches of colour at all scales, as photos have them."""

import io

import numpy as np
from PIL import Image, ImageDraw

from kclass.inspection.inspecting import inspect_bytes
from kclass.inspection.inspection import COLOUR_SIDE, GREY_SIDE, Inspection
from kclass.photos.orientation import turned_upright

WIDTH, HEIGHT = 360, 270
INVERSE = {6: 8, 8: 6}


def scene(seed: int, *, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """A picture whose amplitudes fall off with the frequency, with some shapes on it."""
    rng = np.random.default_rng(seed)
    falloff = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)) + 1 / width
    waves = rng.normal(size=(3, *falloff.shape)) + 1j * rng.normal(size=(3, *falloff.shape))
    noise = np.fft.irfft2(waves / falloff**1.3, s=(height, width))
    noise = noise[0] + 0.3 * noise
    noise = (noise - noise.mean()) / noise.std()
    image = Image.fromarray(np.clip(120 + 45 * noise, 0, 255).astype(np.uint8).transpose(1, 2, 0))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        left, top = rng.integers(0, width), rng.integers(0, height)
        size = rng.integers(10, 60, size=2)
        colour = tuple(int(value) for value in rng.integers(0, 256, size=3))
        draw.ellipse((left, top, left + size[0], top + size[1]), fill=colour)
    return image


def encoded(image: Image.Image, kind: str = "JPEG", quality: int = 90) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, quality=quality)
    return stream.getvalue()


def inspected(image: Image.Image, kind: str = "JPEG", quality: int = 90) -> Inspection:
    return inspect_bytes(encoded(image, kind, quality), name="made")


def lying(image: Image.Image, orientation: int) -> Image.Image:
    """The picture as it lies before it is turned upright from an orientation."""
    return turned_upright(image, INVERSE.get(orientation, orientation))


def part(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = image.size
    return image.crop((int(left * width), int(top * height), int(right * width), int(bottom * height)))


def thumbnails(count: int, *, seed: int, same: bool = False) -> list[Inspection]:
    """Inspections with small pictures of their own, or all of one picture, and contents of their own."""
    rng = np.random.default_rng(seed)
    falloff = np.hypot(np.fft.fftfreq(GREY_SIDE)[:, None], np.fft.rfftfreq(GREY_SIDE)) + 1 / GREY_SIDE
    found = []
    for number in range(count):
        if number == 0 or not same:
            waves = rng.normal(size=falloff.shape) + 1j * rng.normal(size=falloff.shape)
            picture = np.fft.irfft2(waves / falloff, s=(GREY_SIDE, GREY_SIDE))
            picture = 120 + 45 * (picture - picture.mean()) / picture.std()
        grey = np.clip(picture + rng.normal(0, 1, picture.shape), 0, 255).astype(np.uint8)
        found.append(_inspection(f"{rng.integers(2**63):032x}", grey))
    return found


def _inspection(content: str, grey: np.ndarray) -> Inspection:
    return Inspection(
        content=content,
        format="JPEG",
        width=WIDTH,
        height=HEIGHT,
        file_bytes=1,
        orientation=1,
        camera="",
        brightness=0.0,
        contrast=0.0,
        percentiles=(0.0,) * 7,
        sharpness=0.0,
        grey=grey,
        colours=np.full((COLOUR_SIDE, COLOUR_SIDE, 3), 120, np.uint8),
    )
