"""Many explained photos on one sheet, each beside its maps, all on one scale."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.classifier.explained import Explained
from kclass.classifier.explained_top import ExplainedTop
from kclass.classifier.grid import check_number
from kclass.errors import DataError, OptionError, PhotoError
from kclass.explanation.heat import check_scale, is_hotter
from kclass.explanation.overlays import fill_bar, what_it_is
from kclass.plots.lettering import file_names
from kclass.plots.photo_grid import SIDE, photo_grid
from kclass.plots.saving import DPI

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHEET_PHOTOS: Final = 60
"""Photos on a sheet, unless another number is asked for."""

_MOST_PHOTOS: Final = 90
"""Percent of the photos that are no hotter than the hottest colour."""

_MOST_COLUMNS: Final = 8
_WIDE: Final = 8.0
_LARGEST_SIDE: Final = 2.6
"""Inches: how wide a sheet is that has room, and the largest pictures."""

_ABOVE: Final = 0.5
_BAR: Final = (0.15, 0.28, 3.0, 0.13)
"""Inches: the room of the colour bar above all, and its left, its lower edge from the top, its width and
height."""


def contact_sheet(
    explained: Iterable[Explained | ExplainedTop | PhotoError],
    *,
    number: int = SHEET_PHOTOS,
    of: int | None = None,
    scale: float | None = None,
) -> "Figure":
    """Draw photos row by row, each with its maps at its right, in the order given and on one scale.

    Above each photo stands the name of its file, above each map the class with its probability; what
    cannot be read is left out.

    Args:
        explained: what `explain_all`, `explain_top_all` or a list of their results gives.
        number: how many photos at most, 1 to 500; the first are shown.
        of: how many photos were explained, if these are a part of them, so that the sheet says so.
        scale: the heat that has the hottest colour; None for the least that nine of ten photos do not
            exceed, since beside one map that is far hotter all others would look empty. What is hotter
            looks the same, and the bar says so.

    Raises:
        OptionError: `number` or `scale` cannot be used, or the maps have not one unit.
        DataError: there is no photo to show.
    """
    check_number(number)
    shown, total = _first(explained, number)
    if not shown:
        raise DataError("there are no photos to draw", fix="Give photos that can be read.")
    maps = [each for row in shown for each in row]
    hottest = _common_scale(shown) if scale is None else scale
    _check(maps, hottest)
    figure = _grid(shown, hottest, heading=_heading(maps[0], len(shown), max(total, of or 0)))
    if any(not each.verdict for each in maps):
        width, height = figure.get_size_inches()
        left, down, wide, high = _BAR
        bar = figure.add_axes((left / width, 1 - down / height, wide / width, high / height))
        beyond = any(is_hotter(each.heat, hottest) for each in maps)
        fill_bar(bar, "", hottest, beyond=beyond, horizontal=True)
    return figure


def _common_scale(shown: Sequence[tuple[Explained, ...]]) -> float:
    scales = [hottest for row in shown if (hottest := max(each.scale for each in row)) > 0]
    return float(np.percentile(scales, _MOST_PHOTOS, method="higher")) if scales else 0.0


def _first(
    explained: Iterable[Explained | ExplainedTop | PhotoError], number: int
) -> tuple[list[tuple[Explained, ...]], int]:
    """The maps of the first photos, and how many photos there are."""
    shown: list[tuple[Explained, ...]] = []
    total = 0
    for each in explained:
        if isinstance(each, PhotoError):
            continue
        total += 1
        if total <= number:
            shown.append(each.maps if isinstance(each, ExplainedTop) else (each,))
    return shown, total


def _check(maps: Sequence[Explained], scale: float) -> None:
    units = sorted({each.unit for each in maps})
    if units[1:]:
        raise OptionError(
            f"the maps are {' and '.join(units)}, so no scale is one for all",
            fix="Explain all photos by one method.",
        )
    for each in maps:
        check_scale(each.heat, scale)


def _heading(first: Explained, number: int, total: int) -> list[str]:
    part = [f"{number} of {total} photos"] if number < total else []
    what = what_it_is(first.unit, "the class above each map")
    return [*part, f"{what}, {first.unit}, on one scale for all", first.made]


def _grid(shown: Sequence[tuple[Explained, ...]], scale: float, *, heading: Sequence[str]) -> "Figure":
    pictures = 1 + max(map(len, shown))
    photos = max(1, min(round(_MOST_COLUMNS / pictures), math.ceil(math.sqrt(len(shown)))))
    side = min(max(_WIDE / (photos * pictures), SIDE), _LARGEST_SIDE)
    size = round(side * DPI)
    cells = [cell for row in shown for cell in _cells(row, scale, size, pictures)]
    height = max(picture.height for picture, _ in cells)
    return photo_grid(
        np.stack([_placed(picture, size, height) for picture, _ in cells]),
        [caption for _, caption in cells],
        columns=photos * pictures,
        heading=heading,
        side=side,
        group=pictures,
        room=_ABOVE,
    )


def _cells(
    maps: tuple[Explained, ...], scale: float, size: int, pictures: int
) -> Iterator[tuple[Image.Image, str]]:
    """A photo and its maps, their longer side that size, each with its caption; blanks up to so many."""
    (file,) = file_names([maps[0].path])
    yield _sized(maps[0].plain(), size), f"\n{file}"
    for each in maps:
        word = each.verdict.partition(":")[0]
        nothing = f" · {word} map" if word else ""
        yield _sized(each.picture(scale=scale), size), f"{each.name}\n{each.probability:.1%}{nothing}"
    for _ in range(len(maps) + 1, pictures):
        yield Image.new("RGB", (1, 1), "white"), ""


def _sized(picture: Image.Image, longer: int) -> Image.Image:
    factor = longer / max(picture.size)
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _placed(picture: Image.Image, width: int, height: int) -> NDArray[np.uint8]:
    """A picture in the upper left of a white one, where its caption stands."""
    room = Image.new("RGB", (width, height), "white")
    room.paste(picture)
    return np.asarray(room)
