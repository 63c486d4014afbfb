"""`kclass check`: what is wrong with a data set, and what to do about it."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .command import common_options, guarded, print_json, print_result
from .findings import audit_text
from .sources import source_options
from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import Audit, Moved

FIXES = ("list", "move")
TABLES = (".csv", ".tsv")
PAGES = (".html", ".htm")


@click.command()
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option(
    "--features",
    is_flag=True,
    help="Let a network look too: labels to doubt, copies that pixels do not tell.",
)
@click.option(
    "--html", type=click.Path(path_type=Path), help="Write a page with thumbnails into this HTML file."
)
@click.option(
    "--fix",
    help="list: write a table without the bad photos; move: move them away, with a log that undoes it.",
)
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    help="CSV file of --fix list, folder of --fix move.  [default: beside DATA]",
)
@click.option(
    "--undo", type=click.Path(path_type=Path), help="Move the photos of this log back; without DATA."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of what is drawn at random.")
@click.option("--strict", is_flag=True, help="Exit with 1 if there is an error among the findings.")
@source_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")
@common_options
@guarded
def check(
    terminal: Terminal,
    *,
    data: Path | None,
    features: bool,
    html: Path | None,
    fix: str | None,
    to: Path | None,
    undo: Path | None,
    seed: int,
    strict: bool,
    as_json: bool,
    **source: Any,
) -> int:
    """Say what is wrong with the photos in DATA before anybody trains on them.

    DATA is a folder, a table (CSV) or an archive (zip, tar) of labelled photos. Nothing is written
    and no photo is touched unless --html or --fix asks for it.
    """
    if undo is not None:
        others = {"features": features, "html": html, "fix": fix, "to": to, "seed": seed, "strict": strict}
        given = [name for name, value in {"DATA": data, **others, **source}.items() if value]
        return _undo(undo, given, terminal, as_json=as_json)
    place = _named(data)
    _check_fix(place, fix, to)
    _check_file("--html", html, PAGES, place)
    audit = _audited(place, source, features, seed, terminal)
    if not as_json:
        print_result(audit_text(audit))
    if html is not None:
        _write_page(audit, html, terminal, as_json=as_json)
    fixed: dict[str, Any] = {}
    if fix == "list":
        fixed = _list_fixed(audit, to or _beside(place), terminal, as_json=as_json)
    elif fix == "move":
        fixed = _move_bad(audit, to, terminal, as_json=as_json)
    if as_json:
        print_json({**audit.to_dict(), **fixed})
    elif not fix and not _is_archive(place):
        _say_what_next(audit, terminal)
    return int((strict and audit.counts["error"] > 0) or bool(fixed.get("moved", {}).get("stayed")))


def _named(data: Path | None) -> Path:
    from kclass import OptionError

    if data is None:
        raise OptionError("there is no DATA to check", fix="Name a folder, table or archive of photos.")
    return data


def _check_fix(place: Path, fix: str | None, to: Path | None) -> None:
    """Refuse fixes that cannot be, before any photo is read."""
    from kclass import OptionError

    if fix is None:
        if to is not None:
            raise OptionError("--to has no effect without --fix", fix="Add --fix list or --fix move.")
        return
    if fix not in FIXES:
        raise OptionError.unknown("--fix", fix, FIXES)
    if _is_archive(place):
        raise OptionError(f"--fix cannot mend an archive: {place}", fix="Unpack it, and check the folder.")
    if fix == "list":
        _check_file("--to", to, TABLES[:1], place)


def _is_archive(place: Path) -> bool:
    return place.is_file() and place.suffix.lower() not in TABLES


def _check_file(option: str, file: Path | None, suffixes: tuple[str, ...], place: Path) -> None:
    """Refuse a file of another sort, DATA itself, and a place where photos are looked for."""
    from kclass import OptionError

    if file is None:
        return
    if file.suffix.lower() not in suffixes:
        raise OptionError(
            f"{option} is {file}, whose name does not end in {suffixes[0]}",
            fix=f"Name a file such as {option} audit{suffixes[0]}",
        )
    if file.resolve() == place.resolve():
        raise OptionError(f"{option} is {file}, which is DATA", fix="Choose another name.")
    if place.is_dir() and file.resolve().is_relative_to(place.resolve()):
        raise OptionError(f"{option} is {file}, where the photos are", fix="Choose another folder.")


def _audited(place: Path, source: dict[str, Any], features: bool, seed: int, terminal: Terminal) -> "Audit":
    import kclass

    with terminal.progress() as progress:
        data = kclass.open_data(place, **source)
        return kclass.check(data, features=features, seed=seed, progress=progress)


def _write_page(audit: "Audit", html: Path, terminal: Terminal, *, as_json: bool) -> None:
    from kclass import write_page

    with terminal.progress() as progress:
        write_page(audit, html, progress=progress)
    if not as_json:
        print_result(f"Page: {html}")


def _beside(place: Path) -> Path:
    """The table that --fix list writes if nobody says where: beside DATA."""
    whole = Path(os.path.abspath(place))  # noqa: PTH100 - `.` and `..` have no name
    stem = whole.name if whole.is_dir() else whole.stem
    return Path(os.path.relpath(whole.with_name(f"{stem}-fixed.csv")))


def _list_fixed(audit: "Audit", table: Path, terminal: Terminal, *, as_json: bool) -> dict[str, Any]:
    from kclass import list_fixed

    listed = list_fixed(audit, table)
    if not as_json:
        print_result(f"Listed {listed} of {_photos(len(audit.data))} in {table}")
        terminal.say(f"Next: kclass fit {shlex.quote(str(table))}")
    return {"listed": {"table": str(table), "photos": listed}}


def _move_bad(audit: "Audit", to: Path | None, terminal: Terminal, *, as_json: bool) -> dict[str, Any]:
    from kclass import move_bad

    try:
        with terminal.progress() as progress:
            moved = move_bad(audit, to, progress=progress)
    except KeyboardInterrupt:
        terminal.complain("what was moved is in the newest log in the quarantine; --undo moves it back")
        raise
    for error in moved.stayed:
        terminal.complain(f"not moved: {error.message}")
    if not as_json:
        _say_moved(moved, terminal)
    return {"moved": moved.to_dict()}


def _say_moved(moved: "Moved", terminal: Terminal) -> None:
    if moved.log is None:
        print_result("There is no photo to move.")
        return
    print_result(f"Moved {_photos(len(moved.moves))} into {moved.folder}; log: {moved.log}")
    terminal.say(f"Undo: kclass check --undo {shlex.quote(str(moved.log))}")


def _undo(log: Path, others: list[str], terminal: Terminal, *, as_json: bool) -> int:
    from kclass import OptionError, undo_moves

    if others:
        given = ", ".join(name if name == "DATA" else f"--{name.replace('_', '-')}" for name in others)
        raise OptionError(f"--undo stands alone; received {given} too", fix=f"Run kclass check --undo {log}")
    with terminal.progress() as progress:
        number = undo_moves(log, progress=progress)
    if as_json:
        print_json({"moved_back": number})
    else:
        print_result(f"Moved {_photos(number)} back.")
    return 0


def _photos(number: int) -> str:
    return "1 photo" if number == 1 else f"{number} photos"


def _say_what_next(audit: "Audit", terminal: Terminal) -> None:
    number = len(audit.bad_rows)
    if number:
        photos = "the photo" if number == 1 else f"the {number} photos"
        terminal.say(
            f"Next: add --fix list to write a table without {photos} to take out, or --fix move to move "
            f"{'it' if number == 1 else 'them'} away"
        )
