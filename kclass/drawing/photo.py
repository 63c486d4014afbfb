"""One photo: a background, a car on it, what stands before it, and the camera's own faults."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from kclass.drawing.bodywork import Finish, Painter, choose_finish
from kclass.drawing.cars import Shape, choose_paint, draw_shape
from kclass.drawing.geometry import View
from kclass.drawing.light import Light, choose_light
from kclass.drawing.occluders import draw_occluder
from kclass.drawing.scenery import draw_background
from kclass.drawing.shadow import cast_shadow
from kclass.drawing.textures import Field

_SIZES = ((320, 240), (320, 240), (320, 214), (320, 180), (240, 320), (272, 272))
_GRAIN = 2  # the scene is drawn at twice the photo's size
_FINE = 2  # and the car at twice the scene's


@dataclass(frozen=True)
class Drawing:
    """A photo as the camera saw it, before it is compressed.

    Args:
        photo: RGB.
        mask: L, 255 where the car is in sight and 0 elsewhere, of the photo's size.
        quality: of the JPEG it is to become, 0 to 100.
    """

    photo: Image.Image
    mask: Image.Image
    quality: int


def draw_photo(label: str, colour: str, background: str, seed: int, index: int) -> Drawing:
    """Draw one photo.

    Everything comes from (seed, index): the same car in the same place and light whatever else is
    drawn, and whatever the background.

    Args:
        label: one of `cars.CLASSES`.
        colour: one of `cars.COLOURS`.
        background: one of `scenery.BACKGROUNDS`.
        seed: the data set's seed, 0 or more.
        index: the photo's number in the data set.
    """
    parts = np.random.default_rng([seed, index]).spawn(5)
    frame, place, body, front, lens = parts
    width, height = (_GRAIN * side for side in _SIZES[frame.integers(len(_SIZES))])
    light = choose_light(frame)
    horizon = int(height * frame.uniform(0.28, 0.56))
    scene = draw_background(background, place, light, (width, height), horizon)
    shape = draw_shape(label, body)
    view = _choose_view(frame, shape, (width, height), horizon)
    finish = choose_finish(choose_paint(colour, body), body)
    scene.paste((8, 8, 14), (0, 0), cast_shadow(scene.size, shape, view, light))
    car, corner = _paint_car(shape, view, light, finish, scene.size)
    if background == "street" and frame.random() < 0.3:
        _reflect(scene, car, corner, round(view.anchor[1]))
    scene.paste(car, corner, car)
    mask = Image.new("L", scene.size, 0)
    mask.paste(car.getchannel("A"), corner)
    mask = ImageChops.subtract(mask, draw_occluder(scene, front, light, mask.getbbox()))
    return _expose(scene, mask, lens, snowing=background == "snow" and lens.random() < 0.35)


def encode_jpeg(drawing: Drawing, *, orientation: int = 1) -> bytes:
    """The JPEG of a drawing.

    Args:
        drawing: what to compress.
        orientation: EXIF orientation to store it with: 1 upright; 3, 6 or 8: the pixels lie turned and the
            tag says how to turn them back (EXIF 2.32, tag 0x0112).
    """
    photo = drawing.photo
    if orientation != 1:
        photo = photo.transpose(_TURNED[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    tag = {} if orientation == 1 else {"exif": exif}
    photo.save(stream, "JPEG", quality=drawing.quality, optimize=True, **tag)
    return stream.getvalue()


_TURNED = {
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}


def _choose_view(rng: np.random.Generator, shape: Shape, size: tuple[int, int], horizon: int) -> View:
    """Anywhere on the ground, at any scale, a little turned; nothing here depends on the class."""
    width, height = size
    yaw, roll = np.radians(rng.uniform(-30, 30)), np.radians(rng.normal(0, 1.6))
    share = float(np.clip(np.exp(rng.normal(np.log(0.155), 0.42)), 0.035, 0.34))
    across = shape.length * abs(np.cos(yaw)) + shape.width * abs(np.sin(yaw))
    wanted = np.sqrt(share * width * height / (across * shape.height * 0.80))
    scale = min(wanted, 0.92 * width / across)
    tall = shape.height * scale
    low = max(horizon + 0.10 * height, 1.08 * tall)
    row = low + (0.955 * height - low) * rng.beta(1.1, 1.1)
    half = across * scale / 2
    reach = max(0.0, width / 2 - half * rng.choice([1.04, 1.04, 0.85]))
    pitch = np.arctan2(row - horizon, 1.3 * max(width, height))
    return View(
        facing=int(rng.choice([-1, 1])),
        yaw=float(yaw),
        pitch=float(pitch),
        roll=float(roll),
        distance=shape.length * rng.uniform(2.2, 5),
        scale=float(scale),
        anchor=(width / 2 + rng.uniform(-1, 1) * reach, float(row)),
    )


def _paint_car(
    shape: Shape, view: View, light: Light, finish: Finish, size: tuple[int, int]
) -> tuple[Image.Image, tuple[int, int]]:
    """The car on the smallest layer that holds it, and where that layer goes."""
    reach = (shape.length / 2 + shape.width / 2) * view.scale * 1.25
    left, right = int(view.anchor[0] - reach), int(view.anchor[0] + reach)
    top = int(view.anchor[1] - (shape.height * 1.5 + 0.4) * view.scale)
    bottom = int(view.anchor[1] + shape.width * view.scale * 0.6 + 4)
    anchor = ((view.anchor[0] - left) * _FINE, (view.anchor[1] - top) * _FINE)
    fine = View(view.facing, view.yaw, view.pitch, view.roll, view.distance, view.scale * _FINE, anchor)
    layer = Painter(((right - left) * _FINE, (bottom - top) * _FINE), shape, fine, light, finish).paint()
    return layer.reduce(_FINE), (left, top)


def _reflect(scene: Image.Image, car: Image.Image, corner: tuple[int, int], ground: int) -> None:
    """A wet road: the car mirrored in it, faint and blurred."""
    mirrored = car.transpose(Image.Transpose.FLIP_TOP_BOTTOM).filter(ImageFilter.GaussianBlur(3))
    faint = mirrored.getchannel("A").point(lambda value: int(value * 0.3))
    scene.paste(mirrored, (corner[0], 2 * ground - corner[1] - car.height), faint)


def _expose(scene: Image.Image, mask: Image.Image, rng: np.random.Generator, *, snowing: bool) -> Drawing:
    """What the camera adds: snowflakes, blur, exposure, colour cast, vignette and noise."""
    if snowing:
        _snowflakes(scene, rng)
    photo = _blur(scene.reduce(_GRAIN), rng)
    values = _grade(np.asarray(photo, np.float32) / np.float32(255), rng)
    height, width = values.shape[:2]
    noise = np.float32(rng.gamma(1.5, 0.0085))
    grain = rng.standard_normal((height, width, 1), np.float32) + np.float32(0.5) * rng.standard_normal(
        values.shape, np.float32
    )
    values += np.asarray(grain * noise * (np.float32(0.4) + np.sqrt(np.clip(values, 0, 1))), np.float32)
    pixels = (np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)
    sight = mask.reduce(_GRAIN).point(lambda value: 255 if value > 127 else 0)
    return Drawing(Image.fromarray(pixels), sight, int(rng.integers(48, 90)))


def _blur(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    photo = photo.filter(ImageFilter.GaussianBlur(float(rng.gamma(1.2, 0.35))))
    if rng.random() < 0.15:
        reach = int(rng.integers(1, 5))
        shifted = [np.asarray(ImageChops.offset(photo, k, 0), np.float32) for k in range(-reach, reach + 1)]
        middle = np.mean(shifted, axis=0)
        middle[:, :reach], middle[:, -reach:] = middle[:, reach : reach + 1], middle[:, -reach - 1 : -reach]
        return Image.fromarray(middle.astype(np.uint8))
    return photo


def _grade(values: Field, rng: np.random.Generator) -> NDArray[np.float32]:
    """Exposure, contrast, saturation, colour cast and darker corners."""
    height, width = values.shape[:2]
    grey = values.mean(axis=2, keepdims=True)
    values = grey + (values - grey) * np.float32(rng.uniform(0.65, 1.2))
    values = values * rng.normal(1, 0.035, 3).astype(np.float32) * np.float32(np.exp(rng.normal(0.04, 0.15)))
    values = np.clip(values, 0, 1.4) ** np.float32(np.exp(rng.normal(0, 0.13)))
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    return np.asarray(
        values * (1 - (x * x + y * y)[..., None] * np.float32(rng.uniform(0, 0.18))), np.float32
    )


def _snowflakes(scene: Image.Image, rng: np.random.Generator) -> None:
    canvas = ImageDraw.Draw(scene)
    for _ in range(int(rng.integers(60, 300))):
        x, y, size = rng.uniform(0, scene.width), rng.uniform(0, scene.height), rng.uniform(0.8, 3.2)
        canvas.ellipse((x - size, y - size, x + size, y + size), fill=(240, 243, 248))
