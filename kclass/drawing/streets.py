"""The street: houses, pavement, kerb and road."""

import numpy as np
from PIL import Image, ImageDraw

from kclass.drawing.light import Light
from kclass.drawing.plants import Canvas, tree
from kclass.drawing.surfaces import ground, pixels, sky
from kclass.drawing.textures import Colour, ink, mix, rgb, stand_up, value_noise

Box = tuple[float, float, float, float]

_FRONTS = (
    (0.78, 0.68, 0.52),
    (0.62, 0.36, 0.27),
    (0.70, 0.70, 0.68),
    (0.80, 0.60, 0.48),
    (0.52, 0.55, 0.58),
    (0.86, 0.82, 0.72),
)


def draw_street(rng: np.random.Generator, light: Light, size: tuple[int, int], horizon: int) -> Image.Image:
    """A row of houses behind a pavement, a kerb and a road."""
    width, height = size
    foot = int(horizon + (height - horizon) * rng.uniform(0.08, 0.25))
    kerb = int(foot + (height - foot) * rng.uniform(0.06, 0.22))
    stone = rgb(1, 0.99, 0.97) * rng.uniform(0.48, 0.68)
    tar = rgb(0.98, 0.99, 1.02) * rng.uniform(0.24, 0.46)
    scene = sky(rng, light, size, foot)
    scene[foot:kerb] = ground(rng, light, (kerb - foot, width), stone, stone * 0.85, grain=0.12)
    scene[kerb:] = ground(rng, light, (height - kerb, width), tar, tar * 0.82, grain=0.3, zoom=0.8)
    image = pixels(scene)
    canvas = ImageDraw.Draw(image)
    _houses(canvas, rng, light, width, foot)
    image = _weather(image, rng, foot)
    canvas = ImageDraw.Draw(image)
    _paving(canvas, rng, light, width, (foot, kerb))
    _markings(canvas, rng, light, size, kerb)
    for x in rng.uniform(0, width, int(rng.integers(0, 4))):
        _post_or_tree(canvas, rng, light, (x, foot + (kerb - foot) * 0.6), height)
    return image


def _houses(canvas: Canvas, rng: np.random.Generator, light: Light, width: int, foot: int) -> None:
    left = -rng.uniform(0, width * 0.2)
    while left < width:
        right = left + width * rng.uniform(0.13, 0.42)
        if rng.random() < 0.88:
            _house(canvas, rng, light, (left, foot * rng.uniform(-0.3, 0.55), right, float(foot)))
        left = right + (rng.uniform(0, width * 0.12) if rng.random() < 0.2 else 0)


def _house(canvas: Canvas, rng: np.random.Generator, light: Light, box: Box) -> None:
    left, top, right, bottom = box
    front = np.asarray(_FRONTS[rng.integers(len(_FRONTS))], np.float32) * rng.uniform(0.75, 1.1)
    wall = light.on(front, (0, 0.1, 1))
    canvas.rectangle(box, fill=ink(wall))
    if rng.random() < 0.6:
        eave = rng.uniform(4, 12)
        canvas.rectangle(
            (left - 2, top - eave, right + 2, top), fill=ink(light.on(rgb(0.36, 0.22, 0.18), (0, 0.7, 0.7)))
        )
    storey = rng.uniform(34, 70)
    columns = max(1, int((right - left) / rng.uniform(26, 55)))
    step = (right - left) / columns
    wide, tall = step * rng.uniform(0.34, 0.6), storey * rng.uniform(0.45, 0.66)
    frame = light.on(mix(front, rgb(0.95, 0.95, 0.93), rng.random()), (0, 0.1, 1))
    shutter = light.on(rgb(*rng.uniform(0.15, 0.5, 3)), (0, 0.1, 1)) if rng.random() < 0.3 else None
    for row in np.arange(bottom - storey * 1.15, top + tall + storey * 0.2, -storey):
        for k in range(columns):
            x, y = left + (k + 0.5) * step, row - storey * 0.15
            _window(canvas, rng, light, (x - wide / 2, y - tall, x + wide / 2, y), frame, shutter)
    _ground_floor(canvas, rng, light, (left, bottom - storey, right, bottom), wall)


def _window(
    canvas: Canvas, rng: np.random.Generator, light: Light, box: Box, frame: Colour, shutter: Colour | None
) -> None:
    left, top, right, bottom = box
    canvas.rectangle((left - 2, top - 2, right + 2, bottom + 2), fill=ink(frame))
    glass = mix(rgb(0.12, 0.14, 0.17), light.horizon, rng.uniform(0, 0.55))
    if light.ambient < 0.5 and rng.random() < 0.35:
        glass = rgb(0.98, 0.82, 0.50) * rng.uniform(0.7, 1)
    canvas.rectangle(box, fill=ink(glass))
    middle = (left + right) / 2
    canvas.line((middle, top, middle, bottom), ink(frame), 1)
    if shutter is not None:
        half = (right - left) / 2
        canvas.rectangle((left - half, top, left - 2, bottom), fill=ink(shutter))
        canvas.rectangle((right + 2, top, right + half, bottom), fill=ink(shutter))


