import numpy as np

from kclass.dataset.duplicates import leaked_rows
from kclass.dataset.names import TEST, TRAIN, UNSPLIT, VALID


def leaked(splits: list[int], copies: list[int]) -> list[int]:
    return leaked_rows(np.array(splits, np.int8), np.array(copies, np.int64)).tolist()


def test_training_photos_with_a_copy_in_validation_or_test_are_leaked() -> None:
    splits = [TRAIN, VALID, TEST, TRAIN, TRAIN, TRAIN, VALID]
    assert leaked(splits, [0, 0, 2, 2, 4, 0, 6]) == [0, 3, 5]


def test_copies_within_one_side_or_without_a_split_are_no_leak() -> None:
    splits = [TRAIN, TRAIN, VALID, TEST, UNSPLIT, VALID]
    assert leaked(splits, [0, 0, 2, 2, 0, 5]) == []


def test_no_photos_are_no_leak() -> None:
    assert leaked([], []) == []
