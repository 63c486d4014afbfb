from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.audit.findings import Finding
from kclass.audit.suspects import out_of_fold_probabilities, suspect_findings
from kclass.dataset.samples import Samples

PHOTOS = 60


def table(labels: NDArray[np.int32], *classes: str) -> Samples:
    return Samples(tuple(f"{row}.jpg" for row in range(len(labels))), labels, classes, Path("/photos"))


def clouds(labels: NDArray[np.int32]) -> NDArray[np.float32]:
    """Features that tell the classes apart, and each photo from the others."""
    random = np.random.default_rng(3)
    return (8 * np.eye(8)[labels] + random.normal(size=(len(labels), 8))).astype(np.float32)


def alone(photos: int) -> NDArray[np.int64]:
    return np.arange(photos)


def test_a_suspect_is_told_with_both_probabilities() -> None:
    # t_0 = (8 * .9 + .05) / 9 = .81 and t_1 = .9: the third photo is confidently of class 1.
    probabilities = np.array([[0.9, 0.1]] * 9 + [[0.1, 0.9]] * 9)
    probabilities[2] = 0.05, 0.95
    samples = table(np.repeat(np.array([0, 1], np.int32), 9), "cat", "01.big_dog")
    (finding,) = suspect_findings(samples, np.log(probabilities))
    assert finding == Finding(
        "label-suspect",
        (2,),
        "2.jpg is labelled cat (5 %); big dog is likelier (95 %)",
        score=pytest.approx(0.05),
    )


def test_labels_planted_wrong_are_the_first_suspects() -> None:
    truth = (np.arange(PHOTOS) % 3).astype(np.int32)
    labels = truth.copy()
    labels[[7, 30]] = (labels[[7, 30]] + 1) % 3
    samples = table(labels, "cat", "dog", "owl")
    rows = alone(PHOTOS)
    found = out_of_fold_probabilities(samples, clouds(truth), rows, groups=alone(PHOTOS), seed=0)
    assert {finding.rows[0] for finding in list(suspect_findings(samples, found))[:2]} == {7, 30}


def test_photos_without_label_or_features_have_no_probabilities() -> None:
    labels = (np.arange(PHOTOS) % 2).astype(np.int32)
    features = clouds(labels)
    labels[5] = -1
    rows = np.delete(alone(PHOTOS), 9)
    found = out_of_fold_probabilities(
        table(labels, "cat", "dog"), features[rows], rows, groups=alone(PHOTOS), seed=0
    )
    assert found.shape == (PHOTOS, 2)
    assert np.flatnonzero(np.isnan(found).any(axis=1)).tolist() == [5, 9]
    np.testing.assert_allclose(np.exp(found[10]).sum(), 1)


def test_a_class_without_photos_is_never_likely() -> None:
    labels = (np.arange(PHOTOS) % 2 * 2).astype(np.int32)
    samples = table(labels, "cat", "yeti", "dog")
    found = out_of_fold_probabilities(samples, clouds(labels), alone(PHOTOS), groups=alone(PHOTOS), seed=0)
    assert (found[:, 1] == -np.inf).all()
    assert (found.argmax(axis=1) == labels).mean() > 0.9
    assert list(suspect_findings(samples, found)) == []


def test_one_class_alone_has_no_probabilities() -> None:
    labels = np.zeros(PHOTOS, np.int32)
    samples = table(labels, "cat", "dog")
    found = out_of_fold_probabilities(samples, clouds(labels), alone(PHOTOS), groups=alone(PHOTOS), seed=0)
    assert np.isnan(found).all()


def test_a_class_of_one_photo_is_never_judged() -> None:
    labels = np.array([0, 1] * 20 + [2], np.int32)
    samples = table(labels, "cat", "dog", "owl")
    found = out_of_fold_probabilities(samples, clouds(labels), alone(41), groups=alone(41), seed=0)
    assert np.isnan(found).any(axis=1).tolist() == [False] * 40 + [True]


def test_copies_of_a_photo_do_not_vouch_for_its_label() -> None:
    # Each photo has a feature of its own and a near copy: who has not seen the copy must guess.
    labels = np.tile(np.arange(30, dtype=np.int32) % 2, 2)
    once = np.eye(30, dtype=np.float32)
    features = np.vstack([once, once + np.float32(1e-3)])
    samples = table(labels, "cat", "dog")

    def right(groups: NDArray[np.int64]) -> float:
        found = out_of_fold_probabilities(samples, features, alone(60), groups=groups, seed=0)
        return float((found.argmax(axis=1) == labels).mean())

    assert right(alone(60)) > 0.75
    assert right(np.tile(np.arange(30), 2)) <= 0.5
