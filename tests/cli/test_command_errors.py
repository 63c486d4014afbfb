"""What a person is told when something is wrong: one or two lines, and never a traceback."""

import json
import os
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import Command, Ended
from processes import KCLASS, run
from small_fits import CLASSES, SmallFit, write_photos

import kclass
from kclass.backbones.archive import read_archive
from kclass.backbones.registry import BACKBONES

BROKEN = b"\xff\xd8\xff\xe0 and no more"
WHERE = "Free some space, or choose a place you may write to."
GIVE_A_RUN = "Give the model.keras of a run of `kclass fit`."


def error(message: str, fix: str = "", *, code: int = 1) -> Ended:
    return Ended(code, "", f"Error: {message}\n" + (f"  {fix}\n" if fix else ""))


def refused(ended: Ended, *, code: int, message: str) -> None:
    """Check an error of which the first line alone is known."""
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(f"Error: {message}")
    assert ended.err.count("\n") <= 2
    assert "Traceback" not in ended.err


# Data sets


def test_an_empty_folder(command: Command, here: Path) -> None:
    (here / "photos").mkdir()
    fix = f"Make a folder for each class, such as {Path('photos/cat')} and {Path('photos/dog')}."
    assert command("fit", "photos") == error("there are no photos in photos", fix)


def test_a_folder_without_photos_to_predict(command: Command, here: Path, fitted: SmallFit) -> None:
    (here / "photos").mkdir()
    assert command("predict", "photos", "--model", fitted.model) == error(
        "there is no photo in the folder photos", "Give a folder with photos."
    )


def test_a_pattern_that_matches_nothing(command: Command, fitted: SmallFit) -> None:
    assert command("predict", "*.jpg", "--model", fitted.model) == error(
        "nothing matches *.jpg", "Look at the pattern; quotes keep the shell off it."
    )


def test_one_class_only(command: Command, here: Path) -> None:
    write_photos(here / "photos", {"ash": 3})
    fix = "Add a folder with photos of something else: there must be two classes to tell apart."
    assert command("fit", "photos") == error("photos has one class only: ash", fix)


def test_a_class_with_one_photo(command: Command, here: Path) -> None:
    write_photos(here / "photos", {"ash": 3, "birch": 1})
    assert command("fit", "photos", "--out", "../run") == error(
        "photos cannot be split, because a class has one photo only: birch",
        "Add photos to it, or take it out: training and validation need one each.",
    )


def test_no_readable_photo(command: Command, here: Path) -> None:
    for name in ("ash", "birch"):
        (here / "photos" / name).mkdir(parents=True)
        for index in range(5):
            (here / "photos" / name / f"{index}.jpg").write_bytes(f"no photo {name} {index}".encode())
    ended = command("fit", "photos", "--out", "run")
    assert (ended.code, ended.out) == (1, "")
    wrong, first = ended.err.splitlines()
    assert wrong == "Error: none of the training photos can be read"
    assert first.startswith("  8 could not be read. The first: ")
    assert first.endswith(" is not a photo")
    assert not (here / "run").exists()


def test_a_class_without_a_readable_photo(command: Command, here: Path) -> None:
    data = write_photos(here / "photos", {"ash": 5})
    (data / "birch").mkdir()
    for index in range(5):
        (data / "birch" / f"{index}.jpg").write_bytes(BROKEN + bytes([index]))
    ended = command("fit", "photos", "--out", "run")
    assert ended.err.startswith(
        "Error: no training photo of the class birch can be read\n  4 could not be read."
    )
    assert (ended.code, ended.out) == (1, "")


def test_a_folder_that_is_not_there(command: Command, here: Path) -> None:
    assert command("fit", "photos") == error(
        "there is no folder or file photos", "Check the spelling of the path."
    )
    (here / "photos").mkdir()
    assert command("fit", "fotos") == error("there is no folder or file fotos", "Did you mean photos?")


# Models


@pytest.fixture
def predict(command: Command, fitted: SmallFit) -> Callable[[object], Ended]:
    return lambda model: command("predict", fitted.photo, "--model", model)


def test_a_model_that_is_not_there(predict: Callable[[object], Ended]) -> None:
    assert predict("model.keras") == error(
        "there is no model file model.keras", "Give the path of a model.keras."
    )


