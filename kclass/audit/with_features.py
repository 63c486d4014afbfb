"""What shows when a network has looked at the photos too: more copies, and labels to look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kclass.audit.suspects import out_of_fold_probabilities
from kclass.backbones.registry import DEFAULT, IMAGENET, backbone, open_backbone
from kclass.dataset.names import UNLABELLED
from kclass.dataset.samples import Samples
from kclass.engines.engine import check_device
from kclass.engines.kept import converted
from kclass.engines.runtime import resolve_precision
from kclass.errors import PhotoError
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.inspection.inspection import Inspection
from kclass.inspection.matching import Match, groups_of
from kclass.inspection.remembering import Features, remembered_matches
from kclass.progress import Progress, silent

Looked = Sequence[Inspection | PhotoError]
Rows = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Seen:
    """What a closer look at photos showed.

    Args:
        matches: between rows.
        out_of_fold: float64 (photos, classes), natural logarithms; NaN rows where there is none. None if
            no network looked.
    """

    matches: tuple[Match, ...]
    out_of_fold: Floats | None


def look_closer(
    samples: Samples,
    features: Features,
    inspections: Looked,
    *,
    seed: int,
    progress: Progress = silent,
) -> Seen:
    """What features show besides inspections.

    A picture under two labels has no say, and nothing is said of it: it has been told already.

    Args:
        samples: the table.
        features: of the photos that could be embedded.
        inspections: one a row.
        seed: of the folds.
        progress: is told how far each stage is.

    Raises:
        OutputError: the cache cannot be used.
    """
    matches = remembered_matches(inspections, features=features, progress=progress)
    groups = groups_of(matches, len(samples))
    agreed = ~_contested(samples, groups)[features.places]
    out_of_fold = out_of_fold_probabilities(
        samples, features.values[agreed], features.places[agreed], groups=groups, seed=seed, progress=progress
    )
    return Seen(matches, out_of_fold)


def _contested(samples: Samples, groups: Rows) -> NDArray[np.bool_]:
    """Which photos are of a picture under several labels: bool (photos,)."""
    labelled = np.flatnonzero(samples.labels != UNLABELLED)
    pairs = np.unique(np.stack([groups[labelled], samples.labels[labelled]], axis=1), axis=0)
    labels_of_group = np.bincount(pairs[:, 0], minlength=len(groups))
    contested: NDArray[np.bool_] = labels_of_group[groups] > 1
    return contested


def default_features(samples: Samples, *, seed: int, progress: Progress = silent) -> Features:
    """The features of all photos that can be read by the default backbone, at its size, as a fit makes them.

    Args:
        samples: the table.
        seed: of the backbone, which its trained weights make no use of.
        progress: is told how many photos have been embedded.

    Raises:
        ModelError: the backbone cannot be opened.
        OutputError: the cache cannot be used.
    """
    device = check_device("auto")
    archive = open_backbone(DEFAULT, weights=IMAGENET, size=backbone(DEFAULT).size, seed=seed)
    precision = resolve_precision("f32", device=device)
    extractor = Extractor(archive, "squash", device, precision, converted(archive))
    found = embed(samples.files, extractor=extractor, progress=progress)
    return Features(found.readable, found.features, extractor.recipe)
