"""Names of classes and splits, as folders carry them and as people read them."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

SPLITS: Final = ("train", "valid", "test")
"""The splits; a split's code is its place in this row."""

TRAIN: Final = 0
VALID: Final = 1
TEST: Final = 2
UNSPLIT: Final = -1
"""The code of a photo that belongs to no split."""

UNLABELLED: Final = -1
"""The label of a photo whose class is not known."""

UNGROUPED: Final = -1
"""The group of a photo that is in none."""

_SPLIT_WORDS: Final = {
    "train": TRAIN,
    "training": TRAIN,
    "valid": VALID,
    "val": VALID,
    "validation": VALID,
    "dev": VALID,
    "test": TEST,
    "testing": TEST,
}

_NUMBER_IN_FRONT = re.compile(r"^\d+\.(?=\D)")


def split_code(word: str) -> int | None:
    """The code of the split that a word stands for, or None; capitals make no difference."""
    return _SPLIT_WORDS.get(word.casefold())


def split_name(code: int) -> str | None:
    """The name of a split from its code; None for `UNSPLIT`."""
    return SPLITS[code] if code >= 0 else None


def readable(name: str) -> str:
    """A class name as people read it: `09.Golden_Gate_Bridge` is `Golden Gate Bridge`.

    A number with a full stop in front goes, underscores become spaces. A name of which nothing
    would be left stays as it is.
    """
    words = _NUMBER_IN_FRONT.sub("", name).replace("_", " ").split()
    return " ".join(words) or name


def composed(name: str) -> str:
    """A name in Unicode's composed form (NFC).

    Some systems store `é` as one character and some as two, so that folders of the same name
    copied between them would otherwise be two classes.
    """
    return unicodedata.normalize("NFC", name)


def listing(names: Sequence[str], *, most: int = 5) -> str:
    """Some names in one line: the first few, and how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
