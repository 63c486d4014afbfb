"""The shapes of the two cars, drawn anew for each photo: no two have the same proportions."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kclass.drawing.geometry import Points, smooth
from kclass.drawing.textures import Colour, rgb

CLASSES = ("ferrari", "fiat-126")
COLOURS = ("black", "blue", "green", "red", "white", "yellow")

_STEPS = 6

_PAINTS = {
    "black": ((0.03, 0.03, 0.04), (0.10, 0.10, 0.12)),
    "blue": ((0.04, 0.14, 0.42), (0.16, 0.40, 0.78)),
    "green": ((0.04, 0.24, 0.12), (0.22, 0.52, 0.26)),
    "red": ((0.55, 0.03, 0.03), (0.80, 0.12, 0.10)),
    "white": ((0.80, 0.80, 0.77), (0.94, 0.94, 0.93)),
    "yellow": ((0.82, 0.60, 0.03), (0.95, 0.82, 0.18)),
}


@dataclass(frozen=True)
class Shape:
    """One car in metres: x forwards from its middle, y up from the ground.

    Args:
        outline: its side, shape (n, 2), from the tail over the roof to the nose and back below.
        parts: what the strip across the car at each edge of the outline is made of.
        width: across the body.
        shoulder: height above which the body leans inwards.
        lean: how much narrower the roof is, as a share of the width.
        plan: how much narrower nose and tail are, as a share of the width.
        wheels: x of the rear and front axle.
        radius: of the tyres.
        tyre: how wide the tyres are.
        rim: radius of the rim as a share of the tyre's.
        spokes: 0 for a plain steel rim.
        windows: polygons on the side, each of shape (m, 2).
        doors: polylines on the side.
        intake: a dark opening in the side, or None.
        wing: the profile of a spoiler, or None.
        lamps: height, distance from the middle and radius of the headlamps.
        rear_lamps: the same for the rear lamps.
        bumper: height of a bumper around nose and tail, or None.
        chrome: how bright bumpers and frames are, 0 to 1.
    """

    outline: Points
    parts: tuple[str, ...]
    width: float
    shoulder: float
    lean: float
    plan: float
    wheels: tuple[float, float]
    radius: float
    tyre: float
    rim: float
    spokes: int
    windows: tuple[Points, ...]
    doors: tuple[Points, ...]
    intake: Points | None
    wing: Points | None
    lamps: tuple[float, float, float]
    rear_lamps: tuple[float, float, float]
    bumper: float | None
    chrome: float

    @property
    def length(self) -> float:
        """From tail to nose in metres."""
        return float(np.ptp(self.outline[:, 0]))

    @property
    def height(self) -> float:
        """From the ground to the top in metres."""
        return float(self.outline[:, 1].max())

    def half(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far the body's side is from its middle plane at (x, y), in metres."""
        roof = np.clip((y - self.shoulder) / max(self.height - self.shoulder, 0.1), 0, 1)
        end = np.clip(np.abs(2 * x / self.length), 0, 1) ** 5
        return np.asarray(self.width / 2 * (1 - self.lean * roof) * (1 - self.plan * end))

    def side(self, points: Points, *, near: float = 1.0) -> Points:
        """Points (x, y) of the side, shape (n, 2), put on it in space, shape (n, 3).

        Args:
            points: shape (n, 2).
            near: 1 for the near side, -1 for the far one.
        """
        x, y = points.T
        return np.stack([x, y, near * self.half(x, y)], axis=1)


def draw_shape(label: str, rng: np.random.Generator) -> Shape:
    """A car of one of `CLASSES`, with proportions of its own."""
    return _SHAPES[label](rng)


def choose_paint(colour: str, rng: np.random.Generator) -> Colour:
    """A paint of one of `COLOURS`: every blue is another blue."""
    low, high = _PAINTS[colour]
    return rgb(*(np.asarray(low) + (np.asarray(high) - np.asarray(low)) * rng.beta(1.5, 1.5)))


