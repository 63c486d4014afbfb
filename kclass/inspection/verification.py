"""Whether one photo shows all of another, or a part of it: a close look at few pairs.

The thresholds were fixed on hymenoptera, 398 photos, with benchmarks/match_thresholds.py, which sets a
copy, an edited copy and a crop of each photo against the most alike of different photos, and against
different pictures made to look alike: within one frame, with another subject before the same background,
pages of text. The figures below are its.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kclass.inspection.agreement import colour_difference, fields_with_detail, residual
from kclass.inspection.alignment import aligned
from kclass.inspection.fingerprints import (
    ROUNDING,
    Windows,
    fingerprints,
    turned,
    turned_prints,
    window_fingerprints,
    windows,
)
from kclass.inspection.inspection import COLOUR_SIDE, GREY_SIDE, Inspection
from kclass.inspection.resampling import cut


@dataclass(frozen=True)
class Lattice:
    """Where a part of a photo is looked for before it is aligned.

    Args:
        parts: of the photo's width and height.
        alike: how well the lowest frequencies must agree with the nearest of these places.
        least_side: alignment does not go below this fraction of a side.
    """

    parts: Windows
    alike: float
    least_side: float


# On the lattice true crops come to 0.93 or more. It is as fine as that because at half a step beside
# its place a crop is hardly alike any more.
USUAL = Lattice(windows((1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7), 0.05), alike=0.88, least_side=0.65)
# For pairs that something else brings up; of crops with sides of 0.5 to 0.65 1 % come to less than 0.79.
WIDE = Lattice(
    windows((1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5), 0.05), alike=0.8, least_side=0.45
)
LATTICE_FREQUENCIES = 8

# Once in place, copies come to 0.99, edited ones to 0.97 and crops to 0.95 at least, and crops with sides of
# 0.5 to 0.65 to 0.91 in 99 % of cases; the most alike of different photos to 0.61 and within one frame to
# 0.905.
CORRELATION = 0.90
FREQUENCIES = 16
# Below are slopes of brightness, as of a sky, that many photos share.
LOWEST = 3

# In levels of 255, means over fields of so many pixels a side. Of whole photos copies come to 8 at most and
# edited ones to 14, another subject before the same background to 42 at least. Crops differ more from pixel
# to pixel, as the pixels of the two lie across each other: over larger fields they come to 14.6 at most.
RESIDUAL, FIELD = 17.0, 2
CROP_RESIDUAL, CROP_FIELD = 15.0, 4

# In levels of 255. Edited photos come to 9.5 at most; with all hues turned by 60 degrees half of the photos
# come to 19 or more.
COLOUR_DIFFERENCE = 12.0

# Of the side: copies are aligned to 0.991 of it or more, crops of 0.95 to 0.946 or less.
WHOLE = 0.97

# A single spot before a plain sky can be laid on any other. Such pictures have 4 in nine cases of ten, crops
# of photos 9 or more.
CROP_DETAIL = 8.0


@dataclass(frozen=True, eq=False)
class Pictures:
    """The thumbnails of photos.

    Args:
        greys: uint8 (photos, GREY_SIDE, GREY_SIDE), luma.
        colours: uint8 (photos, 3, COLOUR_SIDE, COLOUR_SIDE), sRGB.
    """

    greys: NDArray[np.uint8]
    colours: NDArray[np.uint8]

    @classmethod
    def of(cls, inspections: Sequence[Inspection]) -> "Pictures":
        """The thumbnails that inspections hold."""
        greys = np.array([each.grey for each in inspections], np.uint8)
        colours = np.array([each.colours for each in inspections], np.uint8)
        channels = np.moveaxis(colours.reshape(-1, COLOUR_SIDE, COLOUR_SIDE, 3), 3, 1)
        return cls(greys.reshape(-1, GREY_SIDE, GREY_SIDE), channels)


@dataclass(frozen=True, eq=False)
class Shown:
    """Photos that show all of a photo, or a part of it.

    Args:
        wholes: int64 (found,): the places of what is shown.
        others: int64 (found,): their places.
        orientations: int64 (found,): from which each has to be turned upright, 1 to 8.
        boxes: float64 (found, 4): what each shows: left, top, right, bottom, as fractions of the photo's
            sides.
        correlations: float32 (found,): how well that agrees with it, at most 1.
    """

    wholes: NDArray[np.int64]
    others: NDArray[np.int64]
    orientations: NDArray[np.int64]
    boxes: NDArray[np.float64]
    correlations: NDArray[np.float32]

    def select(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Shown":
        """Some of them."""
        return Shown(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, eq=False)
class Compared:
    """Pairs of a photo and what may show it or a part of it, laid on each other.

    Args:
        shown: where each lies, and how well it correlates there.
        residuals: float32 (pairs,): see `residual`, with fields for whole photos.
        crop_residuals: float32 (pairs,): likewise, with fields for crops.
        details: float32 (pairs,): over how many fields the detail is spread.
        colours: float32 (pairs,): see `colour_difference`.
    """

    shown: Shown
    residuals: NDArray[np.float32]
    crop_residuals: NDArray[np.float32]
    details: NDArray[np.float32]
    colours: NDArray[np.float32]

    def same(self) -> NDArray[np.bool_]:
        """Which are the same picture: bool (pairs,)."""
        as_copy = self.residuals <= RESIDUAL
        as_crop = (self.crop_residuals <= CROP_RESIDUAL) & (self.details >= CROP_DETAIL)
        agreeing = np.where(all_of_it(self.shown.boxes), as_copy, as_crop)
        same: NDArray[np.bool_] = (self.shown.correlations >= CORRELATION) & agreeing
        return same & (self.colours <= COLOUR_DIFFERENCE)


def showing(
    pictures: Pictures,
    wholes: NDArray[np.int64],
    others: NDArray[np.int64],
    orientations: NDArray[np.int64],
    *,
    lattice: Lattice,
) -> Shown:
    """Those of the pairs in which one photo shows the other or a part of it.

    What is found of a pair hangs on nothing but its two photos, to the last bit.

    Args:
        pictures: of all photos.
        wholes: int64 (pairs,): places of photos, those of one photo side by side.
        others: int64 (pairs,): places of photos that may show them.
        orientations: int64 (pairs,): from which each of those would have to be turned upright, 1 to 8.
        lattice: where parts are looked for.

    Returns:
        In the order given; one pair may be there in several orientations.
    """
    targets = _targets(pictures, others, orientations)
    bounds = [*np.flatnonzero(np.diff(wholes, prepend=-1)).tolist(), len(wholes)]
    found = []
    for start, end in pairwise(bounds):
        whole = int(wholes[start])
        rows, boxes, products = _nearest_window(pictures, whole, targets[start:end], lattice)
        if len(rows):
            chosen = start + rows
            found.append(Shown(wholes[chosen], others[chosen], orientations[chosen], boxes, products))
    likely = together(found)
    if not found:
        return likely
    pairs = compared(pictures, likely.wholes, likely, lattice=lattice)
    return pairs.shown.select(pairs.same())


def together(found: Sequence[Shown]) -> Shown:
    """All of some, in their order."""
    if len(found) == 1:
        return found[0]
    nothing = np.empty(0, np.int64)
    none = Shown(nothing, nothing, nothing, np.empty((0, 4)), np.empty(0, np.float32))
    values = ([getattr(each, field.name) for each in [none, *found]] for field in fields(Shown))
    return Shown(*map(np.concatenate, values))


def placed(
    pictures: Pictures,
    whole: int,
    others: NDArray[np.int64],
    orientations: NDArray[np.int64],
    *,
    lattice: Lattice,
) -> Shown:
    """Those of the others that are alike somewhere on the lattice, and where they are most alike.

    Args:
        pictures: of all photos.
        whole: the photo's place.
        others: int64 (pairs,): places of photos.
        orientations: int64 (pairs,): from which each is to be turned upright, 1 to 8.
        lattice: where to look, and what counts as alike.
    """
    targets = _targets(pictures, others, orientations)
    rows, boxes, products = _nearest_window(pictures, whole, targets, lattice)
    return Shown(np.full(len(rows), whole), others[rows], orientations[rows], boxes, products)


def _targets(
    pictures: Pictures, others: NDArray[np.int64], orientations: NDArray[np.int64]
) -> NDArray[np.float32]:
    """What is compared with places on a lattice: float32 (pairs, values)."""
    distinct, rows = np.unique(others, return_inverse=True)
    prints = fingerprints(pictures.greys[distinct], frequencies=LATTICE_FREQUENCIES)
    return turned_prints(prints[rows], orientations)


def _nearest_window(
    pictures: Pictures, whole: int, targets: NDArray[np.float32], lattice: Lattice
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float32]]:
    """Which of the targets are alike somewhere in a photo, the boxes, and how alike they are there."""
    prints = window_fingerprints(pictures.greys[[whole]], lattice.parts, frequencies=LATTICE_FREQUENCIES)[0]
    products = targets @ prints.T
    perhaps = np.flatnonzero(products.max(axis=1) >= lattice.alike - ROUNDING)
    if not len(perhaps):
        return perhaps, np.empty((0, 4)), np.empty(0, np.float32)
    window, best = _most_alike(products[perhaps], targets[perhaps], prints)
    near = best >= lattice.alike
    rows, columns = np.divmod(window[near], len(lattice.parts))
    starts, lengths = np.array(lattice.parts).T
    corners = np.stack([starts[columns], starts[rows]], axis=1)
    boxes = np.concatenate([corners, corners + np.stack([lengths[columns], lengths[rows]], axis=1)], axis=1)
    return perhaps[near], boxes, best[near].astype(np.float32)


def compared(
    pictures: Pictures, wholes: NDArray[np.int64] | int, likely: Shown, *, lattice: Lattice
) -> Compared:
    """Photos and others, each laid on the part of the one that it agrees with best, near its box.

    Args:
        pictures: of all photos.
        wholes: int64 (pairs,): the places of the photos, or one for all.
        likely: the others, and the boxes where to begin.
        lattice: how small boxes may get.
    """
    ones = np.broadcast_to(wholes, likely.others.shape)
    parts = _upright(pictures.greys, likely.others, likely.orientations)
    greys = pictures.greys[ones]
    boxes = aligned(greys, parts, likely.boxes, least_side=lattice.least_side)
    seen = cut(greys, boxes, GREY_SIDE)
    prints = (fingerprints(each, frequencies=FREQUENCIES, lowest=LOWEST) for each in (seen, parts))
    colours = _upright(pictures.colours, likely.others, likely.orientations)
    return Compared(
        Shown(ones, likely.others, likely.orientations, boxes, np.vecdot(*prints)),
        residual(seen, parts, field=FIELD),
        residual(seen, parts, field=CROP_FIELD),
        fields_with_detail(parts),
        colour_difference(pictures.colours[ones], colours, boxes),
    )


def all_of_it(boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether boxes take in all of a photo, as far as alignment can tell."""
    whole: NDArray[np.bool_] = (boxes[:, 2:] - boxes[:, :2]).min(axis=1) >= WHOLE
    return whole


def _most_alike(
    products: NDArray[np.float32], targets: NDArray[np.float32], prints: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each target the print with which its product is largest, the first of equal ones, and that.

    Products of matrices are rounded otherwise if there are more rows, so those that come near are
    computed anew.
    """
    best = products.max(axis=1, initial=-np.inf, keepdims=True)
    rows, columns = np.nonzero(products >= best - 2 * ROUNDING)
    exact = np.vecdot(targets[rows].astype(np.float64), prints[columns].astype(np.float64))
    order = np.lexsort((columns, -exact, rows))
    first = order[np.searchsorted(rows, np.arange(len(products)))]
    return columns[first], exact[first]


def _upright(
    pictures: NDArray[np.uint8], places: NDArray[np.int64], orientations: NDArray[np.int64]
) -> NDArray[np.uint8]:
    chosen = pictures[places]
    for orientation in np.unique(orientations):
        rows = orientations == orientation
        chosen[rows] = turned(chosen[rows], int(orientation))
    return chosen
