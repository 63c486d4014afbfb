"""`kclass report`: a run as one page, written anew."""

from pathlib import Path

import click

from .command import common_options, guarded, print_json, print_result
from .terminal import Terminal


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="HTML file to write.  [default: report.html in RUN]"
)
@click.option("--json", "as_json", is_flag=True, help="Print where the page is as one JSON document.")
@common_options
@guarded
def report(terminal: Terminal, *, run: Path, out: Path | None, as_json: bool) -> int:
    """Write the page of a run anew: one file that works offline.

    RUN is the folder of a run, such as runs/latest. Photos are read again from where they lay; one that
    cannot be read any more is an empty square.
    """
    import kclass

    with terminal.progress() as progress:
        page = kclass.write_report(run, out=out, progress=progress)
    if as_json:
        print_json({"report": str(page)})
    else:
        print_result(f"Written to {page}")
    return 0
