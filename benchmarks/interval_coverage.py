"""How often 95 % intervals of scores hold the true value, by simulation.

Usage: interval_coverage.py [--sets 400] [--resamples 1000]

Wilson's interval of an accuracy is tried on 100,000 draws for each number of photos and each true
accuracy, and worked out exactly beside it.

For the other scores, validation sets are drawn from networks whose truth is known: the scores of a photo's
classes are Gaussian with the variance 1, its own class has the mean m that leads to the accuracy wanted,
and softmax of m times the scores over a temperature gives the probabilities: they are calibrated at 1
and too sure of themselves at .5, as networks without calibration are. Classes have photos in proportion
to 1, 1/2, 1/3 … (that of two classes is 60 to 40). The true values are those of a million photos. Each
set is bootstrapped in three ways:

percentile  resamples of the photos, and their quantiles;
BCa         the same with B. Efron's corrections of bias and acceleration (Better Bootstrap Confidence
            Intervals, Journal of the American Statistical Association 82 (1987), 171-185); where they
            do not exist, since all resamples are alike, the quantiles;
smoothed    kclass's own: 3.84 photos added to each resample, right or wrong with even odds, those that
            are wrong among the photos in doubt.

Shown is the share of sets whose interval holds the true value, and the mean width; with 400 sets a share
of .95 is known to .011 (s.e.), with the quarter of them that 1,000 photos have to .022. `missed` counts
by how much coverage falls short of 95 %, on average over all rows: what kclass chose by.
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from results import report
from scipy.special import ndtr, ndtri
from scipy.stats import binom

from kclass.evaluation.bootstrap import bootstrap_intervals, resampled, scores
from kclass.evaluation.class_scores import balanced_accuracy, macro_f1
from kclass.evaluation.intervals import wilson
from kclass.evaluation.losses import brier_scores, photo_losses

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]
PHOTOS = (20, 42, 153, 1000)
ACCURACIES = (0.5, 0.8, 0.93, 0.99)
SCORES = ("balanced_accuracy", "macro_f1", "log_loss", "brier")
METHODS = ("percentile", "BCa", "smoothed")
DRAWS = 100_000
SEED = 11  # the smoothing was settled on sets drawn with another
ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class Network:
    """A network whose truth is known."""

    classes: int
    temperature: float


NETWORKS = (Network(2, 1.0), Network(2, 0.5), Network(10, 0.5))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=400)
    parser.add_argument("--resamples", type=int, default=1000)
    given = parser.parse_args()
    start = time.process_time()
    of_wilson = [wilson_coverage(photos, accuracy) for photos in PHOTOS for accuracy in ACCURACIES]
    found = [
        bootstrap_coverage(network, photos, accuracy, given.sets, given.resamples)
        for network in NETWORKS
        for photos in PHOTOS
        for accuracy in ACCURACIES
    ]
    rows = [
        [
            "accuracy",
            "any",
            f"{each['photos']}",
            f"{each['accuracy']}",
            f"Wilson {each['simulated']:.3f}",
            f"exact {each['exact']:.3f}",
            "",
            f"{each['width']:.3f}",
        ]
        for each in of_wilson
    ]
    rows += [row for each in found for row in rows_of(each)]
    summary = summarised(of_wilson, found)
    head = ["score", "network", "photos", "accuracy", *METHODS, "widths"]
    content = {
        "sets": given.sets,
        "resamples": given.resamples,
        "cpu_seconds": round(time.process_time() - start, 1),
        "summary": summary,
        "wilson": of_wilson,
        "bootstrap": found,
    }
    report("interval_coverage", head, rows, content)
    print("\n".join(f"{name}: {values}" for name, values in summary.items()))


def wilson_coverage(photos: int, accuracy: float) -> dict[str, float]:
    intervals = [wilson(correct, photos) for correct in range(photos + 1)]
    holds = np.array([each.low <= accuracy <= each.high for each in intervals])
    widths = np.array([each.high - each.low for each in intervals])
    drawn = np.random.default_rng(photos).binomial(photos, accuracy, DRAWS)
    chances = binom.pmf(np.arange(photos + 1), photos, accuracy)
    return {
        "photos": photos,
        "accuracy": accuracy,
        "simulated": round(float(holds[drawn].mean()), 4),
        "exact": round(float(chances @ holds), 4),
        "width": round(float(chances @ widths), 4),
    }


def bootstrap_coverage(
    network: Network, photos: int, accuracy: float, sets: int, resamples: int
) -> dict[str, object]:
    mean = mean_for(accuracy, network.classes)
    true = true_values(network, mean)
    rng = np.random.default_rng([SEED, network.classes, photos, round(100 * accuracy)])
    number = sets if photos < max(PHOTOS) else max(1, sets // 4)
    held = {(score, method): 0 for score in SCORES for method in METHODS}
    widths = dict.fromkeys(held, 0.0)
    for each in range(number):
        probabilities, labels = drawn_set(network, mean, photos, rng)
        for place, (low, high) in intervals_of(probabilities, labels, resamples, each).items():
            held[place] += low <= true[place[0]] <= high
            widths[place] += high - low
    return {
        "classes": network.classes,
        "temperature": network.temperature,
        "photos": photos,
        "accuracy": accuracy,
        "sets": number,
        "true": {score: round(true[score], 4) for score in SCORES},
        "coverage": by_score({place: round(value / number, 4) for place, value in held.items()}),
        "width": by_score({place: round(value / number, 4) for place, value in widths.items()}),
    }


def mean_for(accuracy: float, classes: int) -> float:
    """The mean m for which a Gaussian about it is, so often, above `classes` - 1 others about 0."""
    grid = np.linspace(-9, 15, 4001)
    step = grid[1] - grid[0]
    low, high = 0.0, 10.0
    for _ in range(50):
        middle = (low + high) / 2
        density = np.exp(-((grid - middle) ** 2) / 2) / np.sqrt(2 * np.pi)
        if (density * ndtr(grid) ** (classes - 1)).sum() * step < accuracy:
            low = middle
        else:
            high = middle
    return low


def drawn_set(network: Network, mean: float, photos: int, rng: np.random.Generator) -> tuple[Floats, Labels]:
    shares = np.array([0.6, 0.4]) if network.classes == 2 else 1 / np.arange(1, network.classes + 1)
    labels = rng.choice(network.classes, size=photos, p=shares / shares.sum()).astype(np.int32)
    logits = rng.normal(size=(photos, network.classes))
    logits[np.arange(photos), labels] += mean
    # Without any mean, a network that has learnt nothing is about as sure as the noise.
    logits *= max(mean, 0.5) / network.temperature
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True), labels


def true_values(network: Network, mean: float) -> Mapping[str, float]:
    return scores(*drawn_set(network, mean, 1_000_000, np.random.default_rng(1)))


def intervals_of(
    probabilities: Floats, labels: Labels, resamples: int, seed: int
) -> dict[tuple[str, str], tuple[float, float]]:
    values = scores(probabilities, labels)
    plain = resampled(probabilities, labels, resamples=resamples, added=0, seed=seed)
    smoothed = bootstrap_intervals(probabilities, labels, resamples=resamples, seed=seed)
    without = left_out(probabilities, labels)
    found = {}
    for score in SCORES:
        found[score, "percentile"] = ends(plain[score], ENDS)
        found[score, "BCa"] = ends(plain[score], corrected(plain[score], values[score], without[score]))
        found[score, "smoothed"] = smoothed[score]
    return found


def ends(drawn: Floats, shares: tuple[float, float]) -> tuple[float, float]:
    low, high = np.quantile(drawn, shares)
    return float(low), float(high)


def corrected(drawn: Floats, value: float, without: Floats) -> tuple[float, float]:
    """The quantiles that BCa takes for 2.5 and 97.5 %."""
    below = ((drawn < value).mean() + (drawn <= value).mean()) / 2
    off = without.mean() - without
    squares = (off**2).sum()
    if not 0 < below < 1 or squares < 1e-24:
        return ENDS
    bias, acceleration = ndtri(below), (off**3).sum() / (6 * squares**1.5)
    moved = bias + ndtri(np.array(ENDS))
    low, high = ndtr(bias + moved / (1 - acceleration * moved))
    return float(low), float(high)


def left_out(probabilities: Floats, labels: Labels) -> Mapping[str, Floats]:
    """Each score with each photo left out in turn."""
    photos, number = probabilities.shape
    predicted = probabilities.argmax(axis=1)
    rows = np.arange(photos)
    counts = [
        np.bincount(labels[labels == predicted], minlength=number),
        np.bincount(labels, minlength=number),
        np.bincount(predicted, minlength=number),
    ]
    right, supports, named = (np.tile(each, (photos, 1)) for each in counts)
    right[rows, labels] -= labels == predicted
    supports[rows, labels] -= 1
    named[rows, predicted] -= 1
    losses, brier = photo_losses(probabilities, labels), brier_scores(probabilities, labels)
    return {
        "balanced_accuracy": balanced_accuracy(right, supports),
        "macro_f1": macro_f1(right, supports, named),
        "log_loss": (losses.sum() - losses) / (photos - 1),
        "brier": (brier.sum() - brier) / (photos - 1),
    }


def by_score(values: Mapping[tuple[str, str], float]) -> dict[str, dict[str, float]]:
    return {score: {method: values[score, method] for method in METHODS} for score in SCORES}


def rows_of(found: Mapping[str, object]) -> list[list[str]]:
    coverage, width = found["coverage"], found["width"]
    assert isinstance(coverage, dict) and isinstance(width, dict)
    network = f"{found['classes']} classes, T {found['temperature']}"
    return [
        [score, network, f"{found['photos']}", f"{found['accuracy']}"]
        + [f"{coverage[score][method]:.3f}" for method in METHODS]
        + [" ".join(f"{width[score][method]:.3f}" for method in METHODS)]
        for score in SCORES
    ]


def summarised(of_wilson: list[dict[str, float]], found: list[dict[str, object]]) -> dict[str, object]:
    """Mean coverage, how far it falls short of .95, and the least, by score and method."""
    summary: dict[str, object] = {
        "Wilson": {
            "mean": round(float(np.mean([each["simulated"] for each in of_wilson])), 4),
            "least": min(each["simulated"] for each in of_wilson),
        }
    }
    for score in SCORES:
        for method in METHODS:
            shares = np.array([each["coverage"][score][method] for each in found])  # type: ignore[index]
            summary[f"{score}, {method}"] = {
                "mean": round(float(shares.mean()), 4),
                "missed": round(float(np.maximum(0.95 - shares, 0).mean()), 4),
                "least": round(float(shares.min()), 4),
                "width": round(float(np.mean([each["width"][score][method] for each in found])), 4),  # type: ignore[index]
            }
    return summary


if __name__ == "__main__":
    main()
