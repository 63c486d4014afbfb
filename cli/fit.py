"""`kclass fit`: from a folder of photos to a trained model and the folder of its run."""

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from .command import common_options, guarded, print_json, print_result
from .sources import TABLE_OPTIONS, source_options
from .terminal import Terminal
from .training_options import chosen_options, tell_recipe, training_options, with_weights

if TYPE_CHECKING:
    from kclass import Fit, Progress

SPLIT_NAMES = {"valid": "validation", "test": "test"}
LEFT_OUT_SHOWN = 10
TELLING = {"resume", "as_json", "quiet", "debug"}


@click.command()
@click.argument("data", type=click.Path(path_type=Path), required=False)
@source_options
@training_options
@click.option("--tensorboard", is_flag=True, help="Write TensorBoard's files into the run's folder.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/DATE-NAME]")
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    help="Go on with the run in this folder, which was stopped; without DATA and other options.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")
@common_options
@guarded
def fit(
    terminal: Terminal,
    *,
    data: Path | None,
    out: Path | None,
    resume: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Train a classifier on the photos in DATA.

    DATA holds a folder for each class, or the folders train, validation and test, which hold those; or
    it is a CSV file with a column of paths and one of classes, or a zip or tar archive of any of them.

    Without further options a network trained on ImageNet stays as it is, and a linear head on it is
    solved. --fine-tune, --head dense and --backbone scratch train by epochs; Ctrl-C then ends them, and
    keeps the best.
    """
    start = time.monotonic()
    if resume is None:
        fitted = _begun(data, out, options, terminal)
    else:
        with terminal.progress() as progress:
            fitted = _resumed(resume, progress)
    named = out is not None or (resume is not None and not _is_latest(fitted))
    is_latest = not named and _is_latest(fitted)
    if not named and not is_latest:
        terminal.complain(f"{fitted.folder.parent / 'latest'} does not name this run; move it away")
    _keep_noise(terminal, fitted.folder / "log.txt")
    _name_left_out(fitted, terminal)
    fitted = replace(fitted, seconds=time.monotonic() - start)
    if as_json:
        print_json(fitted.to_dict())
    else:
        _print(fitted, terminal, is_latest=is_latest)
    return 0


def _begun(data: Path | None, out: Path | None, options: dict[str, Any], terminal: Terminal) -> "Fit":
    from kclass import OptionError, open_data, run_fit

    source = {name: options.pop(name) for name in TABLE_OPTIONS}
    chosen = chosen_options(options)  # refused before a large folder or archive is read
    tell_recipe(chosen, terminal)
    if data is None:
        raise OptionError("DATA is missing", fix="Give a folder of photos: kclass fit PHOTOS")
    opened = open_data(data, **source)
    chosen = with_weights(chosen, terminal)
    with terminal.progress() as progress:
        return run_fit(opened, chosen, out=out, progress=progress)


def _resumed(run: Path, progress: "Progress") -> "Fit":
    from kclass import OptionError, resume_fit

    context = click.get_current_context()
    given = [
        name
        for name in context.params
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE and name not in TELLING
    ]
    if given:
        raise OptionError(
            f"{given[0]} has no effect with resume: the run has its own",
            fix=f"Leave it out: kclass fit --resume {run}",
        )
    return resume_fit(run, progress=progress)


def _is_latest(fitted: "Fit") -> bool:
    from kclass import ModelError, latest_model

    try:
        return latest_model().resolve().parent == fitted.folder.resolve()
    except ModelError:
        return False


def _print(fitted: "Fit", terminal: Terminal, *, is_latest: bool) -> None:
    print_result(repr(fitted.data))
    if fitted.epochs:
        print_result(f"\n{fitted.training}")
        print_result(fitted.epoch_table)
        terminal.say(fitted.epoch_remark)
    for split, evaluation in fitted.evaluations.items():
        print_result(f"\nAccuracy on {SPLIT_NAMES[split]}: {evaluation!r}")
    print_result(f"\n{fitted.seconds:.1f} s. Model, predictions and figures: {fitted.folder}")
    print_result(f"Report: {fitted.report}")
    model = "" if is_latest else f" --model {fitted.folder / 'model.keras'}"
    terminal.say(f"Next: kclass predict PHOTO{model}")


def _name_left_out(fitted: "Fit", terminal: Terminal) -> None:
    if fitted.remark:
        terminal.complain(fitted.remark)
    if fitted.findings_remark:
        terminal.say(f"{fitted.findings_remark}; listed in {fitted.folder / 'findings.csv'}")
    for error in fitted.unreadable[:LEFT_OUT_SHOWN]:
        terminal.complain(f"left out: {error.message}")
    more = len(fitted.unreadable) - LEFT_OUT_SHOWN
    if more > 0:
        terminal.complain(f"left out: {more} more, listed in {fitted.folder / 'log.txt'}")


def _keep_noise(terminal: Terminal, log: Path) -> None:
    """Add what libraries wrote to the run's log."""
    noise = terminal.noise()
    if not noise:
        return
    try:
        with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"\n--- written by libraries ---\n{noise}")
    except OSError as error:  # the run is whole without
        terminal.complain(f"what libraries wrote is not in {log}: {error.strerror}")
