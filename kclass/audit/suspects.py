"""Photos whose labels contradict what a head says that has not seen them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kclass.audit.findings import Finding
from kclass.dataset.names import UNLABELLED, readable
from kclass.dataset.samples import Samples
from kclass.evaluation.label_suspects import label_suspects
from kclass.progress import Progress, silent
from kclass.training.linear_head import solve_linear_head

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


def suspect_findings(samples: Samples, out_of_fold: Floats | None) -> Iterator[Finding]:
    """The labels to look at, the most suspect first.

    Args:
        samples: the table.
        out_of_fold: float64 (photos, classes): natural logarithms of the probabilities of each row by a
            head that had not seen the photo; NaN where there is none. None if no head was asked.
    """
    if out_of_fold is None:
        return
    for each in label_suspects(out_of_fold, samples.labels):
        label, likely = (readable(samples.classes[place]) for place in (each.label, each.likely))
        yield Finding(
            "label-suspect",
            (each.row,),
            f"{samples.paths[each.row]} is labelled {label} ({_percent(each.self_confidence)}); "
            f"{likely} is likelier ({_percent(each.confidence)})",
            score=each.self_confidence,
        )


def out_of_fold_probabilities(
    samples: Samples,
    features: NDArray[np.float32],
    rows: Rows,
    *,
    groups: Rows,
    seed: int,
    progress: Progress = silent,
) -> Floats:
    """Log probabilities of the labelled photos, each by a linear head that had not seen it or a copy.

    All labelled photos take part, whatever split they belong to: wrong labels may be in each.

    Args:
        samples: the table.
        features: float32 (embedded photos, features).
        rows: int64 (embedded photos,), theirs.
        groups: int64 (photos,): rows of one picture have one number.
        seed: of the folds.
        progress: is told how many folds are done.

    Returns:
        float64 (photos, classes), natural logarithms; NaN for photos that no head was asked for, and
        -inf for classes without photos.
    """
    found = np.full((len(samples), len(samples.classes)), np.nan)
    labelled = samples.labels[rows] != UNLABELLED
    own = rows[labelled]
    present, labels = np.unique(samples.labels[own], return_inverse=True)
    if len(present) > 1:
        head = solve_linear_head(
            features[labelled],
            labels.astype(np.int32),
            classes=len(present),
            seed=seed,
            groups=groups[own],
            progress=progress,
        )
        found[own] = -np.inf
        found[np.ix_(own, present)] = head.out_of_fold
        found[own[np.isnan(head.out_of_fold).any(axis=1)]] = np.nan
    return found


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
