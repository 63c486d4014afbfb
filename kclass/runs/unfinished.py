"""A run with epochs while it is at work: a folder of its own that outlives whatever stops it."""

import contextlib
import importlib.util
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kclass.backbones.registry import IMAGENET, NO_WEIGHTS
from kclass.classifier.model_file import MODEL
from kclass.errors import KClassError, ModelError, OptionError, OutputError
from kclass.files import is_there, output_errors
from kclass.runs.options import FitOptions
from kclass.runs.recipe_record import followed_of
from kclass.runs.run_folder import claim, name_latest, put, write_json

SUFFIX = ".unfinished"
BEGUN, CHECKPOINT = "begun.json", "checkpoint.npz"
PATHS = ("valid", "test", "manifest", "weights")


@dataclass(frozen=True)
class Begun:
    """What a run was begun with, to be gone on with in another process.

    Args:
        options: of the fit.
        data: the name and fingerprint of the data set, and what it was opened with, if that is known.
        versions: of what the numbers depend on.
        named: whether the folder was asked for by name, so that `latest` is not to name it.
    """

    options: FitOptions
    data: Mapping[str, Any]
    versions: Mapping[str, str]
    named: bool


@contextlib.contextmanager
def unfinished_run(name: str, out: Path | None, begun: Begun) -> Iterator[tuple[Path, Path]]:
    """Hand out a folder to write a run with epochs into, and the place where it will be.

    At the end of the block the folder is put in its place in one step. If the block raises, or the
    process is killed, it stays as `PLACE.unfinished`; one that holds no epoch is deleted if the block
    raises.

    Raises:
        OutputError: the place is taken, an unfinished run is there, or it cannot be written.
    """
    if out is not None and out.name and is_there(_unfinished(out)):
        raise OutputError(
            f"{_unfinished(out)} is there already: a run that has not come to its end",
            fix=f"Go on with it by `kclass fit --resume {_unfinished(out)}`, or delete it.",
        )
    part, place = claim(name, out, part_of=_unfinished)
    with _kept(part):
        _write_begun(part, begun)
        with _at_work(part):
            yield part, place
            _finish(part, place, named=begun.named)


@contextlib.contextmanager
def resumed_run(part: Path, begun: Begun) -> Iterator[tuple[Path, Path]]:
    """Hand out the folder of an unfinished run, and the place where it will be; see `unfinished_run`.

    Raises:
        OutputError: the place has been taken since, or another process is at work on the run.
    """
    place = part.with_name(part.name.removesuffix(SUFFIX))
    if is_there(place):
        raise OutputError(f"{place} is there already", fix="Move it away, and go on then.")
    with _at_work(part), _kept(part):
        yield part, place
        _finish(part, place, named=begun.named)


def unfinished_folder(run: Path) -> Path:
    """The folder of an unfinished run, named with its ending or without.

    Raises:
        ModelError: there is none.
    """
    run = run.absolute() if run.name else run.resolve()
    finished = is_there(run / MODEL) and not run.name.endswith(SUFFIX)
    for part in () if finished else (run, _unfinished(run)):
        if is_there(part / BEGUN):
            return part
    raise ModelError(
        f"{run} has come to its end" if finished else f"there is no unfinished run {run}",
        fix="" if finished else f"Give the folder of one; its name ends with {SUFFIX}.",
    )


def read_begun(part: Path) -> Begun:
    """What an unfinished run was begun with.

    Raises:
        ModelError: the file that says so is damaged.
    """
    try:
        found = json.loads((part / BEGUN).read_text(encoding="utf-8"))
        told = {name: found["data"][name] for name in ("name", "fingerprint", "origin")}
        return Begun(_read_options(found["options"]), told, found["versions"], found["named"])
    except OptionError:  # says itself what to do: this installation may lack something
        raise
    except (OSError, ValueError, LookupError, TypeError, KClassError) as error:
        raise ModelError(
            f"{part / BEGUN} cannot be used ({error})", fix="Start again with `kclass fit DATA`."
        ) from error


def _read_options(found: Mapping[str, Any]) -> FitOptions:
    record = found["recipe"]
    return FitOptions(**{**found, "recipe": None if record is None else followed_of(record)})


def _write_begun(part: Path, begun: Begun) -> None:
    followed = begun.options.recipe
    options = {**asdict(begun.options), "recipe": None if followed is None else followed.to_dict()}
    absolute = {name: str(Path(options[name]).resolve()) for name in PATHS if _is_path(options[name])}
    write_json(part / BEGUN, {**asdict(begun), "options": {**options, **absolute}})


def _is_path(value: object) -> bool:
    if value in (IMAGENET, NO_WEIGHTS):
        return False
    return isinstance(value, Path) or (isinstance(value, str) and is_there(Path(value)))


@contextlib.contextmanager
def _at_work(part: Path) -> Iterator[None]:
    """Keep other processes from a run, by a lock that the system takes back whatever ends this one.

    Windows and some network drives have none such; there it is up to the person.
    """
    if importlib.util.find_spec("fcntl") is None:
        yield
        return
    import fcntl

    with (part / BEGUN).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(
                f"another process is at work on {part}", fix="Wait until it has come to its end."
            ) from error
        except OSError:  # a drive without locks
            pass
        yield


@contextlib.contextmanager
def _kept(part: Path) -> Iterator[None]:
    """Keep an unfinished run that holds an epoch if the block raises, and say so; delete any other."""
    try:
        yield
    except BaseException as error:
        if is_there(part / CHECKPOINT):
            error.add_note(f"The epochs so far are kept. Go on with: kclass fit --resume {part}")
        else:
            shutil.rmtree(part, ignore_errors=True)
        raise


def _finish(part: Path, place: Path, *, named: bool) -> None:
    put(part, place)
    with output_errors(place):
        for path in (place / CHECKPOINT, place / BEGUN, *place.glob(".part-*")):
            path.unlink(missing_ok=True)
    if not named:
        name_latest(place)


def _unfinished(place: Path) -> Path:
    return place.with_name(place.name + SUFFIX)
