"""What a finished network is worth: its temperature, and what is novel to it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_fits import SmallFit

import kclass
from kclass.batches.balance import class_weights
from kclass.batches.options import BatchOptions
from kclass.evaluation.calibration import fit_temperature
from kclass.evaluation.novelty import doubted, threshold_of
from kclass.evaluation.spread import fit_spread, out_of_fold_distances
from kclass.runs.trust import BY_FOLDS, BY_HELD_OUT, BY_PENALTY, trusted_by_folds, trusted_by_held_out
from kclass.training.linear_head import solve_linear_head
from kclass.training.shown import Lesson


def drawn(photos: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features of photos of three classes, that overlap, and their labels."""
    random = np.random.default_rng(seed)
    labels = (np.arange(photos) % 3).astype(np.int32)
    features = random.random((photos, 1280)) + np.eye(3, 1280)[labels] * 4
    return features.astype(np.float32), labels


def lesson(labels: np.ndarray, held_out: int, **options: Any) -> Lesson:
    """The first photos are held out."""
    return Lesson(
        labels=labels,
        train=np.arange(held_out, len(labels)),
        held_out=np.arange(held_out),
        classes=3,
        batches=BatchOptions(size=8, **options),
        seed=0,
    )


def with_head(fitted: SmallFit, scale: float) -> kclass.Classifier:
    """A classifier that names the class of `drawn`, as sure of itself as told."""
    archive = fitted.classifier.archive
    kernel = np.eye(1280, 3, dtype=np.float32) * scale
    head = {**archive.layer_weights, "logits": [kernel, np.zeros(3, np.float32)]}
    found = replace(archive)
    found.__dict__.update({"layer_weights": head, "fingerprint": archive.fingerprint})
    bare = replace(fitted.classifier.record, calibration={}, novelty={})
    return replace(fitted.classifier, archive=found, record=bare, novelty=None)


# A solved head


def test_a_solved_head_has_a_score_and_no_temperature(fitted: SmallFit) -> None:
    features, labels = drawn(60)
    head = solve_linear_head(features, labels, classes=3, seed=0)
    found = trusted_by_folds(with_head(fitted, 1), head, features, labels)
    assert found.record.calibration == {"temperature": 1.0, "photos": 60, "fitted_on": BY_PENALTY}
    told = found.record.novelty
    assert (told["false_alarms"], told["photos"], told["set_on"]) == (0.05, 60, BY_FOLDS)
    assert found.novelty is not None
    assert found.novelty.threshold == told["threshold"] >= 1
    assert found.novelty.spread.centres.shape == (3, 1280)


def test_its_threshold_comes_of_photos_that_folds_held_out(fitted: SmallFit) -> None:
    features, labels = drawn(60)
    head = solve_linear_head(features, labels, classes=3, seed=0)
    found = trusted_by_folds(with_head(fitted, 1), head, features, labels).novelty
    assert found is not None
    distances = out_of_fold_distances(features, labels, head.fold_of, classes=3)
    wanted = threshold_of(doubted(distances, np.exp(head.out_of_fold)))
    assert wanted is not None
    assert found.threshold == wanted[0]
    # By photos that it was fitted on it would be lower.
    assert found.threshold > found.spread.distances(features).max()


def test_photos_that_no_fold_could_hold_out_set_no_threshold(fitted: SmallFit) -> None:
    features, labels = drawn(3)
    head = solve_linear_head(features, labels, classes=3, seed=0)
    assert (head.fold_of == -1).all()
    found = trusted_by_folds(with_head(fitted, 1), head, features, labels)
    assert found.novelty is None
    assert found.record.novelty == {}
    assert found.record.calibration["photos"] == 0


# Epochs


@pytest.mark.parametrize("scale", [0.05, 40])
def test_the_logits_are_divided_by_the_temperature_of_the_photos_held_out(
    fitted: SmallFit, scale: float
) -> None:
    features, labels = drawn(90)
    wrong = labels.copy()
    wrong[:6] = (wrong[:6] + 1) % 3
    before = with_head(fitted, scale)
    found = trusted_by_held_out(before, lesson(wrong, 40), np.arange(90), features)
    told = found.record.calibration
    assert (told["photos"], told["fitted_on"]) == (40, BY_HELD_OUT)
    logits = features[:40].astype(np.float64) @ np.eye(1280, 3) * scale
    assert told["temperature"] == pytest.approx(fit_temperature(logits, wrong[:40]), rel=1e-4)
    assert (told["temperature"] > 1) is (scale > 1)
    kernel, _ = found.archive.layer_weights["logits"]
    assert kernel[0, 0] == pytest.approx(scale / told["temperature"])
    assert kernel.dtype == np.float32


def test_balanced_classes_count_alike_in_the_temperature(fitted: SmallFit) -> None:
    features, labels = drawn(90)
    wrong = labels.copy()
    wrong[[0, 3]] = 1  # two photos of class 0 that are said to be of class 1
    classes = np.concatenate([np.flatnonzero(labels != 2), np.flatnonzero(labels == 2)])
    features, wrong = features[classes], wrong[classes]
    taught = {
        balance: trusted_by_held_out(
            with_head(fitted, 9), lesson(wrong, 64, balance=balance), np.arange(90), features
        ).record.calibration["temperature"]
        for balance in ("none", "weights")
    }
    weights = class_weights(wrong[:64], classes=3)[wrong[:64]]
    logits = features[:64].astype(np.float64) @ np.eye(1280, 3) * 9
    assert taught["weights"] == pytest.approx(fit_temperature(logits, wrong[:64], weights), rel=1e-4)
    assert taught["weights"] != pytest.approx(taught["none"], rel=1e-3)


def test_what_is_novel_follows_from_the_photos_held_out(fitted: SmallFit) -> None:
    features, labels = drawn(90)
    found = trusted_by_held_out(with_head(fitted, 1), lesson(labels, 30), np.arange(90), features)
    told = found.record.novelty
    assert (told["photos"], told["set_on"], told["false_alarms"]) == (30, BY_HELD_OUT, 0.05)
    assert found.novelty is not None
    wanted = fit_spread(features[30:], labels[30:], classes=3)
    assert np.array_equal(found.novelty.spread.centres, wanted.centres)


def test_few_photos_held_out_say_how_many_false_alarms_that_means(fitted: SmallFit) -> None:
    features, labels = drawn(60)
    few = trusted_by_held_out(with_head(fitted, 1), lesson(labels, 9), np.arange(60), features)
    assert few.record.novelty["false_alarms"] == pytest.approx(0.1)
    fewer = trusted_by_held_out(with_head(fitted, 1), lesson(labels, 8), np.arange(60), features)
    assert (fewer.novelty, fewer.record.novelty) == (None, {})
    assert fewer.record.calibration["photos"] == 8


def test_a_photo_that_cannot_be_read_any_more_is_left_out(fitted: SmallFit) -> None:
    features, labels = drawn(60)
    seen = np.delete(np.arange(60), [3, 50])
    found = trusted_by_held_out(with_head(fitted, 1), lesson(labels, 20), seen, features[seen])
    assert found.record.calibration["photos"] == 19
    assert found.record.novelty["photos"] == 19