def _outline(
    rng: np.random.Generator,
    corners: list[tuple[float, float, str]],
    size: tuple[float, float],
    roundness: tuple[float, float],
) -> tuple[Points, tuple[str, ...], Points]:
    """The jittered corners in metres, their smooth outline, and the part at each of its edges."""
    shares = np.array([corner[:2] for corner in corners])
    shares += rng.normal(0, 1, shares.shape) * [0.008, 0.016]
    points = (shares - [0.5, 0]) * size
    points[:, 1] *= size[1] / points[:, 1].max()
    outline = smooth(points, rng.uniform(*roundness), _STEPS)
    return outline, tuple(corner[2] for corner in corners for _ in range(_STEPS)), points


def _panel(cabin: Points, left: float, right: float, low: float, high: float) -> Points:
    """A part of the four-sided cabin (rear foot, rear top, front top, front foot) as a polygon."""
    rear_foot, rear_top, front_top, front_foot = cabin
    places = [(left, low), (left, high), (right, high), (right, low)]
    corners = []
    for across, up in places:
        foot, top = rear_foot + (front_foot - rear_foot) * across, rear_top + (front_top - rear_top) * across
        corners.append(foot + (top - foot) * up)
    return smooth(np.array(corners), 0.12, 4)


def _fiat(rng: np.random.Generator) -> Shape:
    length, height = rng.uniform(2.9, 3.25), rng.uniform(1.27, 1.44)
    corners = [
        (0.030, 0.150, "bumper"),
        (0.000, 0.300, "paint"),
        (0.012, 0.500, "paint"),
        (rng.uniform(0.05, 0.09), 0.620, "glass"),
        (rng.uniform(0.17, 0.26), 0.955, "paint"),
        (0.400, 1.000, "paint"),
        (rng.uniform(0.52, 0.60), 0.965, "glass"),
        (rng.uniform(0.69, 0.76), 0.645, "paint"),
        (0.930, rng.uniform(0.545, 0.60), "paint"),
        (0.990, 0.470, "paint"),
        (1.000, 0.300, "bumper"),
        (0.970, 0.150, "under"),
    ]
    outline, parts, points = _outline(rng, corners, (length, height), (0.25, 0.75))
    cabin = points[[3, 4, 6, 7]]
    split = rng.uniform(0.40, 0.50)
    windows = (_panel(cabin, 0.12, split - 0.03, 0.10, 0.84), _panel(cabin, split + 0.03, 0.93, 0.10, 0.84))
    rear, front = (rng.uniform(0.19, 0.22) - 0.5) * length, (rng.uniform(0.79, 0.82) - 0.5) * length
    hinge, latch = points[7, 0] - 0.06, rear + length * rng.uniform(0.24, 0.28)
    door = np.array(
        [[latch, 0.62 * height], [latch, 0.24 * height], [hinge, 0.22 * height], [hinge, 0.62 * height]]
    )
    return Shape(
        outline=outline,
        parts=parts,
        width=rng.uniform(1.32, 1.46),
        shoulder=0.60 * height,
        lean=rng.uniform(0.12, 0.22),
        plan=rng.uniform(0.04, 0.14),
        wheels=(rear, front),
        radius=rng.uniform(0.25, 0.29),
        tyre=rng.uniform(0.13, 0.17),
        rim=rng.uniform(0.58, 0.68),
        spokes=0,
        windows=windows,
        doors=(door,),
        intake=None,
        wing=None,
        lamps=(0.46 * height, rng.uniform(0.46, 0.52), rng.uniform(0.085, 0.115)),
        rear_lamps=(0.43 * height, rng.uniform(0.48, 0.56), rng.uniform(0.06, 0.09)),
        bumper=rng.uniform(0.26, 0.33) * height,
        chrome=rng.choice([0.1, 0.75]) * rng.uniform(0.7, 1.2),
    )


