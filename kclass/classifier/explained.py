"""One photo explained: where the network saw evidence for a class."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.explanation.heat import covered, own_scale, square_side
from kclass.explanation.maps import verdict
from kclass.explanation.methods import PHOTO
from kclass.explanation.overlays import ShownMap, overlay
from kclass.explanation.places import Peak, half_area, peak
from kclass.plots.lettering import file_names, lettered
from kclass.plots.saving import as_png, save_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Explained:
    """Where a network saw evidence for a class in one photo. A notebook shows `plot()`.

    Args:
        path: the photo's file.
        label: the class explained, as its folder is named.
        index: its place among the model's classes.
        probability: of that class, 0 to 1, as the Keras model gives it, which is calibrated.
        heat: float32 (h, w), 0 or more, on the grid of the layer, or of the photo for methods that look
            at pixels; its numbers are what `unit` says.
        photo: uint8 (size, size, 3), RGB, as the network saw it.
        aspect: width of the photo over its height as a person sees it; 1 unless it was squashed.
        layer: the layer whose activations are explained; "photo" for methods that look at no layer.
        method: as people call it.
        unit: what the map's numbers are.
        flips: whether the map is the mean with the mirrored photo's map turned back.
    """

    path: Path
    label: str
    index: int
    probability: float
    heat: NDArray[np.float32] = field(repr=False)
    photo: NDArray[np.uint8] = field(repr=False)
    aspect: float
    layer: str
    method: str
    unit: str
    flips: bool = False

    @property
    def verdict(self) -> str:
        """Why the map shows no place; empty if it shows one."""
        return verdict(self.heat)

    @property
    def scale(self) -> float:
        """The heat that has the hottest colour if nobody says otherwise.

        It is the map's peak. A map of 64 cells along each side or more is shown as means of squares, 32
        along a side, and its scale is the heat that 99.5 % of those do not exceed; a bar then says "≥".
        0 if the map shows no place.
        """
        return own_scale(self.heat)

    @property
    def peak(self) -> Peak | None:
        """The hottest place; None if the map shows none."""
        return None if self.verdict else peak(self.heat)

    @property
    def half_area(self) -> float | None:
        """The smallest share of the photo that holds half of the evidence; None if the map shows no place."""
        return None if self.verdict else half_area(self.heat)

    @property
    def name(self) -> str:
        """The class as figures show it."""
        # A name without a sign that can be drawn is called after its place.
        return lettered([*[""] * self.index, self.label])[-1]

    def plot(self, *, scale: float | None = None) -> "Figure":
        """The photo, and beside it the photo under the map, with a bar that says what a colour stands for.

        Args:
            scale: the heat that has the hottest colour, so that several maps can share one; what is
                hotter looks the same, and the bar says so. None for the map's own `scale`.

        Raises:
            OptionError: `scale` is not above 0.
        """
        return overlay(
            self.photo,
            [self.shown_map()],
            subtitle=self.made_of(),
            unit=self.unit,
            scale=self.scale if scale is None else scale,
            aspect=self.aspect,
        )

    def shown_map(self) -> ShownMap:
        """The map as an overlay shows it."""
        name = self.name
        return ShownMap(self.heat, name, f"{name} {self.probability:.1%}")

    @property
    def made(self) -> str:
        """How the map was made, in a line."""
        side, cells = square_side(self.heat), "pixels" if self.layer == PHOTO else "cells"
        parts = [
            self.method if self.layer == PHOTO else f"{self.method} at {self.layer}",
            "with the mirrored photo" if self.flips else "",
            f"shown as means of {side} × {side} {cells}" if side > 1 else "",  # noqa: RUF001
        ]
        return ", ".join(filter(None, parts))

    def made_of(self) -> str:
        """Of which photo the map was made, and how, in a line that figures can show."""
        (file,) = file_names([self.path])
        return f"{file} · {self.made}"

    def picture(self, *, scale: float | None = None) -> Image.Image:
        """The photo under the map in the shape that a person sees, its longer side the network's size.

        A map that shows no place leaves the photo as it is.

        Args:
            scale: the heat that has the hottest colour; None for the map's own `scale`.

        Raises:
            OptionError: `scale` is not above 0.
        """
        return self._in_shape(covered(self.photo, self.heat, scale=self.scale if scale is None else scale))

    def plain(self) -> Image.Image:
        """The photo by itself, of the shape and size of `picture`."""
        return self._in_shape(self.photo)

    def save(self, path: str | Path, *, scale: float | None = None) -> Path:
        """Write what `plot` draws as a PNG file, whole or not at all.

        Args:
            path: the file.
            scale: the heat that has the hottest colour; None for the map's own `scale`.

        Raises:
            OutputError: it cannot be written.
            OptionError: `scale` is not above 0.
        """
        save_png(self.plot(scale=scale), Path(path))
        return Path(path)

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain data, ready for JSON; the map row by row, None for what is not finite."""
        place = self.peak
        return {
            "path": str(self.path),
            "label": self.label,
            "index": self.index,
            "probability": _plain(self.probability),
            "heat": _rows(self.heat),
            "layer": self.layer,
            "method": self.method,
            "unit": self.unit,
            "flips": self.flips,
            "verdict": self.verdict,
            "scale": self.scale,
            "peak": None if place is None else asdict(place),
            "half_area": self.half_area,
        }

    def _repr_png_(self) -> bytes:
        return as_png(self.plot())

    def _in_shape(self, pixels: NDArray[np.uint8]) -> Image.Image:
        longer = pixels.shape[0]
        width, height = (
            max(1, round(longer * side)) for side in (min(1, self.aspect), min(1, 1 / self.aspect))
        )
        return Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)


def _rows(heat: NDArray[np.float32]) -> list[list[float | None]]:
    rows: list[list[float | None]] = heat.tolist()
    if np.isfinite(heat).all():
        return rows
    return [[None if value is None else _plain(value) for value in row] for row in rows]


def _plain(number: float) -> float | None:
    """A number as JSON has it; it has none that is not finite."""
    return number if math.isfinite(number) else None
