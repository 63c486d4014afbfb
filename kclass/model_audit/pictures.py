"""Pictures that show what was measured of a class: small, for a page that a person looks at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.explanation.maps import Explanation
from kclass.explanation.network import Explainable
from kclass.model_audit.effects import log_odds

SIDE: Final = 144
"""Pixels along a side of a picture."""

FEW: Final = 24
"""Classes of which all are shown with single photos; of more, only those with something to be seen."""

SHOWN: Final = 4
"""Photos of a class that are shown with their maps."""

TRIED: Final = 9
"""Photos that something is exchanged in, to show the one whose odds move neither most nor least."""

SURROUNDINGS: Final = "surroundings"
CAST: Final = "cast of colour"

Photos = NDArray[np.uint8]
Change = Callable[[int, int], Photos]
"""Makes a photo of one of the class and a donor, by their places: uint8 (size, size, 3)."""


@dataclass(frozen=True, eq=False)
class Swap:
    """What a test did, at the example of one photo.

    Args:
        what: was taken from the other photo: `SURROUNDINGS` or `CAST`.
        donor: the class of the other photo.
        pictures: uint8 (3, side, side, 3): the photo, the other, and what was made of both.
        before: the log odds of the photo's class, in nats.
        after: likewise of what was made.
        tried: of how many photos it is the one that moved neither most nor least.
    """

    what: str
    donor: str
    pictures: Photos = field(repr=False)
    before: float
    after: float
    tried: int


@dataclass(frozen=True, eq=False)
class ClassPictures:
    """Pictures of one class, each as the network sees photos.

    Args:
        mean: uint8 (side, side, 3), the mean of its photos.
        photos: uint8 (n, side, side, 3), some of them.
        maps: float32 (n, h, w), where the evidence for the class lies in those.
        probabilities: of the class in those, each 0 to 1.
        unit: of the maps.
        swaps: what the tests did, at an example each.
    """

    mean: Photos = field(repr=False)
    photos: Photos = field(repr=False)
    maps: NDArray[np.float32] = field(repr=False)
    probabilities: tuple[float, ...]
    unit: str
    swaps: tuple[Swap, ...] = ()

    def mean_alone(self) -> "ClassPictures":
        """Them without the single photos, which take most of the memory."""
        return ClassPictures(self.mean, self.photos[:0], self.maps[:0], (), self.unit)


def pictures_of(
    photos: Photos, explained: Explanation, *, target: int, swaps: Sequence[Swap] = ()
) -> ClassPictures:
    """Pictures of a class.

    Args:
        photos: uint8 (n, size, size, 3), one or more photos of the class.
        explained: their maps.
        target: the class.
        swaps: what the tests did.
    """
    mean = np.rint(photos.mean(axis=0)).astype(np.uint8)
    return ClassPictures(
        mean=_small(mean[None])[0],
        photos=_small(photos[:SHOWN]),
        maps=explained.maps[:SHOWN],
        probabilities=tuple(explained.probabilities[:SHOWN, target].tolist()),
        unit=explained.unit,
        swaps=tuple(swaps),
    )


def typical_swap(
    network: Explainable,
    own: Photos,
    donors: Photos,
    labels: Sequence[str],
    *,
    what: str,
    change: Change,
    target: int,
) -> Swap:
    """Exchange something in the first photos of a class, and show the one that moves neither most nor least.

    Args:
        network: gives the logits.
        own: uint8 (n, size, size, 3), one or more photos of the class.
        donors: likewise of others.
        labels: the class of each donor.
        what: is exchanged.
        change: makes the photo that is scored, of the places of a photo and a donor.
        target: the class.
    """
    tried = min(TRIED, len(own))
    pairs = [(place, place % len(donors)) for place in range(tried)]
    changed = np.stack([change(*pair) for pair in pairs])
    before, after = (log_odds(network.scores(each), target) for each in (own[:tried], changed))
    place, donor = pairs[np.argsort(after - before, kind="stable")[tried // 2]]
    return Swap(
        what=what,
        donor=labels[donor],
        pictures=_small(np.stack([own[place], donors[donor], changed[place]])),
        before=float(before[place]),
        after=float(after[place]),
        tried=tried,
    )


def _small(photos: Photos) -> Photos:
    """Photos at the side of pictures, uint8 (n, side, side, 3)."""
    none = np.empty((0, SIDE, SIDE, 3), np.uint8)
    small = [Image.fromarray(each).resize((SIDE, SIDE), Image.Resampling.LANCZOS) for each in photos]
    return np.concatenate([none, *(np.asarray(each)[None] for each in small)])
