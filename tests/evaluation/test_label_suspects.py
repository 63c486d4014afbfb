import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.evaluation.label_suspects import confident_joint, label_suspects

Floats = NDArray[np.float64]


def two_classes(*first: float) -> Floats:
    """Probabilities of two classes from those of the first."""
    return np.array([[p, 1 - p] for p in first])


def labels(*given: int) -> NDArray[np.int32]:
    return np.array(given, np.int32)


# Photos of class 0 have .9, .8 and .1 of it: t_0 = .6. Those of class 1 have .9, .7 and .2: t_1 = .6.
PROBABILITIES = two_classes(0.9, 0.8, 0.1, 0.1, 0.3, 0.8)
LABELS = labels(0, 0, 0, 1, 1, 1)


def test_the_confident_joint_is_the_one_counted_by_hand() -> None:
    counts, joint = confident_joint(PROBABILITIES, LABELS)
    assert counts.tolist() == [3, 3]
    assert joint.tolist() == [[2, 1], [1, 2]]


def test_a_photo_that_reaches_no_threshold_is_not_counted() -> None:
    # t_0 = (.9 + .5) / 2 = .7 and t_1 = .8: the second photo is neither.
    _, joint = confident_joint(two_classes(0.9, 0.5, 0.2), labels(0, 0, 1))
    assert joint.tolist() == [[1, 0], [0, 1]]


def test_of_several_thresholds_reached_the_most_probable_class_counts() -> None:
    # t = (.4, .3, .3); the first photo reaches the first two, and is of the first.
    probabilities = np.array([[0.4, 0.35, 0.25], [0.3, 0.3, 0.4], [0.4, 0.3, 0.3]])
    _, joint = confident_joint(probabilities, labels(0, 1, 2))
    assert joint[0].tolist() == [1, 0, 0]


def test_suspects_are_ranked_by_the_probability_of_their_own_label() -> None:
    found = label_suspects(np.log(PROBABILITIES), LABELS)
    assert [(each.row, each.label, each.likely) for each in found] == [(2, 0, 1), (5, 1, 0)]
    assert [each.self_confidence for each in found] == pytest.approx([0.1, 0.2])
    assert [each.confidence for each in found] == pytest.approx([0.9, 0.8])


def test_the_number_of_suspects_is_scaled_to_all_photos_of_the_label() -> None:
    # t_0 = 2.5 / 5 = .5 and t_1 = .9. Two photos of class 0 are confidently of it and one is of class 1;
    # two are neither. One of the three counted makes 5/3 of all five, rounded 2: the one, and the
    # least sure of the others.
    probabilities = two_classes(0.9, 0.9, 0.31, 0.29, 0.1, 0.1)
    given = labels(0, 0, 0, 0, 0, 1)
    assert confident_joint(probabilities, given)[1][0].tolist() == [2, 1]
    assert [each.row for each in label_suspects(np.log(probabilities), given)] == [4, 3]


def test_a_photo_whose_label_is_the_most_probable_class_is_no_suspect() -> None:
    # t_0 = (.98 + .5) / 2 = .74, t_1 = .4: the second photo is confidently of class 1, so one label is
    # taken to be wrong; but the photo that is least sure of its label has no likelier one.
    probabilities = np.array([[0.98, 0.01, 0.01], [0.5, 0.4, 0.1], [0.3, 0.4, 0.3]])
    _, joint = confident_joint(probabilities, labels(0, 0, 1))
    assert joint[0].tolist() == [1, 1, 0]
    assert label_suspects(np.log(probabilities), labels(0, 0, 1)) == ()


def test_photos_without_label_or_without_probabilities_are_left_out() -> None:
    probabilities = np.vstack([two_classes(0.01, 0.01), PROBABILITIES])
    logs = np.log(probabilities)
    logs[0] = np.nan
    given = np.concatenate([labels(0, -1), LABELS])
    assert [each.row for each in label_suspects(logs, given)] == [4, 7]


def test_without_any_probabilities_there_are_no_suspects() -> None:
    assert label_suspects(np.full((3, 2), np.nan), labels(0, 1, 1)) == ()


def test_sound_labels_have_no_suspects() -> None:
    assert label_suspects(np.log(two_classes(0.9, 0.8, 0.3, 0.1)), labels(0, 0, 1, 1)) == ()


def test_a_class_without_photos_attracts_none() -> None:
    probabilities = np.array([[0.1, 0.1, 0.8], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1]])
    _, joint = confident_joint(probabilities, labels(0, 0, 1))
    assert joint[:, 2].tolist() == [0, 0, 0]


def test_probabilities_below_the_smallest_number_keep_their_order() -> None:
    # Both are 0 as probabilities.
    logs = np.array([[-2000.0, 0.0], [-3000.0, 0.0], [-0.1, -2.4], [-0.1, -2.4], [-2.4, -0.1], [-2.4, -0.1]])
    assert [each.row for each in label_suspects(logs, labels(0, 0, 0, 0, 1, 1))] == [1, 0]


def test_a_wrong_label_among_many_is_the_first_suspect() -> None:
    random = np.random.default_rng(0)
    given = (np.arange(300) % 3).astype(np.int32)
    truth = given.copy()
    truth[7] = (truth[7] + 1) % 3
    logits = 6 * np.eye(3)[truth] + random.normal(size=(300, 3))
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    (first, *others) = label_suspects(logs, given)
    assert (first.row, first.likely) == (7, truth[7])
    assert len(others) <= 2
