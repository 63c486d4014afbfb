"""`kclass cache`: what kclass remembers, how much of it there is, and how it forgets."""

from typing import TYPE_CHECKING

import click

from .command import common_options, guarded, print_json, print_result
from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import CacheContents

UNITS = ("bytes", "kB", "MB", "GB", "TB")


@click.command()
@click.option("--clear", is_flag=True, help="Take out what kclass can compute again.")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON document.")
@common_options
@guarded
def cache(terminal: Terminal, *, clear: bool, as_json: bool) -> int:
    """Show where kclass keeps what it computed before, and how big that is.

    The environment variable KCLASS_CACHE moves it. With --clear, the next fit computes everything anew;
    archives that were unpacked and weights that were downloaded stay.
    """
    import kclass

    contents = kclass.clear_cache() if clear else kclass.cache_contents()
    if as_json:
        print_json({"cleared": clear, **contents.to_dict()})
        return 0
    print_result(_table(contents, "freed" if clear else "in all"))
    if not clear and any(kind.computed and kind.entries for kind in contents.kinds):
        terminal.say("\n* kclass cache --clear takes these out; kclass computes them again.")
    return 0


def _table(contents: "CacheContents", total: str) -> str:
    """A row for each kind that there is some of, and one for all files."""
    kinds = [kind for kind in contents.kinds if kind.entries]
    rows = [
        (f"{kind.name}{'*' * kind.computed}", f"{kind.entries:,}", _size(kind.bytes), kind.meaning)
        for kind in kinds
    ]
    rows.append((total, "", _size(contents.bytes), "on the disk"))
    name, entries, size = (max(len(row[place]) for row in rows) for place in range(3))
    lines = [f"{row[0]:<{name}}  {row[1]:>{entries}}  {row[2]:>{size}}  {row[3]}" for row in rows]
    return "\n".join([str(contents.folder), *lines])


def _size(number: int) -> str:
    """A number of bytes in the unit that suits it, a thousand of one being one of the next."""
    size, unit = float(number), 0
    while size >= 999.5 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {UNITS[unit]}" if unit and size < 9.95 else f"{size:.0f} {UNITS[unit]}"
