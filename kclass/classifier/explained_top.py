"""One photo explained for its most probable classes, side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kclass.classifier.explained import Explained
from kclass.explanation.overlays import overlay
from kclass.plots.saving import as_png, save_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class ExplainedTop:
    """Where a network saw evidence for each of the most probable classes of one photo.

    Args:
        maps: one for each class, the most probable first.
    """

    maps: tuple[Explained, ...]

    def __len__(self) -> int:
        return len(self.maps)

    def __iter__(self) -> Iterator[Explained]:
        return iter(self.maps)

    def __repr__(self) -> str:
        guesses = ", ".join(f"{each.label} {each.probability:.1%}" for each in self)
        return f"ExplainedTop({self.path}: {guesses})"

    @property
    def path(self) -> Path:
        """The photo's file."""
        return self.maps[0].path

    @property
    def scale(self) -> float:
        """The heat that has the hottest colour in all maps: the largest of their own scales."""
        return max(each.scale for each in self)

    def plot(self, *, scale: float | None = None) -> "Figure":
        """The photo, and beside it the photo under each map, all on one scale.

        Args:
            scale: the heat that has the hottest colour; None for that of the hottest map.

        Raises:
            OptionError: `scale` is not above 0.
        """
        first = self.maps[0]
        return overlay(
            first.photo,
            [each.shown_map() for each in self],
            subtitle=first.made_of(),
            unit=first.unit,
            scale=self.scale if scale is None else scale,
            aspect=first.aspect,
        )

    def save(self, path: str | Path, *, scale: float | None = None) -> Path:
        """Write the picture as a PNG file, whole or not at all.

        Args:
            path: the file.
            scale: as in `plot`.

        Raises:
            OutputError: it cannot be written.
            OptionError: `scale` is not above 0.
        """
        save_png(self.plot(scale=scale), Path(path))
        return Path(path)

    def to_dict(self) -> dict[str, Any]:
        """The explanations as plain data, ready for JSON."""
        return {
            "path": str(self.path),
            "scale": self.scale,
            "maps": [each.to_dict() for each in self],
        }

    def _repr_png_(self) -> bytes:
        return as_png(self.plot())
