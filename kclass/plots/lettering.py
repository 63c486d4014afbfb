"""Class names in figures: short enough, and with signs that a font at hand can draw."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kclass.dataset.names import composed, readable
from kclass.plots.figures import prepare_matplotlib

LONGEST: Final = 30
"""Signs of a name that are shown; the middle of a longer one is left out."""

_BASE: Final = "DejaVu Sans"
"""The font that comes with matplotlib: Latin, Greek, Cyrillic, Arabic and many signs."""

_FURTHER: Final = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Hiragino Sans",
    "PingFang SC",
    "Apple SD Gothic Neo",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Nirmala UI",
    "Arial Unicode MS",
    "Noto Sans",
)
"""Fonts that systems bring for what the base font lacks; those that are there are used."""


def families() -> list[str]:
    """The fonts to draw names with, the first that has a sign first."""
    prepare_matplotlib()
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return [_BASE, *(name for name in _FURTHER if name in installed)]


def lettered(classes: Sequence[str]) -> list[str]:
    """Class names as a figure shows them.

    They are readable (`09.Golden_Gate_Bridge` is `Golden Gate Bridge`), at most `LONGEST` signs
    long, and a sign that no font at hand can draw is a question mark. A name of which only
    question marks would be left is `class 3`, after its place in `classes`, counted from 0.
    """
    glyphs = _glyphs(families())
    shown = []
    for place, name in enumerate(classes):
        drawn = "".join(sign if ord(sign) in glyphs else "?" for sign in readable(name))
        shown.append(shortened(drawn) if drawn.strip("? ") else f"class {place}")
    return shown


def file_names(paths: Sequence[Path]) -> list[str]:
    """The names of files as a figure shows them.

    They are at most `LONGEST` signs long, and a sign that no font at hand can draw is a question mark;
    but unlike those of classes they keep underscores, and numbers in front.
    """
    glyphs = _glyphs(families())
    names = [composed(path.name) for path in paths]
    return [shortened("".join(sign if ord(sign) in glyphs else "?" for sign in name)) for name in names]


def shortened(name: str) -> str:
    """A name with its middle left out if it is too long; beginnings and ends tell names apart."""
    if len(name) <= LONGEST:
        return name
    end = LONGEST // 3
    return f"{name[: LONGEST - end - 1]}…{name[-end:]}"


def _glyphs(fonts: Sequence[str]) -> set[int]:
    """The code points that the fonts have a glyph for."""
    from matplotlib.font_manager import findfont, get_font

    return {code for name in fonts for code in get_font(findfont(name)).get_charmap()}
