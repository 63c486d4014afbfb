"""A car painted: from its shape, its view and its light to pixels with transparency."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from kclass.drawing.cars import Shape
from kclass.drawing.geometry import Points, View, circle
from kclass.drawing.light import Light
from kclass.drawing.textures import Colour, Field, ink, mix, rgb

_RUBBER = rgb(0.055, 0.055, 0.06)


@dataclass(frozen=True)
class Finish:
    """What a car's surface is like.

    Args:
        paint: its colour, float32 of shape (3,), 0 to 1.
        gloss: how much of the sky it mirrors, 0 to 1.
        dirt: how muddy it is below, 0 to 1.
        reflections: heights (0 sill, 1 roof) where the mirrored horizon begins and ends.
    """

    paint: Colour
    gloss: float
    dirt: float
    reflections: tuple[float, float]


def choose_finish(paint: Colour, rng: np.random.Generator) -> Finish:
    """A finish between dull and gleaming, clean and muddy."""
    start = rng.uniform(0.3, 0.45)
    return Finish(paint, rng.uniform(0.05, 0.6), rng.beta(1, 3), (start, start + rng.uniform(0.03, 0.12)))


class Painter:
    """Paints one car on a layer of its own.

    Args:
        size: width and height of the layer in pixels.
        shape: the car.
        view: how it stands before the camera, in pixels of the layer.
        light: the light it stands in.
        finish: its surface.
    """

    def __init__(self, size: tuple[int, int], shape: Shape, view: View, light: Light, finish: Finish) -> None:
        self.shape, self.view, self.light, self.finish = shape, view, light, finish
        self.layer = Image.new("RGBA", size, (0, 0, 0, 0))
        self.canvas = ImageDraw.Draw(self.layer)

    def paint(self) -> Image.Image:
        """The whole car, RGBA: opaque where the car is."""
        self._wheels(near=-1)
        self._fill(self._corner(self.shape.outline, -1), rgb(0.04, 0.04, 0.045))
        self._strips(self.shape.outline, self.shape.parts)
        self._ends()
        self._side()
        self._openings()
        self._wheels(near=1)
        self._trim()
        self._wing()
        return self.layer

    def _corner(self, points: Points, near: float) -> Points:
        return self.shape.side(points, near=near)

    def _fill(self, points: ArrayLike, colour: Field) -> None:
        self.canvas.polygon(self.view.pixels(points), fill=(*ink(colour), 255))

    def _line(self, points: ArrayLike, colour: Field, metres: float) -> None:
        wide = max(1, round(metres * self.view.scale))
        self.canvas.line(self.view.pixels(points), fill=(*ink(colour), 255), width=wide, joint="curve")

    def _lit(self, colour: Field, normal: ArrayLike) -> Field:
        return self.light.on(colour, self.view.world(normal)[0])

    def _strips(self, outline: Points, parts: tuple[str, ...]) -> None:
        """Roof, bonnet, glass, nose and tail: a strip across the car for each edge that is in sight."""
        near, far = self._corner(outline, 1), self._corner(outline, -1)
        edges = []
        for k, part in enumerate(parts):
            after = (k + 1) % len(parts)
            step = outline[after] - outline[k]
            normal = np.array([-step[1], step[0], 0.0])
            middle = (near[k] + far[after]) / 2
            if np.linalg.norm(normal) > 1e-9 and self.view.sees(middle, normal):
                depth = float(self.view.world(middle)[0, 2])
                edges.append((depth, part, np.stack([near[k], near[after], far[after], far[k]]), normal))
        for _, part, quad, normal in sorted(edges, key=lambda edge: edge[0]):
            self._fill(quad, self._strip_colour(part, normal))

    def _strip_colour(self, part: str, normal: NDArray[np.float64]) -> Field:
        up = max(0.0, float(normal[1] / np.linalg.norm(normal)))
        if part == "glass":
            return mix(
                rgb(0.06, 0.08, 0.10), mix(self.light.horizon, self.light.zenith, 0.4), 0.15 + 0.45 * up
            )
        if part in ("bumper", "under", "rear"):
            return self._lit(mix(rgb(0.07, 0.07, 0.075), self.finish.paint, 0.25), normal)
        return mix(
            self._lit(self.finish.paint, normal), self.light.zenith, self.finish.gloss * (0.10 + 0.35 * up)
        )

    def _ends(self) -> None:
        """Lamps, grille and plate of whichever end is in sight."""
        shape = self.shape
        for end, lamps in ((1.0, shape.lamps), (-1.0, shape.rear_lamps)):
            x = self._end(end, lamps[0])
            if not self.view.sees((x, lamps[0], 0), (end, 0, 0)):
                continue
            if shape.bumper is None:
                self._face(end, (0.24 * shape.height, 0.0), (0.30 * shape.width, 0.04), rgb(0.03, 0.03, 0.03))
            else:
                bright = rgb(1, 1, 1) * (0.08 + 0.7 * shape.chrome)
                self._face(end, (shape.bumper, 0.0), (0.49 * shape.width, 0.055), bright)
            self._face(end, (0.32 * shape.height, 0.0), (0.22, 0.05), rgb(0.85, 0.85, 0.80))
            for side in (-1, 1):
                self._lamp(end, lamps, side)

    def _end(self, end: float, height: float) -> float:
        """Where along the car the nose (`end` 1) or the tail (-1) is at a height."""
        x, y = self.shape.outline.T
        beyond = x[np.abs(y - height) < 0.09 * self.shape.height + 0.02]
        return float((beyond * end).max() * end) if beyond.size else end * self.shape.length / 2

    def _face(
        self, end: float, middle: tuple[float, float], half: tuple[float, float], colour: Field
    ) -> None:
        """A rectangle on the nose or tail: middle (height, across) and half its size (across, up)."""
        y, z = middle
        body = self.shape.half(np.array([self._end(end, y)]), np.array([y]))
        across = min(half[0], 0.85 * float(body[0]))
        low, high = (end * 0.01 + self._end(end, y + side * half[1]) for side in (-1, 1))
        corners = [(low, y - half[1], z - across), (low, y - half[1], z + across)]
        corners += [(high, y + half[1], z + across), (high, y + half[1], z - across)]
        self._fill(corners, self._lit(colour, (end, 0.2, 0)))

    def _lamp(self, end: float, lamps: tuple[float, float, float], side: int) -> None:
        y, across, radius = lamps
        x = self._end(end, y) + end * 0.01
        ring = circle(0, y, 0, radius)
        flat = np.stack([np.full(len(ring), x), ring[:, 1], ring[:, 0] + side * across], axis=1)
        self._fill(flat, rgb(0.75, 0.76, 0.78) * (0.5 + self.light.ambient * 0.4))
        middle = flat.mean(axis=0)
        inner = middle + (flat - middle) * 0.78
        self._fill(inner, rgb(0.97, 0.96, 0.90) if end > 0 else rgb(0.62, 0.05, 0.04))

    def _side(self) -> None:
        """The near side, shaded from sill to roof by what its paint mirrors."""
        points = self._corner(self.shape.outline, 1)
        stencil = Image.new("L", self.layer.size, 0)
        pixels = self.view.pixels(points)
        ImageDraw.Draw(stencil).polygon(pixels, fill=255)
        places = np.array(pixels)
        terms = np.column_stack([places, np.ones(len(places))])
        slope, *_ = np.linalg.lstsq(terms, points[:, 1] / self.shape.height, rcond=None)
        columns = np.arange(self.layer.width, dtype=np.float32) * np.float32(slope[0])
        rows = np.arange(self.layer.height, dtype=np.float32) * np.float32(slope[1])
        height = columns[None, :] + (rows + np.float32(slope[2]))[:, None]
        colours = Image.fromarray(self._shading(height))
        self.layer.paste(colours, (0, 0), stencil)

    def _shading(self, height: Field) -> NDArray[np.uint8]:
        """The near side at heights 0 (ground) to 1 (roof): RGB of shape (rows, columns, 3)."""
        start, end = self.finish.reflections
        steps = [0.0, 0.12, 0.25, start, end, 0.58, 0.63, 1.0]
        tone = np.interp(np.arange(257) / 256, steps, [0.35, 0.55, 0.78, 1.0, 0.80, 1.12, 0.92, 1.0])
        glow = np.interp(np.arange(257) / 256, steps, [0.0, 0.0, 0.05, 0.25, 0.08, 0.55, 0.2, 0.3])
        mud = np.interp(np.arange(257) / 256, [0.1, 0.55], [0.75, 0.0]) * self.finish.dirt
        base = self._lit(self.finish.paint, (0, 0.12, 1))
        table = mix(base * tone[:, None], self.light.horizon, glow[:, None] * self.finish.gloss)
        table = mix(table, self._lit(rgb(0.42, 0.36, 0.28), (0, 0.2, 1)), mud[:, None])
        levels = np.asarray(np.clip(table, 0, 1) * 255, np.uint8)
        return np.take(levels, np.clip(height * 256, 0, 256).astype(np.intp), axis=0)

    def _openings(self) -> None:
        """Windows, seams, handle, intake and wheel arches on the near side."""
        dark = self._lit(self.finish.paint, (0, 0.1, 1)) * 0.38
        for door in self.shape.doors:
            self._line(self._corner(door, 1), dark, 0.014)
            latch = door[0] + [0.16, -0.06 - 0.05 * self.shape.height]
            self._line(
                self._corner(latch + np.array([[0, 0], [0.14, 0]]), 1),
                rgb(0.5, 0.5, 0.5) * self.light.ambient,
                0.03,
            )
        if self.shape.intake is not None:
            self._fill(self._corner(self.shape.intake, 1), rgb(0.03, 0.03, 0.03))
        for window in self.shape.windows:
            self._window(window)
        for x in self.shape.wheels:
            arch = circle(x, self.shape.radius, 0, self.shape.radius * 1.14)[:, :2]
            arch[:, 1] = np.maximum(arch[:, 1], 0.11 * self.shape.height)
            self._fill(self._corner(arch, 1), rgb(0.02, 0.02, 0.022))

    def _window(self, window: Points) -> None:
        frame = mix(rgb(0.04, 0.04, 0.045), rgb(0.75, 0.76, 0.78) * self.light.ambient, self.shape.chrome)
        glass = mix(rgb(0.07, 0.085, 0.10), self.light.horizon, 0.18)
        self._fill(self._corner(window, 1), glass)
        low, high = window.min(axis=0), window.max(axis=0)
        seat = (
            np.array([[0.35, 0.0], [0.33, 0.55], [0.42, 0.7], [0.52, 0.66], [0.6, 0.0]]) * (high - low) + low
        )
        self._fill(self._corner(seat, 1), glass * 0.55)
        upper = window.copy()
        upper[:, 1] = np.maximum(upper[:, 1], low[1] + (high[1] - low[1]) * 0.55)
        sheen = mix(glass, self.light.horizon, 0.15 + 0.4 * self.finish.gloss)
        self._fill(self._corner(upper, 1), sheen)
        self._line(self._corner(np.vstack([window, window[:1]]), 1), frame, 0.022)

    def _wheels(self, near: int) -> None:
        shape = self.shape
        for x in shape.wheels:
            outer = near * (shape.width / 2 - 0.02)
            inner = outer - near * shape.tyre
            depths = np.linspace(inner, outer, 6) if near > 0 else np.linspace(outer, inner, 6)
            for z in depths:
                self._fill(
                    circle(x, shape.radius, z, shape.radius), _RUBBER * (0.5 + 0.5 * self.light.ambient)
                )
            if near > 0:
                self._rim(x, outer)

    def _rim(self, x: float, z: float) -> None:
        shape = self.shape
        middle, rim = shape.radius, shape.radius * shape.rim
        metal = self._lit(rgb(0.68, 0.69, 0.71) * (0.75 + 0.35 * shape.chrome), (0, 0.1, 1))
        self._fill(circle(x, middle, z, shape.radius), _RUBBER * (0.7 + 0.5 * self.light.ambient))
        self._fill(circle(x, middle, z, rim), metal)
        if shape.spokes:
            self._fill(circle(x, middle, z, rim * 0.88), rgb(0.06, 0.06, 0.065))
            for angle in np.arange(shape.spokes) * (2 * np.pi / shape.spokes) + x * 7:
                tip = np.array([x + np.cos(angle) * rim * 0.92, middle + np.sin(angle) * rim * 0.92, z])
                self._line(np.array([[x, middle, z], tip]), metal, rim * (1.5 / (shape.spokes + 1.5)))
        else:
            self._fill(circle(x, middle, z, rim * 0.72), metal * 0.62)
            self._fill(circle(x, middle, z, rim * 0.62), metal * 0.9)
        self._fill(circle(x, middle, z, rim * 0.26), metal * 1.1)

    def _trim(self) -> None:
        """Bumpers, lamps seen from the side, indicator and mirror."""
        shape = self.shape
        if shape.bumper is not None:
            bright = rgb(1, 1, 1) * (0.10 + 0.65 * shape.chrome) * (0.4 + 0.5 * self.light.ambient)
            for end in (-1.0, 1.0):
                x = self._end(end, shape.bumper)
                bar = np.array([[x - end * 0.26, shape.bumper], [x - end * 0.02, shape.bumper]])
                self._line(self._corner(bar, 1), bright, 0.09)
        for end, lamps, colour in (
            (1.0, shape.lamps, rgb(0.95, 0.62, 0.2)),
            (-1.0, shape.rear_lamps, rgb(0.62, 0.06, 0.05)),
        ):
            x = self._end(end, lamps[0]) - end * 0.05
            light = circle(x, lamps[0], 0, lamps[2] * 0.8)[:, :2] * [1, 1]
            light[:, 0] = x + (light[:, 0] - x) * 0.5
            self._fill(self._corner(light, 1), colour * (0.4 + 0.6 * self.light.ambient))
        place = np.array([shape.doors[0][-1, 0] - 0.06, shape.doors[0][-1, 1] + 0.06])
        mirror = circle(place[0], place[1], 0, 0.07, 12)
        mirror[:, 2] = float(shape.half(place[:1], place[1:])[0]) + 0.06
        self._fill(mirror, self._lit(self.finish.paint, (0, 0.2, 1)) * 0.8)

    def _wing(self) -> None:
        wing = self.shape.wing
        if wing is None:
            return
        colour = self._lit(self.finish.paint, (0, 0.3, 1))
        foot = np.array([[wing[0, 0] + 0.02, self.shape.shoulder], [wing[0, 0], wing[0, 1]]])
        foot = np.vstack([foot, wing[3], [wing[3, 0] + 0.1, self.shape.shoulder]])
        z = self.shape.width * 0.42
        for side in (-1, 1):
            self._fill(np.column_stack([foot, np.full(4, side * z)]), colour * (0.45 if side < 0 else 0.85))
        for k in (3, 0, 1):
            after = (k + 1) % 4
            quad = [(*wing[k], z), (*wing[after], z), (*wing[after], -z), (*wing[k], -z)]
            step = wing[after] - wing[k]
            self._fill(quad, self._lit(self.finish.paint, (-step[1], step[0], 0)))
        self._fill(np.column_stack([wing, np.full(4, z)]), colour)
