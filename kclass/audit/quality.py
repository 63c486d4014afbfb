"""Photos in which little can be seen: tiny, nearly uniform, very dark or bright, blurred."""

import itertools
from collections.abc import Iterator, Mapping

from kclass.audit.findings import Finding
from kclass.audit.thresholds import (
    BRIGHTEST,
    DARKEST,
    LEAST_SHARPNESS,
    LEAST_SPREAD,
    SHARE_OF_LIGHT,
    SMALLEST_SIDE,
)
from kclass.dataset.samples import Samples
from kclass.inspection.inspection import PERCENTS, Inspection

_WHITE = 255.0


def quality_findings(samples: Samples, inspections: Mapping[int, Inspection]) -> tuple[Finding, ...]:
    """The photos in which little can be seen, of each kind the worst first.

    Each is named once, for the first that holds: tiny, nearly uniform, very dark or bright, blurred. A
    black frame is dark because it is uniform, and there must be edges to judge sharpness by.

    Args:
        samples: the table.
        inspections: by row, of the photos that can be read.
    """
    found = [
        finding
        for row, inspection in inspections.items()
        for finding in itertools.islice(_of_photo(row, samples.paths[row], inspection), 1)
    ]
    return tuple(sorted(found, key=lambda finding: finding.score or 0.0))


def _of_photo(row: int, path: str, inspection: Inspection) -> Iterator[Finding]:
    """All that holds of one photo; the lower the score of a finding, the worse it is."""
    light = dict(zip(PERCENTS, inspection.percentiles, strict=True))
    side = min(inspection.width, inspection.height)
    if side < SMALLEST_SIDE:
        detail = f"{path}: {inspection.width} × {inspection.height} pixels"  # noqa: RUF001
        yield Finding("tiny", (row,), detail, score=float(side))
    spread = light[95] - light[5]
    if spread < LEAST_SPREAD and spread <= SHARE_OF_LIGHT * min(light[99], _WHITE - light[1]):
        detail = f"{path}: nine tenths of it lie within {spread:.0f} of 255 levels of brightness"
        yield Finding("nearly-uniform", (row,), detail, score=spread)
    if light[99] < DARKEST:
        detail = f"{path}: 99 % of it is no brighter than {light[99]:.0f} of 255"
        yield Finding("dark", (row,), detail, score=light[99])
    if light[1] > BRIGHTEST:
        detail = f"{path}: 99 % of it is no darker than {light[1]:.0f} of 255"
        yield Finding("bright", (row,), detail, score=_WHITE - light[1])
    if inspection.sharpness < LEAST_SHARPNESS:
        detail = f"{path}: sharpness {inspection.sharpness:.2f}"
        yield Finding("blurred", (row,), detail, score=inspection.sharpness)
