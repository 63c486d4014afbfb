"""Measures what one class is told by, on photos drawn by lot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.subject_masks import square_masks
from kclass.errors import PhotoError
from kclass.explanation.explaining import explain_photos
from kclass.explanation.localisation import energies_inside, showing
from kclass.explanation.methods import GRAD_CAM
from kclass.explanation.network import Explainable
from kclass.model_audit.effects import DONORS, outside_share, swap_effect
from kclass.model_audit.evidence import border_shares, mean_map, surviving
from kclass.model_audit.learned_from import LearnedFrom
from kclass.model_audit.pictures import CAST, SURROUNDINGS, Swap, pictures_of, typical_swap
from kclass.model_audit.swapping import (
    around_subject,
    emptied,
    in_surroundings,
    with_cast,
    without_outer_part,
)
from kclass.model_audit.verdicts import COLOURS, Measured
from kclass.parallel import in_parallel, usable_cores
from kclass.photos.loading import load
from kclass.photos.resizing import Resize

LEAST: Final = 6
"""Photos of a class, and of others, without which nothing is said of it."""

Masks = Mapping[Path, NDArray[np.bool_]]
"""Of the subjects, (size, size), by photo, as the network would see them."""

Photos = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ClassMeter:
    """Measures classes, one after the other.

    Args:
        network: explains, and gives the logits.
        classes: of the model, as their folders are named.
        files: the labelled photos.
        labels: int32 (photos,), places among the classes.
        learned: the photos that the model learned from.
        masks: the files of the subjects' masks, by photo; of those that have one.
        shapes: height and width of the upright photos, by file.
        size: the side of the photos as the network sees them.
        resize: how they are brought to it.
        number: photos of a class, and of others, that are looked at, at most.
        seed: of the lots.
    """

    network: Explainable
    classes: Sequence[str]
    files: Sequence[Path]
    labels: NDArray[np.int32]
    learned: LearnedFrom = field(repr=False)
    masks: Mapping[Path, Path] = field(repr=False)
    shapes: Mapping[Path, tuple[int, int]] = field(repr=False)
    size: int
    resize: Resize
    number: int
    seed: int

    def measure(self, target: int) -> Measured:
        """What one class is told by.

        Args:
            target: its place among the classes.
        """
        rng = np.random.default_rng([self.seed, target])
        files = self._drawn(self.files, self.labels, target, self.number, rng)
        (own_files, own), (other_files, others) = (self._read(each) for each in files)
        label, properties = self.classes[target], self._properties(target)
        if min(len(own), len(others)) < LEAST:
            return Measured(label=label, photos=0, properties=properties, judged=self._judged(target))
        explained = explain_photos(
            self.network, own, method=GRAD_CAM, targets=np.full(len(own), target, np.int64)
        )
        masks = self._squares([*own_files, *other_files])
        without, alone = surviving(self.network, own, explained.maps, target=target, rng=rng)
        border = border_shares(explained.maps, size=self.size)
        donor_files, donors = self._donors(target, rng)
        around = without_outer_part(self.size)
        coloured = any(name in COLOURS for name, _ in properties)
        return Measured(
            label=label,
            photos=len(own),
            properties=properties,
            judged=self._judged(target),
            mean_map=mean_map(explained.maps),
            border=float(border.mean()) if border.size else None,
            without_hottest=without,
            hottest_alone=alone,
            inside=_inside(own_files, explained.maps, masks),
            outside=self._outside((own_files, own), (other_files, others), masks, target, rng),
            surroundings=swap_effect(
                self.network,
                (own, others),
                donors,
                target=target,
                change=lambda photo, donor: in_surroundings(photo, donor, around),
            ),
            cast=swap_effect(self.network, (own, others), donors, target=target, change=with_cast)
            if coloured
            else None,
            pictures=pictures_of(
                own,
                explained,
                target=target,
                swaps=self._swaps(own, (donor_files, donors[1]), target, coloured=coloured),
            ),
        )

    def _swaps(
        self, own: Photos, donors: tuple[list[Path], Photos], target: int, *, coloured: bool
    ) -> list[Swap]:
        """What the tests did, at examples, by donors of other classes."""
        files, photos = donors
        if not files:
            return []
        learned = dict(zip(self.learned.files, self.learned.labels.tolist(), strict=True))
        labels = [self.classes[learned[path]] for path in files]
        around = without_outer_part(self.size)
        changes: dict[str, Callable[[int, int], Photos]] = {
            SURROUNDINGS: lambda photo, donor: in_surroundings(own[photo], photos[donor], around),
            CAST: lambda photo, donor: with_cast(own[photo], photos[donor]),
        }
        return [
            typical_swap(self.network, own, photos, labels, what=what, change=change, target=target)
            for what, change in changes.items()
            if coloured or what == SURROUNDINGS
        ]

    def _properties(self, target: int) -> tuple[tuple[str, str], ...]:
        return tuple((each.property, each.words) for each in self.learned.given_away if each.label == target)

    def _judged(self, target: int) -> bool:
        """Whether it was asked what gives the class away in the very photos that the model learned from."""
        return self.learned.known and target in self.learned.judged

    def _donors(self, target: int, rng: np.random.Generator) -> tuple[list[Path], tuple[Photos, Photos]]:
        """Photos learned from, of the class and of others, and the files of the others."""
        wanted = DONORS * 2 * self.number
        files = self._drawn(self.learned.files, self.learned.labels, target, wanted, rng)
        (_, own), (other_files, others) = (self._read(each) for each in files)
        return other_files, (own, others)

    def _drawn(
        self,
        files: Sequence[Path],
        labels: NDArray[np.int32],
        target: int,
        number: int,
        rng: np.random.Generator,
    ) -> tuple[list[Path], list[Path]]:
        """So many photos of a class and as many of others, by lot."""
        sides = (np.flatnonzero(labels == target), np.flatnonzero(labels != target))
        own, others = ([files[place] for place in rng.permutation(side)[:number].tolist()] for side in sides)
        return own, others

    def _read(self, files: Sequence[Path]) -> tuple[list[Path], Photos]:
        """Photos as the network sees them; those that cannot be read are left out."""

        def photo(path: Path) -> Photos | None:
            try:
                return load(path, size=self.size, how=self.resize)
            except PhotoError:  # named before, when all were looked at
                return None

        with in_parallel(photo, files, threads=usable_cores()) as read:
            pairs = [(path, each) for path, each in zip(files, read, strict=True) if each is not None]
        none = np.empty((0, self.size, self.size, 3), np.uint8)
        return [path for path, _ in pairs], np.concatenate([none, *(each[None] for _, each in pairs)])

    def _squares(self, files: Sequence[Path]) -> Masks:
        """The masks of photos as the network would see them, of those that have one."""
        shapes = {path: self.shapes[path] for path in files}
        return square_masks(self.masks, shapes, size=self.size, how=self.resize)

    def _outside(
        self,
        own: tuple[list[Path], Photos],
        others: tuple[list[Path], Photos],
        masks: Masks,
        target: int,
        rng: np.random.Generator,
    ) -> float | None:
        """The share of the score's variation that comes from around the subjects, by their masks."""
        masked = [
            [(photo, masks[path]) for path, photo in zip(*side, strict=True) if path in masks]
            for side in (own, others)
        ]
        photos = [photo for side in masked for photo, _ in side]
        covers = [around_subject(mask) for side in masked for _, mask in side]
        empty = [emptied(photo, cover) for photo, cover in zip(photos, covers, strict=True)]
        return outside_share(
            self.network,
            *map(len, masked),
            mix=lambda subject, around: in_surroundings(photos[subject], empty[around], covers[subject]),
            target=target,
            rng=rng,
        )


def _inside(files: Sequence[Path], maps: NDArray[np.float32], masks: Masks) -> tuple[float, float] | None:
    """The mean share of the evidence that lies on the subject, and of the area that it takes."""
    rows = [row for row in np.flatnonzero(showing(maps)).tolist() if files[row] in masks]
    if not rows:
        return None
    squares = np.stack([masks[files[row]] for row in rows])
    return float(energies_inside(maps[rows], squares).mean()), float(squares.mean())
