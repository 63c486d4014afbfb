"""What a fit found in the photos that a person should look at."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.audit.copies import copy_findings
from kclass.audit.findings import KINDS, Finding
from kclass.audit.suspects import suspect_findings
from kclass.dataset.dataset import Dataset
from kclass.dataset.names import UNLABELLED, UNSPLIT, split_name
from kclass.runs.preparing import Prepared

FINDING_COLUMNS = ("kind", "severity", "path", "class", "split", "score", "others", "detail")


def findings(prepared: Prepared, out_of_fold: NDArray[np.float64] | None) -> tuple[Finding, ...]:
    """Copies and pictures under two labels, and labels to look at if a head was solved.

    Training copies of validation and test photos are left out already, and not named again unless
    their label is another.

    Args:
        prepared: what a look at the photos showed.
        out_of_fold: float64 (photos, classes): natural logarithms of the probabilities of training
            photos by heads that had not seen them, NaN for all others.
    """
    samples = prepared.data.samples
    used = samples.splits != UNSPLIT
    matches = [
        each
        for each in prepared.matches
        if (used[each.first] and used[each.second])
        or samples.labels[each.first] != samples.labels[each.second]
    ]
    copies = copy_findings(samples, prepared.inspections, matches)
    return (*copies, *suspect_findings(samples, out_of_fold))


def finding_rows(data: Dataset, found: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as rows of `findings.csv`: the photo to look at, and the others it is about."""
    return [_row(data, finding) for finding in found]


def _row(data: Dataset, finding: Finding) -> dict[str, Any]:
    first, *others = finding.rows
    samples = data.samples
    label = int(samples.labels[first])
    return {
        "kind": finding.kind,
        "severity": KINDS[finding.kind].severity,
        "path": samples.paths[first],
        "class": None if label == UNLABELLED else samples.classes[label],
        "split": split_name(int(samples.splits[first])),
        "score": finding.score,
        "others": " ".join(samples.paths[row] for row in others),
        "detail": finding.detail,
    }
