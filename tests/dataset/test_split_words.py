import numpy as np
import pandas as pd
import pytest

from kclass.dataset.split_words import split_codes
from kclass.errors import DataError


def codes(*values: object, column: str | None = "split") -> list[int]:
    found = split_codes(values, column=column, where=lambda row: f"row {row}")
    assert found.dtype == np.int8
    return found.tolist()


def test_words_are_those_of_split_folders() -> None:
    assert codes("train", "VAL", " Test ", "dev", "training") == [0, 1, 2, 1, 0]


def test_gaps_are_no_split() -> None:
    assert codes("", None, float("nan"), pd.NA, "train") == [-1, -1, -1, -1, 0]


def test_true_is_for_validation_in_a_column_that_says_so() -> None:
    values = (True, False, "true", "FALSE", 1, 0, 1.0, np.bool_(True), "yes", None)
    assert codes(*values, column="Is valid") == [1, 0, 1, 0, 1, 0, 1, 1, 1, -1]


WRITE = "Write one of train, valid, test, or nothing."


@pytest.mark.parametrize(
    ("value", "column", "fix"),
    [
        ("trian", "split", f'{WRITE} If the column split tells something else, give split_column="".'),
        (True, "set", f'{WRITE} If the column set tells something else, give split_column="".'),
        (1, None, WRITE),
        ("train", "is_valid", "Write true or false, or nothing."),
        (2, "is_valid", "Write true or false, or nothing."),
    ],
)
def test_what_stands_for_no_split_is_refused(value: object, column: str | None, fix: str) -> None:
    with pytest.raises(DataError) as caught:
        codes("" if column else "train", value, column=column)
    assert caught.value.message == f"row 1 has the unknown split {str(value)!r}"
    assert caught.value.fix == fix
