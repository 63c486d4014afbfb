"""Which column of a table holds what: as it is told, or as the columns' names say."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kclass.errors import OptionError


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The first row of which a table has a column decides; within a row there must be one only.
_USUAL: Final[Mapping[str, tuple[frozenset[str], ...]]] = {
    "path_column": (
        _words("path file filename file_name filepath file_path fname relative_path"),
        _words(
            "image img photo picture image_path img_path photo_path image_name img_name photo_name "
            "imagename image_file img_file image_filename images"
        ),
        _words("name id image_id imageid img_id photo_id file_id uuid"),
    ),
    "label_column": (
        _words(
            "label labels class classes category categories target targets species breed variety kind "
            "class_name classname label_name category_name species_name tag tags"
        ),
        _words("class_id label_id category_id y"),
    ),
    "split_column": (_words("split set subset partition is_valid"),),
    "group_column": (
        _words(
            "group group_id patient patient_id patientid subject subject_id person person_id "
            "individual individual_id"
        ),
    ),
}

IS_VALID: Final = "is_valid"
"""The usual name of a column that tells validation photos by true and false."""

NEEDED: Final = ("path_column", "label_column")


@dataclass(frozen=True, slots=True)
class Roles:
    """The columns that hold file names, labels, splits and groups; None where there is none."""

    path: str
    label: str
    split: str | None
    group: str | None


def choose_columns(
    columns: Sequence[str],
    *,
    source: str,
    path_column: str | None,
    label_column: str | None,
    split_column: str | None,
    group_column: str | None,
) -> Roles:
    """Tell which column holds what.

    Args:
        columns: the names of a table's columns.
        source: what errors call the table.
        path_column: the column of file names; None to take the only one that is called like that.
        label_column: the column of labels, likewise.
        split_column: the column of splits, likewise, or none if none is called like that; "" for
            no column, whatever they are called.
        group_column: the column of groups, likewise.

    Raises:
        OptionError: there is no such column; or several, or none for names or labels, are called
            like that.
    """
    given = {
        "path_column": path_column,
        "label_column": label_column,
        "split_column": split_column,
        "group_column": group_column,
    }
    for option, name in given.items():
        if name is not None:
            _check_given(option, name, columns, source)
    left = [name for name in columns if name not in given.values()]
    chosen = {
        option: _usual(option, left, columns, source) if name is None else name or None
        for option, name in given.items()
    }
    return Roles(
        path=chosen["path_column"] or "",
        label=chosen["label_column"] or "",
        split=chosen["split_column"],
        group=chosen["group_column"],
    )


def normalised(name: str) -> str:
    """A column's name in small letters, its words joined by underscores: `File name` is `file_name`."""
    return re.sub(r"\W+", "_", name.strip().casefold()).strip("_")


def _check_given(option: str, name: object, columns: Sequence[str], source: str) -> None:
    if isinstance(name, str):
        if name in columns or (not name and option not in NEEDED):
            return
        unknown = OptionError.unknown(option, name, columns)
        raise OptionError(f"{unknown.message}: the columns of {source}", fix=unknown.fix)
    if isinstance(name, list | tuple | set) and option == "label_column":
        raise OptionError(
            f"label_column is {name!r}; a photo has one label, in one column",
            fix="If one of the columns is set in each row, make a column of its name: "
            "frame[columns].idxmax(axis=1) does so in pandas.",
        )
    raise OptionError(f"{option} is {name!r}; it must be the name of a column: {', '.join(columns)}")


def _usual(option: str, left: Sequence[str], columns: Sequence[str], source: str) -> str | None:
    """The only column that is called as usual."""
    for names in _USUAL[option]:
        found = [name for name in left if normalised(name) in names]
        if len(found) == 1:
            return found[0]
        if len(set(found)) == 1:
            raise OptionError(
                f"several columns of {source} are called {found[0]}", fix="Rename all but one of them."
            )
        if found:
            raise OptionError(
                f"several columns of {source} may be the {option}: {', '.join(found)}",
                fix=f"Say which: {option}={found[0]!r}"
                + ("" if option in NEEDED else f', or {option}="" for none of them')
                + ".",
            )
    if option in NEEDED:
        raise OptionError(
            f"no column of {source} is called as a {option} usually is; it has: "
            f"{', '.join(columns) or 'none'}",
            fix=f"Say which it is: {option}='NAME'.",
        )
    return None
