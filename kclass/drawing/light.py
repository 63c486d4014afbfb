"""The light of a scene: time of day, weather, and where the sun stands."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kclass.drawing.textures import Colour, Field, mix, rgb


@dataclass(frozen=True)
class Light:
    """The light of a scene; colours are float32 of shape (3,), 0 to 1.

    The world's axes: x to the right, y up, z towards the viewer.
    """

    sun: Colour
    zenith: Colour
    horizon: Colour
    ambient: float
    strength: float
    clouds: float
    direction: Field

    def on(self, colour: ArrayLike, normal: ArrayLike) -> Field:
        """The colour of a matt surface that faces along `normal` (Lambert's cosine law)."""
        towards = np.asarray(normal, np.float32)
        facing = max(0.0, float(towards @ self.direction) / max(float(np.linalg.norm(towards)), 1e-6))
        above = mix(self.horizon, self.zenith, 0.5) * 0.35 + 0.65
        return np.asarray(colour, np.float32) * (self.ambient * above + self.strength * facing * self.sun)


#           sun               zenith             horizon            ambient, strength, clouds
_MOODS = {
    "noon": (rgb(1, 0.98, 0.93), rgb(0.26, 0.48, 0.82), rgb(0.70, 0.82, 0.93), 0.62, 0.72, 0.35),
    "overcast": (rgb(0.93, 0.94, 0.96), rgb(0.60, 0.64, 0.69), rgb(0.80, 0.82, 0.84), 0.88, 0.20, 0.75),
    "golden": (rgb(1, 0.78, 0.50), rgb(0.36, 0.47, 0.68), rgb(0.97, 0.78, 0.55), 0.54, 0.74, 0.40),
    "dusk": (rgb(0.85, 0.66, 0.72), rgb(0.16, 0.20, 0.38), rgb(0.78, 0.52, 0.48), 0.50, 0.26, 0.50),
}


def choose_light(rng: np.random.Generator) -> Light:
    """A light between two of noon, overcast, golden hour and dusk, the sun anywhere above."""
    first, second = (_MOODS[str(name)] for name in rng.choice(list(_MOODS), 2, p=[0.38, 0.28, 0.24, 0.10]))
    share = float(rng.beta(0.6, 0.6))
    sun, zenith, horizon = (mix(first[k], second[k], share) for k in range(3))
    ambient, strength, clouds = (float(mix(first[k], second[k], share)) for k in range(3, 6))
    side = rng.uniform(-1, 1) * np.pi * 0.62
    height = np.radians(rng.uniform(22, 65))
    direction = np.array([np.sin(side) * np.cos(height), np.sin(height), np.cos(side) * np.cos(height)])
    return Light(
        sun=sun,
        zenith=zenith,
        horizon=horizon,
        ambient=ambient * rng.uniform(0.85, 1.15),
        strength=strength * rng.uniform(0.7, 1.2),
        clouds=float(np.clip(clouds + rng.normal(0, 0.2), 0, 1)),
        direction=direction.astype(np.float32),
    )
