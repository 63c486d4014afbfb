"""One photo explained: where the network saw evidence for a class."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.explanation.maps import verdict
from kclass.explanation.overlays import covered, overlay
from kclass.plots.lettering import lettered
from kclass.plots.saving import save_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Explained:
    """Where a network saw evidence for a class in one photo.

    Args:
        path: the photo's file.
        label: the class explained, as its folder is named.
        index: its place among the model's classes.
        probability: of that class, 0 to 1, as the Keras model gives it, which is calibrated.
        heat: float32 (h, w), 0 or more, on the grid of the layer, in units of the logit.
        photo: uint8 (size, size, 3), RGB, as the network saw it.
        aspect: width of the photo over its height as a person sees it; 1 unless it was squashed.
        layer: the layer whose activations are explained.
        method: as people call it.
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

    @property
    def verdict(self) -> str:
        """Why the map shows no place; empty if it shows one."""
        return verdict(self.heat)

    def plot(self) -> "Figure":
        """The photo, and beside it the photo under the map."""
        (name,) = lettered([self.label])
        return overlay(
            self.photo,
            self.heat,
            title=f"{name} {self.probability:.1%}",
            subtitle=f"{self.path.name} · {self.method} at {self.layer}",
            name=name,
            scale=float(self.heat.max()),
            aspect=self.aspect,
        )

    def picture(self) -> Image.Image:
        """The photo under the map in the shape that a person sees, its longer side the network's size.

        The hottest colour is the map's own peak. A map that shows no place leaves the photo as it is.
        """
        under = covered(self.photo, self.heat, scale=float(self.heat.max()))
        longer = self.photo.shape[0]
        width, height = (
            max(1, round(longer * side)) for side in (min(1, self.aspect), min(1, 1 / self.aspect))
        )
        return Image.fromarray(under).resize((width, height), Image.Resampling.BILINEAR)

    def save(self, path: str | Path) -> Path:
        """Write the picture as a PNG file, whole or not at all.

        Raises:
            OutputError: it cannot be written.
        """
        save_png(self.plot(), Path(path))
        return Path(path)

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain data, ready for JSON; the map row by row."""
        return {
            "path": str(self.path),
            "label": self.label,
            "index": self.index,
            "probability": self.probability,
            "heat": self.heat.tolist(),
            "layer": self.layer,
            "method": self.method,
            "verdict": self.verdict,
        }