def _ground_floor(canvas: Canvas, rng: np.random.Generator, light: Light, box: Box, wall: Colour) -> None:
    left, top, right, bottom = box
    tall = bottom - top
    if rng.random() < 0.5:
        canvas.rectangle((left, top + tall * 0.12, right, bottom), fill=ink(wall * rng.uniform(0.6, 1)))
        glass = mix(rgb(0.10, 0.11, 0.13), light.horizon, rng.uniform(0, 0.4))
        canvas.rectangle((left + 6, top + tall * 0.32, right - 6, bottom - tall * 0.12), fill=ink(glass))
        if rng.random() < 0.7:
            cloth = light.on(rgb(*rng.uniform(0.1, 0.85, 3)), (0, 0.8, 0.6))
            corners = [(left + 4, top + tall * 0.2), (right - 4, top + tall * 0.2)]
            canvas.polygon([*corners, (right, top + tall * 0.42), (left, top + tall * 0.42)], ink(cloth))
        return
    door = light.on(rgb(*rng.uniform(0.08, 0.5, 3)), (0, 0, 1))
    x, wide = rng.uniform(left, max(left + 1, right - 24)), tall * rng.uniform(0.3, 0.45)
    canvas.rectangle((x, bottom - tall * 0.8, x + wide, bottom), fill=ink(door))


def _weather(image: Image.Image, rng: np.random.Generator, foot: int) -> Image.Image:
    """Stains on everything above the pavement, so that no wall is one flat colour."""
    scene = np.asarray(image, np.float32) / np.float32(255)
    stain = stand_up(value_noise(rng, cells=6, octaves=6), foot, scene.shape[1], zoom=1.7)[..., None]
    scene[:foot] *= 0.9 + 0.2 * stain
    return pixels(scene)


def _paving(
    canvas: Canvas, rng: np.random.Generator, light: Light, width: int, rows: tuple[int, int]
) -> None:
    foot, kerb = rows
    seam = ink(light.on(rgb(0.36, 0.35, 0.34), (0, 1, 0)))
    middle, gap = width * rng.uniform(0.2, 0.8), rng.uniform(18, 44)
    for k in range(-60, 60):
        canvas.line((middle + k * gap, foot, middle + k * gap * (1 + (kerb - foot) / 120), kerb), seam, 1)
    edge = rng.uniform(3, 7)
    canvas.rectangle((0, kerb - 2, width, kerb), fill=ink(light.on(rgb(0.74, 0.73, 0.70), (0, 1, 0))))
    canvas.rectangle((0, kerb, width, kerb + edge), fill=ink(light.on(rgb(0.42, 0.42, 0.42), (0, 0, 1))))


def _markings(
    canvas: Canvas, rng: np.random.Generator, light: Light, size: tuple[int, int], kerb: int
) -> None:
    width, height = size
    if rng.random() < 0.4:
        return
    paint = ink(light.on(rgb(0.80, 0.80, 0.76), (0, 1, 0)))
    row = kerb + (height - kerb) * rng.uniform(0.62, 0.95)
    thick, dash = rng.uniform(3, 9), rng.uniform(60, 160)
    solid = rng.random() < 0.4
    for x in np.arange(-rng.uniform(0, dash), width, dash):
        end = x + dash * (1.01 if solid else 0.55)
        canvas.polygon([(x, row), (end, row), (end + thick, row + thick), (x + thick, row + thick)], paint)


def _post_or_tree(
    canvas: Canvas, rng: np.random.Generator, light: Light, foot: tuple[float, float], height: int
) -> None:
    x, y = foot
    if rng.random() < 0.5:
        tree(canvas, rng, light, foot, height * rng.uniform(0.25, 0.55))
        return
    iron = ink(light.on(rgb(0.25, 0.26, 0.27), (light.direction[0], 0, 0.7)))
    top = y - height * rng.uniform(0.3, 0.7)
    canvas.line((x, y, x, top), iron, 4)
    if rng.random() < 0.5:
        sign = ink(light.on(rgb(*rng.uniform([0.1, 0.1, 0.1], [0.9, 0.5, 0.9])), (0, 0, 1)))
        canvas.ellipse((x - 12, top - 12, x + 12, top + 12), fill=sign, outline=(230, 230, 230), width=3)
    else:
        canvas.line((x, top, x + rng.choice([-1, 1]) * 26, top - 6), iron, 3)