def test_a_folder_for_a_model(predict: Callable[[object], Ended], here: Path) -> None:
    assert predict(here) == error(
        f"there is no model.keras in the folder {here}",
        "Give the folder of a run of `kclass fit`, or the model.keras in it.",
    )


def test_a_file_that_is_no_model(predict: Callable[[object], Ended], here: Path) -> None:
    (here / "model.keras").write_text("no model")
    assert predict("model.keras") == error(
        "model.keras is not a Keras model file, or it is damaged (File is not a zip file)", GIVE_A_RUN
    )


def test_a_zip_that_is_no_model(predict: Callable[[object], Ended], here: Path) -> None:
    with zipfile.ZipFile(here / "model.keras", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    refused(
        predict("model.keras"), code=1, message="model.keras is not a Keras model file, or it is damaged ("
    )


def test_a_keras_file_that_is_not_of_kclass(
    predict: Callable[[object], Ended], fitted: SmallFit, here: Path
) -> None:
    replace(fitted.classifier.archive, entries={}).write(here / "model.keras")
    assert predict("model.keras") == error(
        "model.keras is a Keras model, but not one of kclass: it has no kclass.json", GIVE_A_RUN
    )


def with_record(fitted: SmallFit, path: Path, **changes: object) -> Path:
    """The model with another record."""
    archive = read_archive(fitted.model)
    record = {**json.loads(archive.entries["kclass.json"]), **changes}
    entries = {**archive.entries, "kclass.json": json.dumps(record).encode()}
    replace(archive, entries=entries).write(path)
    return path


def test_a_model_of_a_newer_kclass(predict: Callable[[object], Ended], fitted: SmallFit, here: Path) -> None:
    model = with_record(fitted, here / "new.keras", schema=2, versions={"kclass": "7.0"}, surprise=True)
    assert predict(model) == error(
        f"{model} was made by kclass 7.0, which this kclass {kclass.__version__} cannot read",
        "Install a newer kclass: pip install --upgrade kclass",
    )


def test_a_model_for_another_decoder(
    predict: Callable[[object], Ended], fitted: SmallFit, here: Path
) -> None:
    model = with_record(fitted, here / "old.keras", decoder=0)
    refused(
        predict(model), code=1, message=f"{model} was trained on photos as decoder 0 made them; this kclass"
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"classes": ["ash", "birch"]}, "it names 2 classes but has 3 logits"),
        ({"resize": "shrink"}, "resize is 'shrink', which is none of squash, crop, pad"),
        ({"schema": "x"}, "kclass.json has no schema"),
        ({"classes": None}, "classes are no list of names"),
    ],
)
def test_a_model_whose_record_is_damaged(
    changes: dict[str, object], says: str, predict: Callable[[object], Ended], fitted: SmallFit, here: Path
) -> None:
    model = with_record(fitted, here / "model.keras", **changes)
    assert predict(model) == error(
        f"{model} is damaged: {says}",
        "Copy the file again if it was damaged on the way, or train the model again.",
    )


@pytest.mark.parametrize("part", ["start", "middle", "end"])
def test_a_model_file_that_lost_a_part(
    part: str, predict: Callable[[object], Ended], fitted: SmallFit, here: Path
) -> None:
    content = fitted.model.read_bytes()
    half = len(content) // 2
    lost = {"start": content[1000:], "middle": content[:half] + content[half + 5000 :], "end": content[:half]}
    (here / "model.keras").write_bytes(lost[part])
    refused(
        predict("model.keras"), code=1, message="model.keras is not a Keras model file, or it is damaged ("
    )


