import numpy as np
import pytest

from kclass.errors import OptionError
from kclass.evaluation.confused import ConfusedPair, confused_pairs

PROBABILITIES = np.array(
    [
        [0.2, 0.7, 0.1],  # 0 taken for 1
        [0.0, 0.1, 0.9],  # right
        [0.1, 0.9, 0.0],  # 0 taken for 1, surer
        [0.6, 0.3, 0.1],  # 1 taken for 0
        [0.1, 0.1, 0.8],  # 0 taken for 2, surer than the one before
        [0.5, 0.5, 0.0],  # right: of equals the first
    ]
)
LABELS = np.array([0, 2, 0, 1, 0, 0], np.int32)


def test_the_most_confused_pairs_come_first_with_their_surest_photos() -> None:
    found = confused_pairs(PROBABILITIES, LABELS)
    assert found == (ConfusedPair(0, 1, (2, 0)), ConfusedPair(0, 2, (4,)), ConfusedPair(1, 0, (3,)))
    assert [pair.count for pair in found] == [2, 1, 1]


def test_as_many_pairs_come_as_are_asked_for() -> None:
    assert len(confused_pairs(PROBABILITIES, LABELS, number=2)) == 2


def test_nothing_is_confused_where_everything_is_right() -> None:
    assert confused_pairs(np.eye(3), np.arange(3, dtype=np.int32)) == ()


def test_all_wrong_photos_are_in_some_pair() -> None:
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(5), 200), rng.integers(0, 5, 200).astype(np.int32)
    rows = [row for pair in confused_pairs(probabilities, labels, number=99) for row in pair.rows]
    assert sorted(rows) == np.flatnonzero(probabilities.argmax(axis=1) != labels).tolist()


def test_no_pairs_cannot_be_asked_for() -> None:
    with pytest.raises(OptionError, match="number is 0; it must be 1 or more"):
        confused_pairs(PROBABILITIES, LABELS, number=0)
