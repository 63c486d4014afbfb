"""The options of commands whose DATA may be a table or an archive of photos."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

TABLE_OPTIONS = {
    "root": "Folder that the names in a table start from.  [default: where the table lies]",
    "path_column": "Column of a table with the photos' names.  [default: found by its name]",
    "label_column": "Column of a table with the classes.  [default: found by its name]",
    "split_column": "Column of a table with the splits.  [default: found by its name]",
    "group": "Column of a table, or regex on paths, that names what no split parts.",
    "label_regex": "Regex on the names of photos whose first group is the class.",
}


class FractionOrPlace(click.ParamType[float | Path]):
    """A number, or else the path of a data set."""

    name = "FRACTION|DIR"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | Path:
        """The number that the text is, or the path that it names."""
        try:
            return float(value)
        except ValueError:
            return Path(value)


FRACTION_OR_PLACE = FractionOrPlace()


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how DATA is to be read."""
    for name, text in reversed(TABLE_OPTIONS.items()):
        kind = click.Path(path_type=Path) if name == "root" else str
        command = click.option(f"--{name.replace('_', '-')}", name, type=kind, help=text)(command)
    return command
