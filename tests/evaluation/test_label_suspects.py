import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.evaluation.label_suspects import confident_joint, label_suspects, told_classes

Floats = NDArray[np.float64]


def two_classes(*first: float) -> Floats:
    """Probabilities of two classes from those of the first."""
    return np.array([[p, 1 - p] for p in first])


def labels(*given: int) -> NDArray[np.int32]:
    return np.array(given, np.int32)


TIMES = 20
"""How often few photos are repeated where it must be sure that the classes are told from each other."""


def repeated(probabilities: Floats, given: NDArray[np.int32]) -> tuple[Floats, NDArray[np.int32]]:
    """Logarithms of the probabilities and the labels, all of them `TIMES` times over."""
    return np.log(np.tile(probabilities, (TIMES, 1))), np.tile(given, TIMES)


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
    found = label_suspects(*repeated(PROBABILITIES, LABELS))
    first, second = found[:TIMES], found[TIMES:]
    assert [(each.row, each.label, each.likely) for each in first] == [
        (6 * turn + 2, 0, 1) for turn in range(TIMES)
    ]
    assert [(each.row, each.label, each.likely) for each in second] == [
        (6 * turn + 5, 1, 0) for turn in range(TIMES)
    ]
    assert [first[0].self_confidence, second[0].self_confidence] == pytest.approx([0.1, 0.2])
    assert [first[0].confidence, second[0].confidence] == pytest.approx([0.9, 0.8])


def test_the_number_of_suspects_is_scaled_to_all_photos_of_the_label() -> None:
    # t_0 = 2.5 / 5 = .5 and t_1 = .9. Two photos of class 0 are confidently of it and one is of class 1;
    # two are neither. One of the three counted makes 5/3 of all five, 33.3 of 20 times five: the 20, and
    # the first 13 of the least sure of the others.
    probabilities = two_classes(0.9, 0.9, 0.31, 0.29, 0.1, 0.1)
    given = labels(0, 0, 0, 0, 0, 1)
    assert confident_joint(probabilities, given)[1][0].tolist() == [2, 1]
    found = [each.row for each in label_suspects(*repeated(probabilities, given))]
    assert found == [6 * turn + 4 for turn in range(TIMES)] + [6 * turn + 3 for turn in range(13)]


def test_a_photo_whose_label_is_the_most_probable_class_is_no_suspect() -> None:
    # t_0 = (.98 + .5) / 2 = .74, t_1 = .4: the second photo is confidently of class 1, so one label is
    # taken to be wrong; but the photo that is least sure of its label has no likelier one.
    probabilities = np.array([[0.98, 0.01, 0.01], [0.5, 0.4, 0.1], [0.3, 0.4, 0.3]])
    _, joint = confident_joint(probabilities, labels(0, 0, 1))
    assert joint[0].tolist() == [1, 1, 0]
    assert label_suspects(*repeated(probabilities, labels(0, 0, 1))) == ()


def test_photos_without_label_or_without_probabilities_are_left_out() -> None:
    logs, given = repeated(PROBABILITIES, LABELS)
    logs = np.vstack([np.full((1, 2), np.nan), np.log(two_classes(0.01)), logs])
    found = [each.row for each in label_suspects(logs, np.concatenate([labels(0, -1), given]))]
    assert found == [2 + each.row for each in label_suspects(*repeated(PROBABILITIES, LABELS))]
    assert found[0] == 4


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
    sound = np.array([[-0.1, -2.4], [-2.4, -0.1]])
    logs = np.vstack([[[-2000.0, 0.0], [-3000.0, 0.0]], np.tile(sound, (TIMES, 1))])
    given = np.concatenate([labels(0, 0), np.tile(labels(0, 1), TIMES)])
    assert [each.row for each in label_suspects(logs, given)] == [1, 0]


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


def test_who_only_guesses_makes_no_label_suspect() -> None:
    random = np.random.default_rng(0)
    given = (np.arange(200) % 10).astype(np.int32)
    logs = np.log(random.dirichlet(np.full(10, 20.0), 200))
    assert (logs.argmax(axis=1) != given).sum() > 150
    assert label_suspects(logs, given) == ()


def test_photos_of_a_class_that_is_never_recognised_are_no_suspects_and_hide_none() -> None:
    # Of 40 photos of classes 0 and 1 each, two are wrong; those of class 2 are all taken for class 0,
    # more surely than the wrong ones for what they are.
    given = (np.arange(120) % 3).astype(np.int32)
    likely = np.where(given == 2, 0, given)
    likely[[0, 3]], likely[[1, 4]] = 1, 0
    probabilities = np.full((120, 3), 0.1)
    probabilities[np.arange(120), likely] = 0.8
    probabilities[given == 2] = 0.98, 0.01, 0.01
    assert [each.row for each in label_suspects(np.log(probabilities), given)] == [0, 1, 3, 4]


# Of n photos a class and n others, kappa is s + t - 1. With s = t = .7: of 10, Wilson's interval starts
# at .3968 and kappa's lower end is .4 - .3032 * 1.414 = -.03; of 20, .4810 and .4 - .2190 * 1.414 = .09.
@pytest.mark.parametrize(("photos", "told"), [(10, False), (20, True)])
def test_classes_are_told_where_guessing_is_ruled_out(photos: int, told: bool) -> None:
    wrong = photos * 3 // 10
    given = np.repeat(labels(0, 1), photos)
    predicted = given.astype(np.int64)
    predicted[:wrong], predicted[-wrong:] = 1, 0
    assert told_classes(given, predicted, classes=3).tolist() == [told, told, False]


def test_one_class_alone_is_told_from_nothing() -> None:
    assert told_classes(labels(1, 1, 1), np.array([1, 1, 1]), classes=2).tolist() == [False, False]