def test_a_model_file_with_a_flipped_bit(
    predict: Callable[[object], Ended], fitted: SmallFit, here: Path
) -> None:
    content = bytearray(fitted.model.read_bytes())
    content[len(content) // 2] ^= 1
    (here / "model.keras").write_bytes(content)
    refused(
        predict("model.keras"),
        code=1,
        message="model.keras is not a Keras model file, or it is damaged (Bad CRC",
    )


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("config.json", "model.keras is not a Keras model file, or it is damaged ("),
        ("model.weights.h5", "model.keras is damaged: its network cannot be read"),
        ("kclass/network.xml", "model.keras is damaged: its converted network is not the one that was"),
        ("kclass/network.bin", "model.keras is damaged: its converted network is not the one that was"),
    ],
)
def test_a_model_file_one_entry_of_which_holds_rubbish(
    entry: str, says: str, predict: Callable[[object], Ended], fitted: SmallFit, here: Path
) -> None:
    with zipfile.ZipFile(fitted.model) as whole, zipfile.ZipFile(here / "model.keras", "w") as damaged:
        for name in whole.namelist():
            damaged.writestr(name, b"{}" if name == entry else whole.read(name))
    refused(predict("model.keras"), code=1, message=says)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("config.json", "model.keras is not a Keras model file, or it is damaged ("),
        ("model.weights.h5", "model.keras is not a Keras model file, or it is damaged ("),
        ("kclass/network.xml", "model.keras is damaged: kclass.json or the converted network cannot be read"),
        ("kclass/network.bin", "model.keras is damaged: kclass.json or the converted network cannot be read"),
    ],
)
def test_a_model_file_that_lacks_an_entry(
    entry: str, says: str, predict: Callable[[object], Ended], fitted: SmallFit, here: Path
) -> None:
    with zipfile.ZipFile(fitted.model) as whole, zipfile.ZipFile(here / "model.keras", "w") as damaged:
        for name in set(whole.namelist()) - {entry}:
            damaged.writestr(name, whole.read(name))
    refused(predict("model.keras"), code=1, message=says)


# Places for results


def test_a_place_below_a_file(command: Command, fitted: SmallFit, here: Path) -> None:
    (here / "file").write_text("in the way")
    below = Path("file") / "below"
    refused(command("fit", fitted.data, "--out", below), code=1, message="cannot write file: ")
    refused(command("sample", below, "--per-class", 4), code=1, message=f"cannot write {here / 'file'}")
    predict = ("predict", fitted.photo, "--model", fitted.model)
    table = below / "out.csv"
    refused(command(*predict, "--csv", table), code=1, message=f"cannot write {table}: ")
    assert (here / "file").read_text() == "in the way"


def test_a_run_where_one_is_already(command: Command, fitted: SmallFit, here: Path) -> None:
    (here / "run").mkdir()
    (here / "run/mine.txt").write_text("mine")
    assert command("fit", fitted.data, "--out", "run") == error(
        "run is there already", "Choose another --out, or move it away."
    )
    assert [path.name for path in here.rglob("*")] == ["run", "mine.txt"]


def test_a_run_among_the_photos(command: Command, here: Path) -> None:
    write_photos(here, dict.fromkeys(CLASSES, 3))
    fix = "Choose a folder elsewhere with --out, or call kclass from elsewhere."
    assert command("fit", ".") == error(f"the run would lie among the photos: {here / 'runs'}", fix)
    assert {path.name for path in here.iterdir()} == set(CLASSES)


@pytest.mark.parametrize("out", [".", "../here"])
def test_a_run_in_the_place_of_the_folder_that_one_is_in(
    out: str, command: Command, fitted: SmallFit, here: Path
) -> None:
    assert command("fit", fitted.data, "--out", out) == error(
        f"{Path(out)} is the folder you are in, which a run cannot replace", "Choose another --out."
    )
    assert list(here.iterdir()) == []


def test_a_name_that_no_file_system_takes(command: Command, fitted: SmallFit) -> None:
    name = "x" * 300
    assert command("fit", fitted.data, "--out", name) == error(
        f"cannot write {name}: File name too long", WHERE
    )
    assert command("predict", fitted.photo, "--model", fitted.model, "--csv", f"{name}.csv") == error(
        f"cannot write {name}.csv: File name too long", WHERE
    )


# Results in the place of photos


def test_a_table_in_the_place_of_a_photo(command: Command, fitted: SmallFit, here: Path) -> None:
    # What the shell makes of `--csv *.png`: the first photo is the file for the table.
    content = fitted.photo.read_bytes()
    for name in ("a.png", "b.png", "c.csv"):
        (here / name).write_bytes(content)
    ended = command("predict", "--model", fitted.model, "--csv", "a.png", "b.png")
    assert ended == error(
        "--csv is a.png, which is no name of a CSV file", "Name one, such as --csv out.csv", code=2
    )
    ended = command("predict", "--model", fitted.model, "c.csv", "--csv", here / "c.csv")
    assert ended == error(f"--csv is {here / 'c.csv'}, one of the photos", "Choose another name.", code=2)
    assert {(here / name).read_bytes() for name in ("a.png", "b.png", "c.csv")} == {content}
    assert command("predict", "--model", fitted.model, "a.png", "--csv", "OUT.CSV").code == 0


