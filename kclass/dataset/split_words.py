"""Splits as tables name them: in words, or by true and false for validation."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.cells import is_missing
from kclass.dataset.columns import IS_VALID, normalised
from kclass.dataset.names import SPLITS, TRAIN, UNSPLIT, VALID, split_code
from kclass.errors import DataError

_TRUTHS = dict.fromkeys(("true", "yes", "1", "1.0"), VALID) | dict.fromkeys(
    ("false", "no", "0", "0.0"), TRAIN
)


def split_codes(
    values: Sequence[object], *, column: str | None, where: Callable[[int], str]
) -> NDArray[np.int8]:
    """The codes of splits.

    Args:
        values: one a photo: words that split folders may have; in a column called `is_valid`, true
            for validation and false for training.
        column: the name of their column.
        where: what errors call a row.

    Returns:
        int8 (photos,), -1 where there is none.

    Raises:
        DataError: a value that stands for no split.
    """
    truths = column is not None and normalised(column) == IS_VALID
    known: dict[object, int | None] = {}
    codes = np.empty(len(values), dtype=np.int8)
    for row, value in enumerate(values):
        word = UNSPLIT if is_missing(value) else str(value).strip()
        if word not in known:
            known[word] = word if isinstance(word, int) else _code(word, truths=truths)
        code = known[word]
        if code is None:
            raise DataError(
                f"{where(row)} has the unknown split {word!r}",
                fix="Write true or false, or nothing."
                if truths
                else f"Write one of {', '.join(SPLITS)}, or nothing."
                + (
                    ""
                    if column is None
                    else f' If the column {column} tells something else, give split_column="".'
                ),
            )
        codes[row] = code
    return codes


def _code(word: str, *, truths: bool) -> int | None:
    return _TRUTHS.get(word.casefold()) if truths else split_code(word)
