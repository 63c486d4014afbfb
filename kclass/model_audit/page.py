"""The audit of a model as one HTML page that needs nothing else, with pictures of what was measured."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.dataset.names import readable
from kclass.explanation.heat import bar_colours, covered, is_hotter, own_scale
from kclass.explanation.maps import verdict
from kclass.files import write_bytes
from kclass.model_audit.mean_maps import UNIT, common_scale, mean_picture
from kclass.model_audit.pictures import FEW, SIDE, TRIED, ClassPictures, Swap
from kclass.model_audit.verdicts import BACKGROUND, CAST, OPEN, UNKNOWN
from kclass.model_audit.wording import LEGEND, Group, Told, cell, columns_of, grouped
from kclass.photos.thumbnails import jpeg_text
from kclass.templates import template

TEMPLATE: Final = "model_audit/page.html"

STYLES: Final = {BACKGROUND: "error", CAST: "error", OPEN: "warning", UNKNOWN: "faint"}
"""How a verdict looks, by its kind."""

MOST_LINES: Final = 1000
"""Photos that are listed as unreadable, or as without a mask."""

_MOST_PHOTOS: Final = 90
"""Percent of the photos that are no hotter than the hottest colour."""

_MOST_ODDS: Final = 1_000_000
"""What is more is said to be more."""

_MOST_LOG_ODDS: Final = 100.0
"""No more is raised to a power: the percent are the same long before."""

_BOUND: Final = "\N{NO-BREAK SPACE}"

_BAR_STEPS: Final = 256
_BAR_HEIGHT: Final = 12


@dataclass(frozen=True, eq=False)
class AuditOnPage:
    """What stands on a page; see `ModelAudit`.

    Args:
        model: its file.
        data: the name of the data set.
        kind: the verdict on the model.
        told: that in a sentence.
        classes: the gravest first.
        remark: which photos it learned from.
        layer: whose maps were made.
        unreadable: what is wrong with photos that could not be read.
        unmasked: photos without a mask.
    """

    model: Path
    data: str
    kind: str
    told: str
    classes: tuple[Told, ...]
    remark: str
    layer: str
    unreadable: tuple[str, ...]
    unmasked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Picture:
    """A JPEG in base64, and the lines below it."""

    data: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Example:
    """What a test did: the photo, the other, and what was made of both."""

    title: str
    pictures: tuple[_Picture, ...]


@dataclass(frozen=True, slots=True)
class _Section:
    """One class: `mean` is base64 of its mean map, empty if there is none."""

    told: Told
    mean: str
    photos: tuple[_Picture, ...]
    examples: tuple[_Example, ...]


@dataclass(frozen=True, slots=True)
class _Others:
    """Classes that are told together, each with its mean map; that is empty if there is none."""

    group: Group
    pairs: tuple[tuple[Told, str], ...]


@dataclass(frozen=True, slots=True)
class _Scales:
    """The heat that has the hottest colour: of mean maps, of photos, and whether some are hotter."""

    means: float
    photos: float
    beyond: bool


def write_audit_page(audit: AuditOnPage, path: Path) -> None:
    """Write the audit of a model as one HTML file without scripts that loads nothing from elsewhere.

    Args:
        audit: what was found.
        path: the HTML file.

    Raises:
        OutputError: the file cannot be written.
    """
    scales = _scales([each for each in audit.classes if each.found.pictures])
    alone = [each for each in audit.classes if _has_section(each, len(audit.classes))]
    others = [each for each in audit.classes if each not in alone]
    columns = columns_of(audit.classes)
    page = template(TEMPLATE).render(
        audit=audit,
        sections=[_section(each, scales) for each in alone],
        others=[_others(each, scales) for each in grouped(others)],
        places={each.name: f"class-{place}" for place, each in enumerate(alone, start=1)},
        columns=columns,
        legend={column: LEGEND[column] for column in columns},
        cell=cell,
        styles=STYLES,
        scales=scales,
        unit=UNIT,
        maps_unit=next((each.found.pictures.unit for each in audit.classes if each.found.pictures), ""),
        bar=_jpeg(np.tile(bar_colours(_BAR_STEPS), (_BAR_HEIGHT, 1, 1))),
        side=SIDE,
        tried=TRIED,
        most=MOST_LINES,
    )
    # Names of files may be no Unicode.
    write_bytes(path, page.encode("utf-8", "backslashreplace"))


def _has_section(each: Told, classes: int) -> bool:
    pictures = each.found.pictures
    return classes <= FEW or (pictures is not None and len(pictures.photos) > 0)


def _scales(classes: Sequence[Told]) -> _Scales:
    """As on a contact sheet, one photo of ten may be hotter: beside it all others would look empty."""
    maps = [heat for each in classes if each.found.pictures for heat in each.found.pictures.maps]
    own = [scale for heat in maps if (scale := own_scale(heat)) > 0]
    hottest = float(np.percentile(own, _MOST_PHOTOS, method="higher")) if own else 0.0
    return _Scales(
        means=common_scale([each.found for each in classes]),
        photos=hottest,
        beyond=any(is_hotter(heat, hottest) for heat in maps),
    )


def _section(each: Told, scales: _Scales) -> _Section:
    pictures = each.found.pictures
    return _Section(
        told=each,
        mean=_mean(each, scales),
        photos=() if pictures is None else _photos(pictures, scales),
        examples=() if pictures is None else tuple(_example(swap) for swap in pictures.swaps),
    )


def _others(group: Group, scales: _Scales) -> _Others:
    return _Others(group, tuple((each, _mean(each, scales)) for each in group.classes))


def _mean(each: Told, scales: _Scales) -> str:
    picture = mean_picture(each.found, scales.means)
    return "" if picture is None else _jpeg(picture)


def _photos(pictures: ClassPictures, scales: _Scales) -> tuple[_Picture, ...]:
    return tuple(
        _Picture(
            _jpeg(covered(photo, heat, scale=scales.photos)),
            tuple(line for line in (_percent(probability), verdict(heat)) if line),
        )
        for photo, heat, probability in zip(
            pictures.photos, pictures.maps, pictures.probabilities, strict=True
        )
    )


def _example(swap: Swap) -> _Example:
    whole, donor, changed = map(_jpeg, swap.pictures)
    return _Example(
        title=f"The {swap.what} of another photo",
        pictures=(
            _Picture(whole, ("as it is", *_odds(swap.before))),
            _Picture(donor, (f"{swap.what} from", readable(swap.donor))),
            _Picture(changed, ("with it", *_odds(swap.after))),
        ),
    )


def _odds(log_odds: float) -> tuple[str, str]:
    """A probability, and the odds, which differ where the percent are 100.0 or 0.0 alike."""
    times = math.exp(min(abs(log_odds), _MOST_LOG_ODDS))
    share = 1 / (1 + 1 / times) if log_odds >= 0 else 1 / (1 + times)
    words = _times(times) if abs(log_odds) < math.log(_MOST_ODDS) else f"over {_MOST_ODDS:,}"
    return _percent(
        share
    ), f"odds {words}{_BOUND}to{_BOUND}1" if log_odds >= 0 else f"odds 1{_BOUND}to{_BOUND}{words}"


def _times(times: float) -> str:
    """A number of 1 or more with two digits that count."""
    shown = float(f"{times:.2g}")
    return f"{shown:,.0f}" if shown >= 10 else f"{shown:g}"


def _percent(probability: float) -> str:
    return f"{100 * probability:.1f}{_BOUND}%"


def _jpeg(picture: NDArray[np.uint8]) -> str:
    return jpeg_text(Image.fromarray(picture))
