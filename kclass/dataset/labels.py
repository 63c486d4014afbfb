"""Labels as tables hold them, made into classes; numbers to estimate and several labels are refused."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.cells import is_missing
from kclass.dataset.names import UNLABELLED, composed, listing
from kclass.errors import DataError

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+([.,]0*)?")

_MOST_IDS: Final = 10
"""So many different whole numbers are always class ids, however few the photos."""

_DIFFERENT: Final = 0.5
"""From this share of different whole numbers on they are measured, not ids: a class would have less
than two photos, and could not be split."""


def class_texts(values: Sequence[object], *, source: str, where: Callable[[int], str]) -> list[str]:
    """Labels as the names of classes, after a check that they are some.

    Whole numbers are class ids and stay as they are written. Names are brought to Unicode's
    composed form, without spaces around them.

    Args:
        values: one a photo; None, NaN and empty text are no label.
        source: what errors call the table.
        where: what errors call a row.

    Returns:
        One a photo, empty for no label.

    Raises:
        DataError: labels are lists, several names in one, or numbers that are no class ids.
    """
    known: dict[str, str] = {}
    texts = []
    for row, value in enumerate(values):
        text = _text(value, row, where)
        texts.append(known.setdefault(text, text))
    counts = Counter(texts)
    del counts[""]
    _refuse_numbers(counts, source)
    _refuse_several(list(counts), source)
    return texts


def encoded(texts: Iterable[str]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Classes in the order of their code points, and the place of each photo's class among them.

    Args:
        texts: the class of each photo, empty if it is not known.

    Returns:
        The classes, and int32 (photos,), -1 where there is none.
    """
    texts = list(texts)
    classes = tuple(sorted(set(texts) - {""}))
    labels = {name: label for label, name in enumerate(classes)} | {"": UNLABELLED}
    return classes, np.array([labels[text] for text in texts], dtype=np.int32)


def _text(value: object, row: int, where: Callable[[int], str]) -> str:
    if isinstance(value, str):
        text = composed(value.strip())
        return "" if text.casefold() == "nan" else text
    if isinstance(value, list | tuple | set | frozenset | dict | np.ndarray):
        raise DataError(
            f"{where(row)} has a list as its label: {value!r}",
            fix="Give each photo one label; kclass tells classes apart that exclude each other.",
        )
    if is_missing(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    raise DataError(
        f"{where(row)} has the label {value!r}; it must be text or a whole number",
        fix="Turn it into text.",
    )


def _refuse_numbers(counts: Counter[str], source: str) -> None:
    if not counts or not all(map(_NUMBER.fullmatch, counts)):
        return
    fractions = [text for text in counts if not _WHOLE.fullmatch(text)]
    different = len(counts) > max(_MOST_IDS, _DIFFERENT * counts.total())
    if fractions or different:
        examples = listing(fractions or list(counts), most=3)
        raise DataError(
            f"the labels of {source} are numbers to be estimated, not classes: {examples}",
            fix="Choose another column of labels, or write a word for each range of numbers.",
        )


def _refuse_several(names: list[str], source: str) -> None:
    for sign in (";", "|", ",", None):
        parts = {name: _parts(name, sign) for name in names}
        several = [name for name in names if len(parts[name]) > 1]
        if several and (sign in (";", "|") or _are_combinations(list(parts.values()))):
            raise DataError(
                f"labels of {source} name several classes at once: {listing(several, most=3)}",
                fix="kclass gives a photo one class. Give each photo one label; if these are names of "
                "single classes, join their words by underscores, which are shown as spaces.",
            )


def _parts(name: str, sign: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in name.split(sign))))


def _are_combinations(names: list[tuple[str, ...]]) -> bool:
    """Whether names are combinations of labels, rather than names of more than one word.

    They are if two have the same parts in another order; or if all parts of one are labels on their
    own, as in `cat`, `dog`, `cat dog`; or if they are made of fewer parts than there are names, differ
    in how many they have, and a part stands last in some and before others elsewhere, as in `haze
    primary`, `clear primary water` and so on. In `fox`, `red fox`, `red panda` each word keeps its
    place.
    """
    distinct = {frozenset(name) for name in names}
    if len(distinct) < len(names):
        return True
    alone = {name[0] for name in names if len(name) == 1}
    several = [name for name in names if len(name) > 1]
    if any(alone.issuperset(name) for name in several):
        return True
    changing = {name[-1] for name in several} & {part for name in several for part in name[:-1]}
    lengths = {len(name) for name in names}
    return bool(changing) and len(lengths) > 1 and len(set().union(*names)) < len(names)
