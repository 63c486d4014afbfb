"""Measures a method's maps on a classifier's photos, some at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.backbones.keras_archive import keras_model
from kclass.classifier.classifier import Classifier
from kclass.classifier.explaining import Explainer
from kclass.engines.kept import converted
from kclass.engines.network import convert
from kclass.errors import ModelError
from kclass.explanation.baselines import centre_maps, random_maps
from kclass.explanation.deletion import MaskingCurves, masking_curves
from kclass.explanation.explaining import explain_photos
from kclass.explanation.localisation import energies_inside, overlaps, pointing_hits
from kclass.explanation.maps import Explanation, verdict
from kclass.explanation.measures import CENTRE, OWN, RANDOM, Measure
from kclass.explanation.methods import GRAD_CAM, Method
from kclass.explanation.network import Explainable
from kclass.explanation.randomisation import (
    DRAWS,
    STAGES,
    Randomised,
    mean_over_draws,
    randomised,
    rank_correlations,
)

Maps = NDArray[np.float32]
Masks = NDArray[np.bool_]
Values = Mapping[str, NDArray[np.float64]]
"""What was measured of each photo, by whose map it was."""

POINTING: Final = "pointing"
ENERGY: Final = "energy inside"
OVERLAP: Final = "overlap"

_RANDOM_MAPS, _TIES, _PEAKS, _WEIGHTS = range(4)
"""What random numbers are for; each has its own, so that no measure hangs on another."""


@dataclass(frozen=True, eq=False)
class Shot:
    """A photo that is to be measured.

    Args:
        path: its file.
        pixels: uint8 (size, size, 3), RGB, as the network sees it.
        shape: height and width of the upright photo.
    """

    path: Path
    pixels: NDArray[np.uint8] = field(repr=False)
    shape: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Part:
    """What was measured of some photos, in their order.

    Args:
        paths: of the photos.
        explained: their maps.
        curves: of deletion and insertion, by whose order.
        masked: those of the photos that have a mask.
        localisation: pointing, energy and overlap of these, by name.
        correlations: with maps of random weights, by stage.
    """

    paths: tuple[Path, ...]
    explained: Explanation
    curves: Mapping[str, MaskingCurves]
    masked: tuple[Path, ...]
    localisation: Mapping[str, Values]
    correlations: Values


class MapMeter:
    """Measures maps, photo after photo.

    Args:
        classifier: whose explanations are measured.
        method: how maps are made.
        layer: the layer explained; None for the last one with a spatial output.
        flips: whether each map is the mean with the mirrored photo's map turned back.
        seed: of all that is drawn.
    """

    def __init__(
        self, classifier: Classifier, method: Method, layer: str | None, *, flips: bool, seed: int
    ) -> None:
        self._method, self._flips = method, flips
        self._maps, self._ties, self._peaks = (
            np.random.default_rng([seed, each]) for each in (_RANDOM_MAPS, _TIES, _PEAKS)
        )
        trained = _explainer(classifier, classifier.archive)
        self._network = trained.network(layer, method)
        self._scorer = trained.network(layer, GRAD_CAM)  # without TensorFlow where that is possible
        self._untrained = {
            stage: [_explainer(classifier, archive).network(layer, method) for archive in archives]
            for stage, archives in _untrained(classifier.archive, seed).items()
        }

    def measure(self, shots: Sequence[Shot], masks: Mapping[Path, Masks]) -> Part:
        """Measure the maps of some photos, at least one.

        Args:
            shots: the photos.
            masks: bool (size, size), as the network would see them, by photo, of those that have one.

        Raises:
            ModelError: the network's numbers for a photo are not finite.
        """
        photos = np.stack([shot.pixels for shot in shots])
        found = self._explained(self._network, photos)
        paths = tuple(shot.path for shot in shots)
        rivals = {
            OWN: found.maps,
            RANDOM: random_maps(found.maps.shape, rng=self._maps),
            CENTRE: centre_maps(found.maps.shape),
        }
        curves = {
            whose: masking_curves(self._scorer, photos, maps, found.targets, rng=self._ties)
            for whose, maps in rivals.items()
        }
        _check_finite(paths, curves[OWN])
        return Part(
            paths=paths,
            explained=found,
            curves=curves,
            masked=tuple(path for path in paths if path in masks),
            localisation=self._localised(paths, rivals, masks),
            correlations={stage: self._kept(found, photos, stage) for stage in self._untrained},
        )

    def _kept(self, found: Explanation, photos: NDArray[np.uint8], stage: str) -> NDArray[np.float64]:
        """What maps keep of their order with the random weights of a stage, in the mean over its draws."""
        return mean_over_draws(
            [
                rank_correlations(found.maps, self._explained(network, photos, found.targets).maps)
                for network in self._untrained[stage]
            ]
        )

    def _explained(
        self, network: Explainable, photos: NDArray[np.uint8], targets: NDArray[np.int64] | None = None
    ) -> Explanation:
        return explain_photos(network, photos, method=self._method, targets=targets, flips=self._flips)

    def _localised(
        self, paths: Sequence[Path], rivals: Mapping[str, Maps], masks: Mapping[Path, Masks]
    ) -> Mapping[str, Values]:
        rows = [row for row, path in enumerate(paths) if path in masks]
        if not rows:
            return {}
        squares = np.stack([masks[paths[row]] for row in rows])
        return {
            POINTING: {
                whose: pointing_hits(maps[rows], squares, rng=self._peaks).astype(np.float64)
                for whose, maps in rivals.items()
            },
            ENERGY: {whose: energies_inside(maps[rows], squares) for whose, maps in rivals.items()},
            OVERLAP: {whose: overlaps(maps[rows], squares) for whose, maps in rivals.items()},
        }


def joined_curves(parts: Sequence[Part]) -> Mapping[str, MaskingCurves]:
    """The curves of all parts, by whose order."""
    return {
        whose: MaskingCurves(
            first.shares,
            np.concatenate([part.curves[whose].deletion for part in parts]),
            np.concatenate([part.curves[whose].insertion for part in parts]),
        )
        for whose, first in parts[0].curves.items()
    }


def joined_localisation(parts: Sequence[Part]) -> tuple[Measure, ...]:
    """The measures with masks of all parts; none if there was no mask."""
    found = [part.localisation for part in parts if part.localisation]
    names = found[0] if found else {}
    return tuple(
        Measure(
            name,
            {whose: np.concatenate([each[name][whose] for each in found]) for whose in found[0][name]},
            hits=name == POINTING,
        )
        for name in names
    )


def joined_checks(parts: Sequence[Part]) -> tuple[Randomised, ...]:
    """What maps keep when weights are random, of all parts."""
    return tuple(
        Randomised(stage, np.concatenate([part.correlations[stage] for part in parts])) for stage in STAGES
    )


def joined_verdicts(parts: Sequence[Part]) -> tuple[str, ...]:
    """For each photo why its map shows no place, or ""."""
    return tuple(verdict(heat) for part in parts for heat in part.explained.maps)


def _check_finite(paths: Sequence[Path], curves: MaskingCurves) -> None:
    broken = ~np.isfinite([curves.deletion, curves.insertion]).all(axis=(0, 2))
    if broken.any():
        raise ModelError(
            f"the network's numbers for {paths[int(broken.argmax())]} are not finite",
            fix="Train the model again.",
        )


def _untrained(archive: Archive, seed: int) -> dict[str, list[Archive]]:
    return {
        stage: [randomised(archive, stage=stage, seed=[seed, _WEIGHTS, draw]) for draw in range(DRAWS[stage])]
        for stage in STAGES
    }


def _explainer(classifier: Classifier, archive: Archive) -> Explainer:
    trained = archive is classifier.archive
    return Explainer(
        archive,
        lambda: classifier.keras_model if trained else keras_model(archive),
        resize=classifier.record.resize,
        classes=classifier.classes,
        convert=converted if trained else convert,
    )
