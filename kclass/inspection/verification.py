"""Whether one photo shows all of another, or a part of it: a close look at few pairs.

The thresholds were fixed on hymenoptera, 398 photos, with benchmarks/match_thresholds.py, which sets a
copy, an edited copy and a crop of each photo against the most alike of different photos, and against
different pictures made to look alike: within one frame, with another subject before the same background,
pages of text. The figures below are its.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from kclass.inspection.agreement import colour_difference, fields_with_detail, residual
from kclass.inspection.alignment import aligned
from kclass.inspection.fingerprints import (
    Windows,
    fingerprints,
    turned,
    turned_fingerprints,
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

# A picture that is its own mirror image is not called turned.
_PREFER_UPRIGHT = 0.01

_AT_ONCE = 512


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

    @functools.cached_property
    def prints(self) -> NDArray[np.float32]:
        """What is compared with places on the lattice: float32 (photos, 8 orientations, values)."""
        return turned_fingerprints(self.greys, frequencies=LATTICE_FREQUENCIES)


@dataclass(frozen=True, eq=False)
class Shown:
    """Photos that show all of a photo, or a part of it.

    Args:
        others: int64 (found,): their places.
        orientations: int64 (found,): from which each has to be turned upright, 1 to 8.
        boxes: float64 (found, 4): what each shows: left, top, right, bottom, as fractions of the photo's
            sides.
        correlations: float32 (found,): how well that agrees with it, at most 1.
    """

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
    whole: int,
    others: NDArray[np.int64],
    orientations: NDArray[np.int64],
    *,
    lattice: Lattice,
) -> Shown:
    """Those of the others that show a photo or a part of it, each in the orientation that fits best.

    Args:
        pictures: of all photos.
        whole: the photo's place.
        others: int64 (pairs,): places of photos that may show it.
        orientations: int64 (pairs,): from which each would have to be turned upright, 1 to 8.
        lattice: where parts are looked for.

    Returns:
        Each photo at most once, in the order of their places.
    """
    found = []
    for start in range(0, max(len(others), 1), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        likely = placed(pictures, whole, others[some], orientations[some], lattice=lattice)
        found.append(_same(pictures, whole, likely, lattice) if len(likely.others) else likely)
    values = zip(*([getattr(each, field.name) for field in fields(Shown)] for each in found), strict=True)
    return _best_of_each(Shown(*(np.concatenate(each) for each in values)))


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
    grey = pictures.greys[[whole]]
    prints = window_fingerprints(grey, lattice.parts, frequencies=LATTICE_FREQUENCIES)[0]
    products = pictures.prints[others, orientations - 1] @ prints.T
    best = products.max(axis=1)
    near = best >= lattice.alike
    rows, columns = np.divmod(products[near].argmax(axis=1), len(lattice.parts))
    starts, lengths = np.array(lattice.parts).T
    corners = np.stack([starts[columns], starts[rows]], axis=1)
    boxes = np.concatenate([corners, corners + np.stack([lengths[columns], lengths[rows]], axis=1)], axis=1)
    return Shown(others[near], orientations[near], boxes, best[near])


def compared(pictures: Pictures, whole: int, likely: Shown, *, lattice: Lattice) -> Compared:
    """A photo and others, each laid on the part of it that it agrees with best, near its box.

    Args:
        pictures: of all photos.
        whole: the photo's place.
        likely: the others, and the boxes where to begin.
        lattice: how small boxes may get.
    """
    parts = _upright(pictures.greys, likely.others, likely.orientations)
    greys = np.broadcast_to(pictures.greys[whole], parts.shape)
    boxes = aligned(greys, parts, likely.boxes, least_side=lattice.least_side)
    seen = cut(greys, boxes, GREY_SIDE)
    prints = (fingerprints(each, frequencies=FREQUENCIES, lowest=LOWEST) for each in (seen, parts))
    colours = _upright(pictures.colours, likely.others, likely.orientations)
    return Compared(
        Shown(likely.others, likely.orientations, boxes, np.einsum("pv,pv->p", *prints)),
        residual(seen, parts, field=FIELD),
        residual(seen, parts, field=CROP_FIELD),
        fields_with_detail(parts),
        colour_difference(pictures.colours[whole], colours, boxes),
    )


def all_of_it(boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether boxes take in all of a photo, as far as alignment can tell."""
    whole: NDArray[np.bool_] = (boxes[:, 2:] - boxes[:, :2]).min(axis=1) >= WHOLE
    return whole


def _same(pictures: Pictures, whole: int, likely: Shown, lattice: Lattice) -> Shown:
    pairs = compared(pictures, whole, likely, lattice=lattice)
    return pairs.shown.select(pairs.same())


def _upright(
    pictures: NDArray[np.uint8], places: NDArray[np.int64], orientations: NDArray[np.int64]
) -> NDArray[np.uint8]:
    chosen = pictures[places]
    for orientation in np.unique(orientations):
        rows = orientations == orientation
        chosen[rows] = turned(chosen[rows], int(orientation))
    return chosen


def _best_of_each(shown: Shown) -> Shown:
    """Of each photo the orientation that agrees best."""
    ranks = shown.correlations + _PREFER_UPRIGHT * (shown.orientations == 1)
    order = np.lexsort((-ranks, shown.others))
    first = np.unique(shown.others[order], return_index=True)[1]
    return shown.select(order[first])
