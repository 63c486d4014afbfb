"""Lines of text measured, and cut where they are too long."""

import functools
from bisect import bisect_right
from typing import Any, Final

from kclass.plots.figures import prepare_matplotlib
from kclass.plots.lettering import families

BETWEEN: Final = " / "
"""What stands between the parts of a line; each part keeps its beginning and its end."""

_FEWEST: Final = 3


def width_in_ems(text: str) -> float:
    """How wide a line is in the font that figures are lettered with, in the size of its letters."""
    from matplotlib.textpath import text_to_path

    font = _font()
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width / font.get_size_in_points())


def cut(line: str, *, ems: float) -> str:
    """A line that is no wider than it may be: the middle of its longest parts is left out.

    The end of a file's name, with its suffix, and the number after a class stay in sight. Each part
    keeps three signs, however narrow the room is.

    Args:
        line: parts with `BETWEEN` between them, or one part.
        ems: the room, in the size of the letters.
    """
    if width_in_ems(line) <= ems:
        return line
    parts = line.split(BETWEEN)

    def with_parts_of(signs: int) -> str:
        return BETWEEN.join(_without_middle(part, signs) for part in parts)

    lengths = range(_FEWEST, max(_FEWEST + 1, *map(len, parts)))
    fitting = bisect_right(lengths, ems, key=lambda signs: width_in_ems(with_parts_of(signs)))
    return with_parts_of(lengths[max(fitting - 1, 0)])


def _without_middle(part: str, signs: int) -> str:
    if len(part) <= signs:
        return part
    end = signs // 2
    # What has been left out before is left out once.
    front, back = part[: signs - end - 1].partition("…")[0], part[-end:].rpartition("…")[2]
    return f"{front}…{back}"


@functools.cache
def _font() -> Any:
    prepare_matplotlib()
    from matplotlib.font_manager import FontProperties

    # So large that no width is rounded.
    return FontProperties(family=families(), size=100)