@pytest.mark.parametrize("explain", ["photos", "../here/photos", "photos/deep"])
def test_overlays_among_the_photos(explain: str, command: Command, fitted: SmallFit, here: Path) -> None:
    (here / "photos/deep").mkdir(parents=True)
    (here / "photos/deep/a.png").write_bytes(fitted.photo.read_bytes())
    ended = command("predict", "--model", fitted.model, "photos", "--explain", explain)
    assert ended == error(
        f"--explain is {Path(explain)}, where the photos are",
        "Choose another folder, such as overlays",
        code=2,
    )
    assert [path.name for path in here.rglob("*.png")] == ["a.png"]


# Usage


def test_a_wrong_word_for_an_option_names_the_nearest(command: Command) -> None:
    assert command("fit", "photos", "--backbone", "mobilnet") == error(
        "backbone is 'mobilnet'; it must be one of mobilenet, mobilenet_v2, mobilenet_v3_small,"
        f" mobilenet_v3_large, nasnet_mobile and {len(BACKBONES) - 5} more",
        "Did you mean mobilenet? `kclass backbones` lists them.",
        code=2,
    )
    assert command("fit", "photos", "--resize", "squish") == error(
        "resize is 'squish'; it must be one of crop, pad, squash", "Did you mean squash?", code=2
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fti", "photos"], "No such command 'fti'. Did you mean 'fit'?"),
        (
            ["fit", "photos", "--bakbone", "scratch"],
            "No such option '--bakbone'. (Did you mean one of: '--backbone', '--balance'?)",
        ),
        (["fit", "photos", "--size", "abc"], "Invalid value for '--size': 'abc' is not a valid integer."),
        (["lr-find"], "Missing argument 'DATA'."),
        (["predict"], "Missing argument 'PATHS...'."),
        (["fit", "photos", "more"], "Got unexpected extra argument (more)"),
        (["fit", "photos", "--epochs", "1.5"], "Invalid value for '--epochs': '1.5' is not a valid integer."),
        (["fit", "photos", "--lr", "low"], "Invalid value for '--lr': 'low' is not a valid float."),
        (
            ["lr-find", "photos", "--resume", "run"],
            "No such option '--resume'. (Did you mean one of: '--ema', '--recipe', '--resize'?)",
        ),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_was_meant(
    arguments: list[str], says: str, command: Command
) -> None:
    ended = command(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Usage: kclass ")
    assert ended.err.endswith(f"\nError: {says}\n")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--top", "0"], "top is 0; it must be 1 or more"),
        (["--top", "-1"], "top is -1; it must be 1 or more"),
    ],
)
def test_a_value_out_of_range_ends_with_2(
    options: list[str], says: str, command: Command, fitted: SmallFit
) -> None:
    model = ("--model", fitted.model)
    assert command("predict", fitted.photo, *model, *options) == error(says, code=2)
    assert command("predict", fitted.data, *model, *options) == error(says, code=2)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--valid", "1.5"], "valid is a fraction of the photos, from 0 to below 1; received 1.5"),
        (["--valid", "0.5", "--test", "0.5"], "valid=0.5 and test=0.5 leave no photo for training"),
        (["--valid", "0"], "valid is 0; without validation photos nobody knows how good the result is"),
        (["--size", "31"], "size is 31; efficientnet_lite0 takes 32 or more"),
        (["--seed", "-1"], "seed is -1; it must be from 0 to 4294967295"),
        (["--epochs", "3"], "epochs has no effect on efficientnet_lite0: its head is solved, without epochs"),
        (["--weight-decay", "0"], "weight_decay has no effect on efficientnet_lite0: its head is solved"),
        (["--tensorboard"], "tensorboard has no effect on efficientnet_lite0: its head is solved, without"),
        (["--backbone", "scratch", "--fine-tune", "2"], "fine_tune has no effect on scratch: all of it is "),
        (["--backbone", "scratch", "--size", "7"], "size is 7; it must be 8 or more"),
        (
            ["--fine-tune", "2", "--unfreeze", "stage9"],
            "unfreeze is 'stage9'; it must be all, last-N with a ",
        ),
        (["--fine-tune", "2", "--unfreeze", "last-999"], "unfreeze is last-999, but the backbone has "),
    ],
)
def test_options_of_a_fit_that_cannot_be_used_end_with_2_and_leave_no_run(
    options: list[str], says: str, command: Command, fitted: SmallFit, here: Path
) -> None:
    refused(command("fit", fitted.data, "--out", "run", *options), code=2, message=says)
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("options", [[], ["--backbone", "scratch"]], ids=str)
def test_a_fit_without_data(options: list[str], command: Command) -> None:
    assert command("fit", *options) == error(
        "DATA is missing", "Give a folder of photos: kclass fit PHOTOS", code=2
    )


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (["photos"], "data"),
        (["--epochs", "9"], "epochs"),
        (["--backbone", "efficientnet_lite0"], "backbone"),
        (["--out", "elsewhere"], "out"),
        (["--seed", "0"], "seed"),
        (["--strict"], "strict"),
        (["--tensorboard"], "tensorboard"),
        (["--group", "p[0-9]"], "group"),
    ],
)
def test_a_run_that_goes_on_with_options_of_its_own(given: list[str], name: str, command: Command) -> None:
    assert command("fit", "--resume", "run", *given) == error(
        f"{name} has no effect with resume: the run has its own",
        "Leave it out: kclass fit --resume run",
        code=2,
    )


