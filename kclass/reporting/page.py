"""A run as one HTML page that needs nothing else."""

import base64
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Final

from kclass.classifier.arguments import one_path
from kclass.classifier.classifier import Classifier, load
from kclass.errors import ModelError, OptionError
from kclass.files import is_folder, write_bytes
from kclass.progress import Progress, silent
from kclass.reporting.contents import page_contents
from kclass.reporting.run_reading import RunResults, read_run
from kclass.templates import source, template

REPORT: Final = "report.html"

_TEMPLATE: Final = "reporting/page.html"
_SCRIPT: Final = "reporting/page_script.html"


def write_report(run: str | Path, *, out: str | Path | None = None, progress: Progress = silent) -> Path:
    """Write a run as one HTML page that loads nothing from elsewhere, whole or not at all.

    Photos are read again from where they lay; one that cannot be read any more is an empty square.

    Args:
        run: the folder of a run of `fit`, or `runs/latest`.
        out: the HTML file; default `report.html` in the folder of the run.
        progress: is told how many photos have been dealt with.

    Returns:
        The file.

    Raises:
        ModelError: there is no such run, or it is unfinished.
        DataError: the run is damaged.
        OutputError: the page cannot be written.
        OptionError: `run` or `out` is no path, or `out` is empty or a folder.
    """
    place = None if out is None else _file(out)
    results = read_run(run)
    path = results.folder / REPORT if place is None else place
    try:
        classifier, reason = load(results.model), ""
    except ModelError as error:  # the page says so where the pictures would be
        classifier, reason = None, error.message
    write_run_page(results, path, classifier=classifier, reason=reason, progress=progress)
    return path


def _file(out: str | Path) -> Path:
    path = one_path(out, name="out")
    if is_folder(path):  # an empty path is the folder that one is in
        raise OptionError(
            f"out is the folder {path.resolve()}; it must be the path of a file",
            fix="Give the name of the HTML file to write, or leave it out.",
        )
    return path


def write_run_page(
    run: RunResults,
    path: Path,
    *,
    classifier: Classifier | None,
    reason: str = "",
    place: Path | None = None,
    progress: Progress = silent,
) -> None:
    """Write a run that has been read as a page.

    Args:
        run: the run.
        path: the HTML file.
        classifier: of the run; None if it cannot be had.
        reason: why not.
        place: where the run's folder will be, if it is not there yet.
        progress: is told how many photos have been dealt with.

    Raises:
        OutputError: it cannot be written.
    """
    run = replace(run, folder=(run.folder if place is None else place).resolve())
    context = page_contents(run, classifier, reason, progress)
    script = source(_SCRIPT).strip().removeprefix("<script>").removesuffix("</script>")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    html = template(_TEMPLATE).render(**context, script=script, script_hash=f"sha256-{digest}")
    # Names of files may be no Unicode.
    write_bytes(path, html.encode("utf-8", "backslashreplace"))
