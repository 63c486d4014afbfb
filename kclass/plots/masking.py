"""How a class's probability falls and rises as pixels of photos go and come, as a picture."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.plots.figures import new_figure
from kclass.plots.ranking import COLOURS, DASHES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

_WIDTH: Final = 9.0
_HEIGHT: Final = 4.4


def plot_masking_curves(
    shares: Floats, *, deletion: Mapping[str, Floats], insertion: Mapping[str, Floats], title: str
) -> "Figure":
    """Draw the mean curves of deletion and insertion side by side, a line for each kind of map.

    Args:
        shares: float64 (steps,): of the pixels, 0 to 1.
        deletion: float64 (photos, steps), the class's probability as pixels go, by name of the line.
        insertion: likewise as they come.
        title: what the curves tell, in a line.

    Raises:
        OptionError: no photo, or curves of another number of steps.
    """
    for curves in (*deletion.values(), *insertion.values()):
        if not len(curves) or curves.shape[1:] != shares.shape:
            raise OptionError(f"curves of the shape {curves.shape} over {len(shares)} steps")
    figure = new_figure(_WIDTH, _HEIGHT)
    left, right = figure.subplots(1, 2, sharey=True)
    _draw(left, shares, deletion, title="deletion: low is good", label="pixels taken away (%)")
    _draw(right, shares, insertion, title="insertion: high is good", label="pixels brought in (%)")
    left.set_ylabel("mean probability of the class")
    right.legend(frameon=False, loc="lower right")
    figure.suptitle(title, fontsize=10, parse_math=False)
    return figure


def _draw(axes: "Axes", shares: Floats, lines: Mapping[str, Floats], *, title: str, label: str) -> None:
    for (name, curves), colour, dashes in zip(lines.items(), COLOURS, DASHES, strict=False):
        mean = curves.mean(axis=0)
        axes.plot(100 * shares, mean, color=colour, linestyle=dashes, linewidth=1.8, label=name)
    axes.set_xlim(0, 100)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(label)
    axes.set_title(title, loc="left", fontsize=10)
    axes.grid(color="0.92", linewidth=0.6)
