"""Figures as files."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from kclass.files import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI: Final = 150
"""Dots an inch: sharp on a screen of high density, and half of what print wants."""


def save_png(figure: "Figure", path: str | Path) -> None:
    """Write a figure as a PNG file of `DPI` dots an inch, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    with whole_file(Path(path)) as part:
        figure.savefig(part, format="png", dpi=DPI)
