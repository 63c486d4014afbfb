"""Trees, firs, bushes, grass and flowers."""

import numpy as np
from PIL import ImageDraw

from kclass.drawing.light import Light
from kclass.drawing.textures import Colour, ink, rgb

Canvas = ImageDraw.ImageDraw


def leaf_colour(rng: np.random.Generator) -> Colour:
    """A green between spring and pine, now and then an autumn one."""
    if rng.random() < 0.12:
        return rgb(*rng.uniform([0.45, 0.25, 0.05], [0.70, 0.42, 0.14]))
    return rgb(*rng.uniform([0.10, 0.24, 0.05], [0.34, 0.48, 0.18]))


def foliage(
    canvas: Canvas,
    rng: np.random.Generator,
    light: Light,
    centre: tuple[float, float],
    radii: tuple[float, float],
    colour: Colour,
) -> None:
    """A crown of leaves: many blots, those towards the light brighter."""
    count = int(np.clip(radii[0] * radii[1] / 12, 30, 200))
    angle, reach = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.random(count))
    across, up = np.cos(angle) * reach, np.sin(angle) * reach
    size = min(radii) * rng.uniform(0.09, 0.27, count)
    lit = 0.62 + 0.38 * (across * light.direction[0] + up * light.direction[1])
    for k in np.argsort(lit + rng.normal(0, 0.15, count)):
        normal = (across[k], up[k] + 0.3, 0.6)
        shade = light.on(colour * (lit[k] + rng.normal(0, 0.1)), normal)
        x, y = centre[0] + across[k] * radii[0], centre[1] - up[k] * radii[1]
        canvas.ellipse((x - size[k], y - size[k] * 0.8, x + size[k], y + size[k] * 0.8), fill=ink(shade))


def tree(
    canvas: Canvas, rng: np.random.Generator, light: Light, foot: tuple[float, float], tall: float
) -> None:
    """A tree with a round crown, `tall` pixels high."""
    x, y = foot
    trunk = max(1.0, tall * rng.uniform(0.03, 0.06))
    bark = ink(light.on(rgb(0.26, 0.19, 0.13), (light.direction[0], 0, 0.8)))
    canvas.polygon(
        [(x - trunk, y), (x + trunk, y), (x + trunk / 2, y - tall / 2), (x - trunk / 2, y - tall / 2)], bark
    )
    wide = tall * rng.uniform(0.24, 0.42)
    foliage(canvas, rng, light, (x, y - tall * 0.64), (wide, tall * 0.37), leaf_colour(rng))


def fir(
    canvas: Canvas,
    rng: np.random.Generator,
    light: Light,
    foot: tuple[float, float],
    tall: float,
    snow: float,
) -> None:
    """A fir, `tall` pixels high, with a share `snow` of its branches white."""
    x, y = foot
    wide = tall * rng.uniform(0.18, 0.27)
    green = rgb(*rng.uniform([0.05, 0.14, 0.09], [0.13, 0.25, 0.16]))
    layers = int(rng.integers(5, 9))
    for k in range(layers):
        low, high = y - tall * (0.06 + 0.86 * k / layers), y - tall * (0.06 + 0.86 * (k + 1.7) / layers)
        half = wide * (1 - k / layers) * rng.uniform(0.85, 1.15) + 1
        lean = rng.normal(0, 0.04) * wide
        dark, lit = (
            light.on(green, normal)
            for normal in ((-light.direction[0], 0.2, 0.4), (light.direction[0], 0.6, 0.4))
        )
        canvas.polygon([(x - half, low), (x + half, low), (x + lean, max(high, y - tall))], ink(dark))
        side = np.sign(light.direction[0]) or 1.0
        canvas.polygon([(x + side * half, low), (x, low - 1), (x + lean, max(high, y - tall))], ink(lit))
        if rng.random() < snow:
            white = light.on(rgb(0.93, 0.95, 0.98), (light.direction[0], 1, 0.3))
            drop = (low - high) * rng.uniform(0.25, 0.5)
            canvas.polygon(
                [
                    (x - half * 0.7, low - drop * 0.4),
                    (x + half * 0.55, low - drop * 0.5),
                    (x + lean, high + drop * 0.2),
                ],
                ink(white),
            )


def tufts(
    canvas: Canvas,
    rng: np.random.Generator,
    light: Light,
    box: tuple[float, float, float, float],
    colour: Colour,
    count: int,
) -> None:
    """Blades of grass rooted in a box (left, top, right, bottom), longer towards its bottom."""
    left, top, right, bottom = box
    for depth in np.sort(rng.random(count)):
        x, y = rng.uniform(left, right), top + (bottom - top) * depth
        tall = (3 + 11 * depth) * rng.uniform(0.5, 1.3)
        shade = light.on(colour * rng.uniform(0.55, 1.35), (0, 1, 0.4))
        canvas.line((x, y, x + rng.normal(0, tall * 0.35), y - tall), ink(shade), 1 + int(depth * 1.7))


def flowers(
    canvas: Canvas, rng: np.random.Generator, light: Light, box: tuple[float, float, float, float], count: int
) -> None:
    """Dots of one or two colours over a box, denser and smaller towards its top."""
    left, top, right, bottom = box
    colours = rng.uniform([0.6, 0.4, 0.3], [1, 1, 0.95], (2, 3)).astype(np.float32)
    for _ in range(count):
        near = rng.random() ** 2
        x, y, size = rng.uniform(left, right), top + (bottom - top) * near, 0.6 + 2.6 * near
        shade = ink(light.on(colours[rng.integers(2)], (0, 1, 0.3)))
        canvas.ellipse((x - size, y - size * 0.7, x + size, y + size * 0.7), fill=shade)