def _ferrari(rng: np.random.Generator) -> Shape:
    length, height = rng.uniform(4.15, 4.65), rng.uniform(1.08, 1.24)
    tail = rng.uniform(0.66, 0.80)
    corners = [
        (0.045, 0.150, "bumper"),
        (0.000, 0.340, "rear"),
        (0.012, tail, "paint"),
        (0.130, tail + rng.uniform(0.0, 0.06), "paint"),
        (rng.uniform(0.24, 0.30), rng.uniform(0.80, 0.88), "glass"),
        (rng.uniform(0.39, 0.44), 0.980, "paint"),
        (0.470, 1.000, "paint"),
        (rng.uniform(0.50, 0.55), 0.970, "glass"),
        (rng.uniform(0.65, 0.71), rng.uniform(0.64, 0.70), "paint"),
        (0.850, rng.uniform(0.50, 0.60), "paint"),
        (0.975, rng.uniform(0.36, 0.44), "paint"),
        (1.000, 0.280, "paint"),
        (0.985, 0.150, "under"),
    ]
    outline, parts, points = _outline(rng, corners, (length, height), (0.45, 1.0))
    belt = points[8, 1] + 0.02
    windows = _ferrari_windows(rng, points, belt)
    rear, front = (rng.uniform(0.19, 0.23) - 0.5) * length, (rng.uniform(0.77, 0.81) - 0.5) * length
    radius = rng.uniform(0.30, 0.345)
    latch, hinge = (
        rng.uniform(0.36, 0.42) * length - length / 2,
        rng.uniform(0.62, 0.66) * length - length / 2,
    )
    door = np.array(
        [[latch, belt], [latch - 0.06, 0.24 * height], [hinge, 0.2 * height], [hinge + 0.05, belt]]
    )
    intake = _intake(rear + radius * 1.25, latch, height)
    deck = points[2, 1] + rng.uniform(0.10, 0.26) * height
    wing = np.array([[-0.5, deck], [-0.49, deck + 0.05], [-0.42, deck + 0.04], [-0.415, deck - 0.01]]) * [
        length,
        1,
    ]
    return Shape(
        outline=outline,
        parts=parts,
        width=rng.uniform(1.84, 2.02),
        shoulder=0.55 * height,
        lean=rng.uniform(0.26, 0.38),
        plan=rng.uniform(0.10, 0.26),
        wheels=(rear, front),
        radius=radius,
        tyre=rng.uniform(0.24, 0.32),
        rim=rng.uniform(0.68, 0.78),
        spokes=int(rng.choice([5, 5, 6, 10])),
        windows=windows,
        doors=(door,),
        intake=intake if rng.random() < 0.75 else None,
        wing=wing if rng.random() < 0.65 else None,
        lamps=(0.37 * height, rng.uniform(0.60, 0.70), rng.uniform(0.06, 0.09)),
        rear_lamps=(0.56 * height, rng.uniform(0.52, 0.66), rng.uniform(0.07, 0.10)),
        bumper=None,
        chrome=0.1,
    )


def _ferrari_windows(rng: np.random.Generator, points: Points, belt: float) -> tuple[Points, ...]:
    """The side window and, in one car of two, a small one behind it."""
    cabin = np.array([[points[4, 0] - 0.08, belt], points[5], points[7], points[8]])
    windows = [_panel(cabin, rng.uniform(0.30, 0.40), 0.94, 0.10, 0.82)]
    if rng.random() < 0.5:
        windows.append(_panel(cabin, 0.12, 0.26, 0.12, 0.66))
    return tuple(windows)


def _intake(rear: float, front: float, height: float) -> Points:
    """The opening for air between the rear wheel and the door."""
    return np.array(
        [
            [rear, 0.38 * height],
            [rear + 0.06, 0.60 * height],
            [front - 0.10, 0.56 * height],
            [front - 0.05, 0.40 * height],
        ]
    )


_SHAPES: dict[str, Callable[[np.random.Generator], Shape]] = {"ferrari": _ferrari, "fiat-126": _fiat}
