"""Empty figures that know nothing of windows or global state, and where matplotlib keeps its files."""

import os
import sys
from typing import TYPE_CHECKING, Final, Literal

from kclass.files import cache_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER_VARIABLE: Final = "MPLCONFIGDIR"


def new_figure(
    width: float, height: float, *, layout: Literal["constrained", "none"] = "constrained"
) -> "Figure":
    """An empty figure that is drawn in memory.

    Args:
        width: in inches.
        height: in inches.
        layout: "constrained" lays contents out so that none overlap; "none" leaves them where they are
            put, and spares them to be drawn twice, once for the layout.
    """
    prepare_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout=layout)  # type: ignore[arg-type]  # forgets "none"
    FigureCanvasAgg(figure)
    return figure


def prepare_matplotlib() -> None:
    """Have matplotlib keep its list of fonts in kclass's own cache instead of the home folder.

    Matplotlib reads the place from `MPLCONFIGDIR` once, at its first import, and otherwise makes
    folders of its own below the home folder. So this is called before anything imports it. Where
    the user has set the variable, or has imported matplotlib already, nothing changes.
    """
    if FOLDER_VARIABLE not in os.environ and "matplotlib" not in sys.modules:
        os.environ[FOLDER_VARIABLE] = str(cache_folder() / "matplotlib")
