"""The four backgrounds: street, meadow, snow and seaside."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from kclass.drawing.light import Light
from kclass.drawing.plants import Canvas, fir, flowers, leaf_colour, tree, tufts
from kclass.drawing.streets import draw_street
from kclass.drawing.surfaces import ground, pixels, sky
from kclass.drawing.textures import Field, ink, lie_flat, mix, rgb, ridge, smooth_step, stand_up, value_noise

BACKGROUNDS = ("street", "meadow", "snow", "seaside")


def draw_background(
    name: str, rng: np.random.Generator, light: Light, size: tuple[int, int], horizon: int
) -> Image.Image:
    """A scene without a car.

    Args:
        name: one of `BACKGROUNDS`.
        rng: where its shapes come from.
        light: the light it lies in.
        size: width and height in pixels.
        horizon: the row of the horizon.

    Returns:
        RGB, of that size.
    """
    return _SCENES[name](rng, light, size, horizon)


def _hills(
    canvas: Canvas, rng: np.random.Generator, light: Light, horizon: int, width: int, colour: Field
) -> None:
    """One to three ridges, the farther the more they take the colour of the air."""
    count = int(rng.integers(1, 4))
    for k in range(count):
        far = 1 - (k + 1) / (count + 0.6)
        tall = horizon * rng.uniform(0.08, 0.4) * (0.35 + far)
        line = horizon + 2 - ridge(rng, width // 4 + 1, bumps=int(rng.integers(1, 5))) * tall
        shade = mix(
            light.on(colour * rng.uniform(0.85, 1.15), (light.direction[0], 1, 0.5)),
            light.horizon,
            0.2 + 0.65 * far,
        )
        points = [(x * 4.0, float(y)) for x, y in enumerate(line)]
        canvas.polygon([(0.0, horizon + 2.0), *points, (width + 4.0, horizon + 2.0)], ink(shade))


def _meadow(rng: np.random.Generator, light: Light, size: tuple[int, int], horizon: int) -> Image.Image:
    width, height = size
    grass = rgb(*rng.uniform([0.20, 0.34, 0.07], [0.46, 0.56, 0.20]))
    earth = mix(grass, rgb(0.55, 0.47, 0.25), rng.uniform(0, 0.75))
    scene = sky(rng, light, size, horizon)
    scene[horizon:] = ground(
        rng,
        light,
        (height - horizon, width),
        mix(grass, earth, 0.15),
        mix(grass * 0.6, earth * 0.7, 0.4),
        grain=0.5,
    )
    image = pixels(scene)
    canvas = ImageDraw.Draw(image)
    _hills(canvas, rng, light, horizon, width, leaf_colour(rng))
    for x in rng.uniform(0, width, int(rng.integers(0, 14))):
        tree(canvas, rng, light, (x, horizon + rng.uniform(0, 6)), height * rng.uniform(0.06, 0.30))
    if rng.random() < 0.3:
        _rail_fence(canvas, rng, light, width, horizon + (height - horizon) * rng.uniform(0.05, 0.18))
    below = (0.0, float(horizon + 4), float(width), float(height))
    tufts(canvas, rng, light, below, grass, int(rng.integers(120, 420)))
    if rng.random() < 0.55:
        flowers(canvas, rng, light, below, int(rng.integers(20, 220)))
    return image


def _rail_fence(canvas: Canvas, rng: np.random.Generator, light: Light, width: int, row: float) -> None:
    tall, gap = rng.uniform(12, 26), rng.uniform(40, 90)
    wood = ink(light.on(rgb(0.42, 0.34, 0.26), (0, 0.2, 1)))
    for share in (0.35, 0.8):
        canvas.line((0, row - tall * share, width, row - tall * share + rng.normal(0, 3)), wood, 2)
    for x in np.arange(rng.uniform(0, gap), width, gap):
        canvas.line((x, row, x + rng.normal(0, 1.5), row - tall), wood, 3)


def _snow(rng: np.random.Generator, light: Light, size: tuple[int, int], horizon: int) -> Image.Image:
    width, height = size
    white, shade = rgb(0.93, 0.95, 0.98), rgb(0.66, 0.74, 0.87)
    scene = sky(rng, light, size, horizon)
    scene[horizon:] = ground(rng, light, (height - horizon, width), white, shade, grain=0.16, zoom=3.5)
    if rng.random() < 0.6:
        _mountains(scene, rng, light, horizon)
    image = pixels(scene)
    canvas = ImageDraw.Draw(image)
    if rng.random() < 0.7:
        _hills(canvas, rng, light, horizon, width, mix(white, shade, rng.random() * 0.5))
    heavy = rng.uniform(0.1, 0.9)
    for foot in np.sort(rng.beta(0.7, 2.5, int(rng.integers(0, 22)))):
        place = (rng.uniform(0, width), horizon + 3 + foot * (height - horizon) * 0.16)
        fir(canvas, rng, light, place, height * rng.uniform(0.07, 0.32) * (0.6 + foot), heavy)
    return image


def _mountains(scene: Field, rng: np.random.Generator, light: Light, horizon: int) -> None:
    """Peaks of rock and snow, painted into the rows above the horizon."""
    width = scene.shape[1]
    tall = horizon * rng.uniform(0.3, 0.8)
    line = ridge(rng, width, bumps=int(rng.integers(2, 5)), rough=0.45) * tall
    above = np.arange(horizon, 0, -1, dtype=np.float32)[:, None]
    inside = (above <= line[None, :])[..., None]
    tile = value_noise(rng, cells=8)
    relief = stand_up(tile, horizon, width, zoom=1.2)
    slope = np.convolve(np.gradient(line), np.ones(9) / 9, mode="same")[None, :]
    steep = slope * -light.direction[0] * 0.3 + (relief - 0.5) * 0.5
    cover = smooth_step(relief + above / np.float32(tall) * np.float32(0.5), 0.45, 0.7)[..., None]
    colour = (
        mix(rgb(0.34, 0.34, 0.38), rgb(0.92, 0.94, 0.98), cover)
        * (0.85 + np.clip(steep, -0.35, 0.3))[..., None]
    )
    lit = mix(light.on(colour, (light.direction[0], 0.7, 0.7)), light.horizon, rng.uniform(0.15, 0.5))
    scene[:horizon] = np.where(inside, lit, scene[:horizon])


def _seaside(rng: np.random.Generator, light: Light, size: tuple[int, int], horizon: int) -> Image.Image:
    width, height = size
    shore = int(horizon + (height - horizon) * rng.uniform(0.08, 0.3))
    scene = sky(rng, light, size, horizon)
    scene[horizon:shore] = _water(rng, light, shore - horizon, width)
    sand = rgb(*rng.uniform([0.62, 0.55, 0.40], [0.86, 0.78, 0.62]))
    quay = rgb(1, 0.98, 0.95) * rng.uniform(0.42, 0.66)
    base = sand if rng.random() < 0.5 else quay
    scene[shore:] = ground(rng, light, (height - shore, width), base, base * 0.8, grain=0.22, zoom=1.6)
    image = pixels(scene)
    canvas = ImageDraw.Draw(image)
    if rng.random() < 0.35:
        _hills(canvas, rng, light, horizon, width, rgb(0.32, 0.36, 0.36))
    for _ in range(int(rng.integers(0, 4))):
        _boat(
            canvas, rng, light, (rng.uniform(0, width), horizon + (shore - horizon) * rng.uniform(0.1, 0.7))
        )
    if base is quay:
        _railing(canvas, rng, light, width, shore)
    return image


def _water(rng: np.random.Generator, light: Light, rows: int, width: int) -> Field:
    """Waves that mirror the sky, with glitter under the sun."""
    deep = rgb(*rng.uniform([0.04, 0.16, 0.26], [0.16, 0.40, 0.46]))
    waves = lie_flat(value_noise(rng, cells=16), rows, width, zoom=0.8, stretch=4)[..., None]
    far = np.linspace(0.65, 0.15, rows, dtype=np.float32)[:, None, None]
    sea = mix(light.on(deep, (0, 1, 0.2)), light.horizon, np.clip(far + (waves - 0.5) * 0.5, 0, 1))
    across = (np.arange(width, dtype=np.float32) / width - 0.5 - light.direction[0] * 0.4)[None, :, None]
    glitter = np.exp(-((across / 0.18) ** 2)) * smooth_step(waves, 0.55, 0.8) * light.strength
    return mix(sea, light.sun, np.clip(glitter, 0, 1))


def _boat(canvas: Canvas, rng: np.random.Generator, light: Light, place: tuple[float, float]) -> None:
    x, y = place
    size = rng.uniform(5, 16)
    hull = ink(light.on(rgb(*rng.uniform(0.1, 0.9, 3)), (0, 0.3, 1)))
    sail = ink(light.on(rgb(0.95, 0.94, 0.90), (light.direction[0], 0.3, 0.7)))
    canvas.polygon(
        [(x - size, y - size / 3), (x + size, y - size / 3), (x + size * 0.7, y), (x - size * 0.7, y)], hull
    )
    canvas.polygon([(x + 1, y - size * 0.4), (x + 1, y - size * 2.4), (x + size * 0.9, y - size * 0.5)], sail)
    canvas.polygon([(x - 1, y - size * 0.4), (x - 1, y - size * 2.1), (x - size * 0.7, y - size * 0.5)], sail)


def _railing(canvas: Canvas, rng: np.random.Generator, light: Light, width: int, row: int) -> None:
    tall, gap = rng.uniform(16, 34), rng.uniform(14, 40)
    iron = ink(light.on(rgb(*([rng.uniform(0.2, 0.9)] * 3)), (0, 0.2, 1)))
    for share in (0.5, 1.0):
        canvas.line((0, row - tall * share, width, row - tall * share), iron, 2)
    for x in np.arange(0, width, gap):
        canvas.line((x, row + 2, x, row - tall), iron, 2)


_SCENES: dict[str, Callable[[np.random.Generator, Light, tuple[int, int], int], Image.Image]] = {
    "street": draw_street,
    "meadow": _meadow,
    "snow": _snow,
    "seaside": _seaside,
}
