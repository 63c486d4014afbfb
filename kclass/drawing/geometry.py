"""Where the points of a car in metres fall on the photo in pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """How a car stands before the camera.

    A car's own axes: x forwards from its middle, y up from the ground, z towards its near side.

    Args:
        facing: 1 if it drives to the right, -1 to the left.
        yaw: how far it is turned about the upright, in radians; 0 is the exact side.
        pitch: how far the camera looks down, in radians.
        roll: how far the photo is tilted, in radians.
        distance: from the camera to the car, in metres.
        scale: pixels a metre at the car's middle.
        anchor: (x, y) in pixels of the ground under the car's middle.
    """

    facing: int
    yaw: float
    pitch: float
    roll: float
    distance: float
    scale: float
    anchor: tuple[float, float]

    def world(self, points: ArrayLike) -> Points:
        """Points or directions of the car, shape (n, 3), in the world's axes (x right, y up, z near)."""
        x, y, z = np.asarray(points, np.float64).reshape(-1, 3).T
        x = x * self.facing
        turn, side = np.cos(self.yaw), np.sin(self.yaw)
        return np.stack([x * turn + z * side, y, z * turn - x * side], axis=1)

    def ground(self, points: ArrayLike, direction: ArrayLike) -> Points:
        """Where the shadows of the car's points fall, in the world's axes, shape (n, 3)."""
        x, y, z = self.world(points).T
        towards = np.asarray(direction, np.float64)
        fall = y / max(towards[1], 0.4)
        return np.stack([x - towards[0] * fall, np.zeros_like(y), z - towards[2] * fall], axis=1)

    def screen(self, places: Points) -> list[tuple[float, float]]:
        """Pixels (x, y) of points in the world's axes, in perspective."""
        x, y, z = places.T
        up = y * np.cos(self.pitch) - z * np.sin(self.pitch)
        near = z * np.cos(self.pitch) + y * np.sin(self.pitch)
        size = self.scale * self.distance / (self.distance - near)
        across, down = x * size, -up * size
        turn, side = np.cos(self.roll), np.sin(self.roll)
        columns = self.anchor[0] + across * turn - down * side
        rows = self.anchor[1] + across * side + down * turn
        return list(zip(columns.tolist(), rows.tolist(), strict=True))

    def pixels(self, points: ArrayLike) -> list[tuple[float, float]]:
        """Pixels (x, y) of points of the car, shape (n, 3)."""
        return self.screen(self.world(points))

    def sees(self, place: ArrayLike, normal: ArrayLike) -> bool:
        """Whether a surface of the car at `place` that faces along `normal` is turned to the camera."""
        camera = self.distance * np.array([0, np.sin(self.pitch), np.cos(self.pitch)])
        return bool(self.world(normal)[0] @ (camera - self.world(place)[0]) > 0)


def smooth(points: Points, roundness: float, steps: int = 6) -> Points:
    """A closed outline through `points`, shape (n, 2), with `steps` points to each of its edges.

    Args:
        points: the corners, in order.
        roundness: 0 gives straight edges, 1 a Catmull-Rom spline (Catmull and Rom, 1974).
        steps: points to each edge.

    Returns:
        float64 of shape (n * steps, 2); edge k of the corners is rows k * steps and following.
    """
    before, after, next_after = (np.roll(points, shift, axis=0) for shift in (1, -1, -2))
    t = (np.arange(steps) / steps)[None, :, None]
    start, end = points[:, None], after[:, None]
    straight = start + (end - start) * t
    lead, trail = (after - before)[:, None] / 2, (next_after - points)[:, None] / 2
    curve = (
        (2 * t**3 - 3 * t**2 + 1) * start
        + (t**3 - 2 * t**2 + t) * lead
        + (3 * t**2 - 2 * t**3) * end
        + (t**3 - t**2) * trail
    )
    return np.asarray((straight + (curve - straight) * roundness).reshape(-1, 2))


def circle(x: float, y: float, z: float, radius: float, count: int = 32) -> Points:
    """A circle on the car's side, shape (count, 3)."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle), np.full(count, z)], axis=1)
