"""How far off the expected calibration error is with few photos, by the way its bins are made.

Made-up confidences of two classes whose accuracy at each confidence is known, so the true error is too.
Shown are the mean of the estimate and, in brackets, the root of its mean squared distance from the truth:
over 200 draws, 40 of 1,000 photos.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from results import report

from kclass.evaluation.calibration import reliability

Floats = NDArray[np.float64]

PHOTOS = (20, 50, 150, 1000)
TRUTHS = {"calibrated": 0.0, "8 points too sure": 0.08}
"""By how much confidence is above accuracy, everywhere."""


def main() -> None:
    found, rows = {}, []
    random = np.random.default_rng(0)
    for truth, true in TRUTHS.items():
        for name, estimate in ESTIMATES.items():
            cells = [measured(random, estimate, true, photos) for photos in PHOTOS]
            off = [(float(np.mean(each)), float(np.sqrt(np.mean((each - true) ** 2)))) for each in cells]
            found[f"{truth}, {name}"] = off
            rows.append([truth, name, *(f"{mean:.3f} ({distance:.3f})" for mean, distance in off)])
    head = ["", "bins", *(f"{photos} photos" for photos in PHOTOS)]
    report("calibration_bins", head, rows, {"photos": PHOTOS, "mean_and_distance": found})


def drawn(random: np.random.Generator, photos: int) -> Floats:
    """Confidences as of a good classifier: most near 1."""
    return 0.5 + 0.5 * random.beta(8, 1.2, photos)


def measured(
    random: np.random.Generator,
    estimate: Callable[[Floats, Floats], float],
    excess: float,
    photos: int,
) -> Floats:
    estimates = []
    for _ in range(40 if photos > 500 else 200):
        sure = drawn(random, photos)
        estimates.append(estimate(sure, random.random(photos) < sure - excess))
    return np.array(estimates)


def equal_width(number: int) -> Callable[[Floats, Floats], float]:
    return lambda sure, hits: _error(sure, hits, np.minimum((sure * number).astype(int), number - 1))


def equal_mass(number: int) -> Callable[[Floats, Floats], float]:
    def estimate(sure: Floats, hits: Floats) -> float:
        place = np.empty(len(sure), dtype=np.int64)
        place[np.argsort(sure)] = np.arange(len(sure)) * number // len(sure)
        return _error(sure, hits, place)

    return estimate


def swept(sure: Floats, hits: Floats) -> float:
    """As a run tells it."""
    return reliability(np.stack([sure, 1 - sure], axis=1), (~hits.astype(bool)).astype(np.int32)).ece


def _error(sure: Floats, hits: Floats, place: NDArray[np.int64]) -> float:
    return float(np.abs(np.bincount(place, sure) - np.bincount(place, hits)).sum() / len(sure))


ESTIMATES: dict[str, Callable[[Floats, Floats], float]] = {
    "15 of equal width": equal_width(15),
    "10 of equal width": equal_width(10),
    "15 of equal mass": equal_mass(15),
    "10 of equal mass": equal_mass(10),
    "of equal mass, swept (kclass)": swept,
}


if __name__ == "__main__":
    main()