@pytest.mark.parametrize(
    "arguments", [("fit",), ("fit", "--resume"), ("lr-find", "--head", "dense")], ids=str
)
def test_keras_on_another_backend(arguments: tuple[str, ...], fitted: SmallFit, tmp_path: Path) -> None:
    variables = {"KERAS_BACKEND": "jax"}
    ended = run(*KCLASS, *arguments, str(fitted.data), cwd=tmp_path, variables=variables)
    assert (ended.returncode, ended.stdout) == (1, "")
    first, fix = ended.stderr.splitlines()
    assert first.startswith("Error: ")
    assert "jax" in first
    assert "KERAS_BACKEND" in first + fix
    assert list(tmp_path.iterdir()) == []


def test_a_run_to_go_on_with_that_is_not_there_or_over(
    command: Command, fitted: SmallFit, here: Path
) -> None:
    assert command("fit", "--resume", "run", "--json", "--quiet") == error(
        f"there is no unfinished run {here / 'run'}",
        "Give the folder of one; its name ends with .unfinished.",
    )
    assert command("fit", "--resume", fitted.run) == error(f"{fitted.run} has come to its end")


def test_help_and_version_end_with_0(command: Command) -> None:
    assert command("--version") == Ended(0, f"kclass {kclass.__version__}\n", "")
    for arguments in (["--help"], ["-h"], ["fit", "--help"], ["lr-find", "-h"], ["sample", "--help"]):
        ended = command(*arguments)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.startswith("Usage: kclass ")
    said = command("--help").out
    assert all(
        f"kclass {name} " in said
        for name in ("check", "fit", "lr-find", "predict", "report", "sample", "show")
    )


# --debug, and faults of kclass itself


def test_debug_shows_the_traceback_of_an_error_before_its_words(command: Command) -> None:
    ended = command("fit", "photos", "--debug")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("Traceback (most recent call last):\n")
    assert "kclass.errors.DataError: there is no folder or file photos" in ended.err
    assert ended.err.endswith(
        "\nError: there is no folder or file photos\n  Check the spelling of the path.\n"
    )


class _Faulty:
    """A stdin that fails as nobody foresaw, after a library has written to descriptor 2."""

    def __iter__(self) -> "_Faulty":
        os.write(2, b"last words of a library\n")
        raise RuntimeError("boom")


def test_a_fault_of_kclass_says_so_with_what_libraries_wrote_last(
    command: Command, fitted: SmallFit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", _Faulty())
    ended = command("predict", "-", "--model", fitted.model)
    assert ended == Ended(
        1,
        "",
        "last words of a library\n"
        "Error: a fault of kclass: RuntimeError: boom\n"
        "  Please report it with the output of the same command with --debug.\n",
    )
    debugged = command("predict", "-", "--model", fitted.model, "--debug").err
    assert debugged.startswith("Traceback (most recent call last):\n")
    assert debugged.endswith(
        "boom\n\nlast words of a library\nError: a fault of kclass: RuntimeError: boom\n"
    )
