"""What stands between the camera and the car: a post, a bush, a fence."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from kclass.drawing.light import Light
from kclass.drawing.plants import Canvas, foliage, leaf_colour
from kclass.drawing.textures import ink, rgb

Box = tuple[int, int, int, int]

_SHARE = 0.3


def draw_occluder(scene: Image.Image, rng: np.random.Generator, light: Light, car: Box | None) -> Image.Image:
    """Draw something before the car, in three photos of ten.

    Args:
        scene: RGB, is drawn upon.
        rng: where the choice and the shapes come from.
        light: the light it stands in.
        car: left, top, right and bottom of the car in the scene, or None if it is out of sight.

    Returns:
        L, of the scene's size: 255 where something stands before the car.
    """
    cover = Image.new("L", scene.size, 0)
    if car is None or rng.random() > _SHARE:
        return cover
    before = scene.copy()
    _KINDS[rng.integers(len(_KINDS))](ImageDraw.Draw(scene), rng, light, car)
    changed = (np.asarray(scene) != np.asarray(before)).any(axis=2)
    return Image.fromarray((changed * 255).astype(np.uint8))


def _post(canvas: Canvas, rng: np.random.Generator, light: Light, car: Box) -> None:
    left, top, right, bottom = car
    x = rng.uniform(left, right)
    half = (bottom - top) * rng.uniform(0.025, 0.07) + 1
    tone = rgb(*rng.uniform([0.2, 0.2, 0.2], [0.6, 0.55, 0.5]))
    for k, share in enumerate(np.linspace(-1, 1, 5)):
        shade = light.on(tone, (float(share), 0, 1 - abs(share) * 0.6))
        canvas.rectangle(
            (x + half * (share - 0.25), -2, x + half * (share + 0.3), bottom + 6 + k % 2), fill=ink(shade)
        )


def _bush(canvas: Canvas, rng: np.random.Generator, light: Light, car: Box) -> None:
    left, top, right, bottom = car
    x, tall = (
        rng.choice([left, right]) + rng.normal(0, (right - left) * 0.1),
        (bottom - top) * rng.uniform(0.25, 0.55),
    )
    colour = leaf_colour(rng)
    for _ in range(int(rng.integers(1, 4))):
        place = (x + rng.normal(0, tall * 0.6), bottom - tall * rng.uniform(0.2, 0.5))
        foliage(canvas, rng, light, place, (tall * rng.uniform(0.6, 1.1), tall * 0.6), colour)


def _fence(canvas: Canvas, rng: np.random.Generator, light: Light, car: Box) -> None:
    _, top, _, bottom = car
    width = int(canvas.im.size[0])
    tall, foot = (bottom - top) * rng.uniform(0.3, 0.5), bottom + (bottom - top) * 0.06
    gap, thick = tall * rng.uniform(0.7, 1.6), max(2, int(tall * 0.07))
    wood = rgb(1, 0.93, 0.86) * rng.uniform(0.25, 0.9)
    for share in (0.45, 0.9):
        row = foot - tall * share
        canvas.rectangle((0, row - thick / 2, width, row + thick / 2), fill=ink(light.on(wood, (0, 0.3, 1))))
    for x in np.arange(rng.uniform(0, gap), width, gap):
        canvas.rectangle((x, foot - tall, x + thick * 1.4, foot), fill=ink(light.on(wood * 0.9, (0, 0.1, 1))))


_KINDS: tuple[Callable[[Canvas, np.random.Generator, Light, Box], None], ...] = (_post, _bush, _fence)
