"""Sky and ground, the two surfaces that every background has."""

import numpy as np
from PIL import Image

from kclass.drawing.light import Light
from kclass.drawing.textures import Colour, Field, lie_flat, mix, smooth_step, value_noise


def pixels(scene: Field) -> Image.Image:
    """A photo of floats 0 to 1, shape (height, width, 3), as RGB."""
    return Image.fromarray((np.clip(scene, 0, 1) * 255).astype(np.uint8))


def sky(rng: np.random.Generator, light: Light, size: tuple[int, int], horizon: int) -> Field:
    """Sky with clouds down to the horizon; the rows below it are still black.

    Returns:
        float32 of shape (height, width, 3), 0 to 1.
    """
    width, height = size
    scene = np.zeros((height, width, 3), np.float32)
    up = np.linspace(1, 0, horizon, dtype=np.float32)[:, None, None]
    air = mix(light.horizon, light.zenith, np.clip(up * rng.uniform(0.8, 1.3), 0, 1) ** 0.8)
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    glow = np.exp(-((across - light.direction[0]) ** 2) * 2 - up * 2) * 0.35 * light.strength
    air = mix(air, light.sun, np.clip(glow, 0, 1))
    tile = value_noise(rng, cells=int(rng.integers(3, 7)))
    zoom = rng.uniform(0.7, 2.5)
    cover = lie_flat(tile, horizon, width, zoom=zoom, stretch=1.6)[::-1, :, None]
    under = lie_flat(np.roll(tile, 17, axis=0), horizon, width, zoom=zoom, stretch=1.6)[::-1, :, None]
    edge = 0.85 - 0.6 * light.clouds
    cloud = mix(light.sun * 0.97, light.zenith * 0.5 + 0.32, smooth_step(under, edge, edge + 0.5))
    thick = smooth_step(cover, edge, edge + rng.uniform(0.12, 0.4)) * smooth_step(up, 0.0, 0.3) * 0.9
    scene[:horizon] = mix(air, cloud, thick)
    return scene


def ground(
    rng: np.random.Generator,
    light: Light,
    shape: tuple[int, int],
    high: Colour,
    low: Colour,
    *,
    grain: float,
    zoom: float = 1.0,
) -> Field:
    """Ground seen towards the horizon, its colour wandering between `high` and `low`.

    Args:
        rng: where its texture comes from.
        light: the light it lies in.
        shape: rows and columns.
        high: the colour of its lit grains.
        low: the colour between them.
        grain: contrast of the finest texture.
        zoom: how large the grains are at the near edge.

    Returns:
        float32 of shape (rows, columns, 3), 0 to 1.
    """
    rows, columns = shape
    broad = lie_flat(value_noise(rng), rows, columns, zoom=zoom * 4, stretch=2)
    fine = lie_flat(value_noise(rng, cells=64, octaves=3), rows, columns, zoom=zoom)
    near = np.linspace(0.25, 1, rows, dtype=np.float32)[:, None]
    colour = mix(low, high, smooth_step(broad, 0.2, 0.8)[..., None])
    texture = 1 + (fine - 0.5) * grain * 2 * near
    lit = light.on(colour * texture[..., None], (0, 1, 0))
    haze = np.linspace(0.35, 0, rows, dtype=np.float32)[:, None, None] ** 1.3
    return mix(lit, light.horizon, haze)
