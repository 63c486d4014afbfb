"""`kclass evaluate`: how good a model is, or would be, on photos that it was not trained on."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from .command import common_options, guarded, model_option, print_json, print_result
from .sources import TABLE_OPTIONS, source_options
from .terminal import Terminal
from .training_options import HEAD_OPTIONS, head_options

if TYPE_CHECKING:
    from kclass import CrossValidation, LearningCurve, ModelEvaluation

    Found = ModelEvaluation | CrossValidation | LearningCurve

LEFT_OUT_SHOWN = 10
DEFAULT_FOLDS = 5
OUT = "Leave it out."


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@source_options
@model_option
@click.option(
    "--folds",
    type=int,
    help="Cross-validate: solve a head for each of so many parts, on the other parts, instead of scoring a"
    " model.",
)
@click.option(
    "--learning-curve",
    is_flag=True,
    help="Measure how the error falls with the number of training photos, and ask what more would bring;"
    " in 5 folds, or as many as --folds says.",
)
@click.option(
    "--further",
    type=int,
    default=50,
    show_default=True,
    help="How many more photos it asks about.",
)
@click.option(
    "--split",
    default="all",
    show_default=True,
    help="Which labelled photos take part: all, whatever their split, or those of train, valid or test.",
)
@head_options
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path), help="Write every prediction into this CSV file."
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Draw the confusion matrix, or the learning curve, into this PNG file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")
@common_options
@guarded
def evaluate(
    terminal: Terminal,
    *,
    data: Path,
    model: Path | None,
    folds: int | None,
    learning_curve: bool,
    further: int,
    split: str,
    csv_file: Path | None,
    plot: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Say how good a model is on the labelled photos in DATA, with intervals.

    DATA is what `kclass fit` takes. Nothing is scored on what it was fitted on: photos that the model was
    trained on are left out, as the split.csv of its run names them.

    With --folds no model is needed, and every photo is scored: each is predicted once, by a head that was
    solved on the other folds. That is for sets too small to split. The options from --backbone to --strict
    are those of its heads.

    With --learning-curve heads are solved on ever more of the photos, to tell whether more would help.
    """
    import kclass

    source = {name: options.pop(name) for name in TABLE_OPTIONS}
    _check(folds=folds, learning_curve=learning_curve)
    _check_files({"--csv": (csv_file, ".csv"), "--plot": (plot, ".png")})
    opened = kclass.open_data(data, **source)
    with terminal.progress() as progress:
        found: Found
        if learning_curve:
            folds = DEFAULT_FOLDS if folds is None else folds
            found = kclass.learning_curve(
                opened, folds=folds, further=further, split=split, progress=progress, **options
            )
        elif folds is not None:
            found = kclass.cross_validate(opened, folds=folds, split=split, progress=progress, **options)
        else:
            found = kclass.evaluate(opened, model=model, split=split, progress=progress)
    if as_json:
        print_json(found.to_dict())
    else:
        print_result(repr(found))
    _name_left_out(found, terminal)
    # After the result is printed: a place that cannot be written does not cost what took so long.
    if csv_file is not None and not isinstance(found, kclass.LearningCurve):
        found.write_csv(csv_file)
    if plot is not None:
        kclass.save_png(found.plot(), plot)
    for place in filter(None, (csv_file, plot)):
        terminal.say(f"Written: {place}")
    return 0


def _check(*, folds: int | None, learning_curve: bool) -> None:
    """Refuse options that have no effect with the others."""
    from kclass import OptionError

    solving = "learning_curve" if learning_curve else "folds" if folds is not None else ""
    if solving and _given(["model"]):
        raise OptionError(
            f"model has no effect with {solving}, which solves heads of its own", fix="Leave one of them out."
        )
    if learning_curve and _given(["csv_file"]):
        raise OptionError("csv has no effect with learning_curve: it predicts each photo many times", fix=OUT)
    if not learning_curve and _given(["further"]):
        raise OptionError("further has no effect without learning_curve", fix="Add --learning-curve.")
    for name in () if solving else _given(HEAD_OPTIONS):
        raise OptionError(
            f"{name} has no effect on a model that is trained already",
            fix="Leave it out, or add --folds 5 to solve heads with it.",
        )


def _given(names: Iterable[str]) -> list[str]:
    context = click.get_current_context()
    return [name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]


def _check_files(files: Mapping[str, tuple[Path | None, str]]) -> None:
    """Refuse files for results whose names say that they are something else."""
    from kclass import OptionError

    for option, (place, suffix) in files.items():
        if place is not None and place.suffix.lower() != suffix:
            raise OptionError(
                f"{option} is {place}, which is no name of a {suffix[1:].upper()} file",
                fix=f"Name one, such as {option} out{suffix}",
            )


def _name_left_out(found: "Found", terminal: Terminal) -> None:
    for error in found.unreadable[:LEFT_OUT_SHOWN]:
        terminal.complain(f"left out: {error.message}")
    more = len(found.unreadable) - LEFT_OUT_SHOWN
    if more > 0:
        terminal.complain(f"left out: {more} more that cannot be read")
