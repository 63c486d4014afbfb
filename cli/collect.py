"""`kclass collect`: photos from searches and lists of addresses into class folders."""

import shlex
from pathlib import Path
from typing import Any

import click

from .command import common_options, guarded, print_json, print_result
from .terminal import Terminal

SEVERAL = ("--with", "--urls", "--archive", "--not-in")


class ManyValues(click.Command):
    """A command some of whose options take all words up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As in click, after each such option has been given once for each of its words."""
        return super().parse_args(ctx, _spread(args))


def _spread(args: list[str]) -> list[str]:
    spread: list[str] = []
    option, lacking = "", False
    for place, word in enumerate(args):
        if lacking and word.startswith("-"):
            break
        if word == "--":
            return spread + args[place:]
        if word.startswith("-"):
            name, equals, first = word.partition("=")
            option, lacking = (name, not equals) if name in SEVERAL else ("", False)
            if option:
                spread += [name, first] if equals else []
            else:
                spread.append(word)
        else:
            spread += [option, word] if option else [word]
            lacking = False
    if lacking:
        raise click.BadOptionUsage(option, f"Option '{option}' requires an argument.")
    return spread


@click.command(cls=ManyValues)
@click.argument("queries", nargs=-1)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the class folders.")
@click.option(
    "--with", "with_", multiple=True, metavar="WORD…", help="Search each query once with each of these words."
)
@click.option("--per-query", type=int, default=100, show_default=True, help="Photos for each search.")
@click.option("--provider", default="openverse", show_default=True, help="openverse, commons or bing.")
@click.option("--endpoint", default="", help="Address of the provider's search.  [default: its usual one]")
@click.option(
    "--key-env",
    default="AZURE_SUBSCRIPTION_KEY",
    show_default=True,
    help="Environment variable with the key, for bing.",
)
@click.option("--image-size", default="full", show_default=True, help="full or thumbnail.")
@click.option("--licence", default="", help="Only these, parted by commas: cc0,pdm,by,by-sa …")
@click.option(
    "--urls",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="CSV…",
    help="Tables with the columns url and class; no provider is asked.",
)
@click.option(
    "--archive",
    multiple=True,
    metavar="URL…",
    help="Zip or tar archives of class folders; #sha256=… at the end is checked.",
)
@click.option("--valid", type=float, help="Share for validation: OUT/train and OUT/validation.")
@click.option(
    "--not-in",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER…",
    help="Take no copy of a photo in these, such as the test photos.",
)
@click.option("--shrink", type=int, help="Encode anew, so many pixels on the longer side.")
@click.option("--max-bytes", type=int, default=50_000_000, show_default=True, help="Of one photo.")
@click.option("--max-pixels", type=int, default=100_000_000, show_default=True, help="Of one photo.")
@click.option(
    "--max-archive-bytes", type=int, default=20_000_000_000, show_default=True, help="Of one archive."
)
@click.option("--contact", default="", help="Mail address or page that hosts may reach you by.")
@click.option("--allow-private", is_flag=True, help="Fetch from private and loopback addresses, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")
@common_options
@guarded
def collect(terminal: Terminal, *, queries: tuple[str, ...], out: Path, as_json: bool, **options: Any) -> int:
    """Collect photos for classes: QUERIES are searched for, and are the names of the classes.

    Each picture is kept once, with its creator and licence in OUT/attribution.csv. The same command
    again goes on where it was cut off, and fetches nothing twice.
    """
    import kclass

    with terminal.progress() as progress:
        found = kclass.collect(queries, out=out, progress=progress, **options)
    if as_json:
        print_json(found.to_dict())
    else:
        print_result(repr(found))
    if not found.came:
        terminal.complain("Nothing came.")
    elif not found.photos:
        terminal.complain("Of what came nothing stays.")
    elif not as_json:
        terminal.say(f"Whose they are: {out / 'ATTRIBUTION.md'}")
        terminal.say(f"Next: kclass check {shlex.quote(str(out))}")
    return int(not found.came or not found.photos)
