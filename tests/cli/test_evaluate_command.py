import csv
import json
from pathlib import Path

import pytest
from command_line import Command, Ended
from PIL import Image
from small_fits import SmallFit, write_photos

import kclass


def test_a_model_is_scored_on_what_it_was_not_trained_on(command: Command, fitted: SmallFit) -> None:
    ended = command("evaluate", fitted.data, "--model", fitted.run)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{kclass.evaluate(fitted.data, model=fitted.run)!r}\n"
    assert "Left out: 18 that it was trained on" in ended.out


def test_without_a_run_there_is_no_model(command: Command, fitted: SmallFit, here: Path) -> None:
    ended = command("evaluate", fitted.data)
    assert ended == Ended(
        1,
        "",
        f"Error: there is no run in {here / 'runs'} to take a model from\n"
        "  Run `kclass fit DATA` here first, or give a model file with --model.\n",
    )


def test_folds_need_no_model(command: Command, fitted: SmallFit, here: Path) -> None:
    ended = command("evaluate", fitted.data, "--folds", 3, "--csv", "folds.csv", "--plot", "deep/matrix.png")
    assert ended.code == 0
    assert ended.err == "Written: folds.csv\nWritten: deep/matrix.png\n"
    assert ended.out == f"{kclass.cross_validate(fitted.data, folds=3)!r}\n"
    with (here / "folds.csv").open(encoding="utf-8", newline="") as file:
        assert {row["fold"] for row in csv.DictReader(file)} == {"1", "2", "3"}
    with Image.open(here / "deep/matrix.png") as picture:
        assert picture.format == "PNG"


def test_options_of_the_heads_and_the_data_reach_them(command: Command, fitted: SmallFit) -> None:
    options = ("--folds", 2, "--size", 64, "--resize", "crop", "--balance", "weights", "--seed", 3)
    ended = command("evaluate", fitted.data, *options, "--group", r"\d+", "--json", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    content = json.loads(ended.out)
    chosen = {name: content["options"][name] for name in ("size", "resize", "balance", "seed")}
    assert chosen == {"size": 64, "resize": "crop", "balance": "weights", "seed": 3}
    data = kclass.open_data(fitted.data, group=r"\d+")
    wanted = kclass.cross_validate(data, folds=2, **chosen).to_dict()
    assert {**content, "seconds": 0} == {**wanted, "seconds": 0}


@pytest.mark.slow
def test_a_learning_curve_is_measured_in_five_folds_or_as_many_as_asked(
    command: Command, tmp_path: Path, here: Path
) -> None:
    root = write_photos(tmp_path / "trees", {"ash": 16, "birch": 16})
    ended = command(
        "evaluate", root, "--learning-curve", "--size", 64, "--further", 20, "--json", "--plot", "curve.png"
    )
    assert (ended.code, ended.err) == (0, "Written: curve.png\n")
    content = json.loads(ended.out)
    wanted = kclass.learning_curve(root, size=64, further=20).to_dict()
    assert {**content, "seconds": 0} == {**wanted, "seconds": 0}
    assert "20 more photos" in content["answer"]
    with Image.open(here / "curve.png") as picture:
        assert picture.format == "PNG"
    fewer = command("evaluate", root, "--learning-curve", "--folds", 2, "--size", 64, "--json", "--quiet")
    assert json.loads(fewer.out)["points"][-1]["photos"] == 16


def test_the_split_that_takes_part_is_chosen(command: Command, fitted: SmallFit) -> None:
    table = [*("--split-column", "split"), "--root", fitted.data, "--label-column", "class"]
    ended = command(
        "evaluate", fitted.run / "split.csv", *table, "--model", fitted.run, "--split", "valid", "--json"
    )
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["photos"] == 6
    folds = command("evaluate", fitted.run / "split.csv", *table, "--folds", 2, "--split", "train", "--json")
    assert json.loads(folds.out)["photos"] == 18


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (
            ("--folds", 3, "--model", "runs/latest"),
            "model has no effect with folds, which solves heads of its own\n  Leave one of them out.",
        ),
        (
            ("--learning-curve", "--model", "runs/latest"),
            "model has no effect with learning_curve, which solves heads of its own\n"
            "  Leave one of them out.",
        ),
        (
            ("--seed", 3),
            "seed has no effect on a model that is trained already\n"
            "  Leave it out, or add --folds 5 to solve heads with it.",
        ),
        (
            ("--folds", 3, "--further", 10),
            "further has no effect without learning_curve\n  Add --learning-curve.",
        ),
        (
            ("--learning-curve", "--csv", "out.csv"),
            "csv has no effect with learning_curve: it predicts each photo many times\n  Leave it out.",
        ),
        (
            ("--folds", 3, "--csv", "out.txt"),
            "--csv is out.txt, which is no name of a CSV file\n  Name one, such as --csv out.csv",
        ),
        (
            ("--folds", 3, "--plot", "out.jpg"),
            "--plot is out.jpg, which is no name of a PNG file\n  Name one, such as --plot out.png",
        ),
        (("--folds", 1), "folds is 1; it must be 2 or more"),
        (
            ("--folds", 3, "--backbone", "scratch"),
            "backbone is scratch, all of which is trained by epochs; cross-validation solves heads on a"
            " network that is trained already\n  Choose another backbone: `kclass backbones` lists them.",
        ),
    ],
    ids=str,
)
def test_options_that_have_no_effect_are_refused(
    options: tuple[object, ...], error: str, command: Command, fitted: SmallFit
) -> None:
    assert command("evaluate", fitted.data, *options) == Ended(2, "", f"Error: {error}\n")


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("--fine-tune", "nothing is trained by epochs"),
        ("--epochs", "nothing is trained by epochs"),
        ("--recipe", "nothing is trained by epochs"),
        ("--valid", "the photos are dealt out anew"),
    ],
)
def test_an_option_of_fit_that_has_no_use_here_is_refused_with_the_reason(
    option: str, reason: str, command: Command, fitted: SmallFit
) -> None:
    ended = command("evaluate", fitted.data, "--folds", 3, option, 3)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.endswith(f"Error: {option} has no effect on evaluate: {reason}.\n")


def test_a_split_that_is_not_there_is_answered_with_those_that_are(
    command: Command, fitted: SmallFit
) -> None:
    unsplit = command("evaluate", fitted.data, "--model", fitted.run, "--split", "valid")
    assert unsplit == Ended(
        1,
        "",
        "Error: trees is not split, so it has no labelled photo in a split valid\n"
        "  Leave split out, and all its photos take part; or give photos in folders named for splits.\n",
    )
    table = [*("--split-column", "split"), "--root", fitted.data, "--label-column", "class"]
    split = command("evaluate", fitted.run / "split.csv", *table, "--folds", 2, "--split", "test")
    assert split.err.endswith(
        " has no labelled photo in its split test\n"
        "  It has some in train and valid: choose one of these, or leave split out for all.\n"
    )


@pytest.mark.parametrize(("option", "name"), [("--csv", "out.csv"), ("--plot", "out.png")])
def test_a_result_is_printed_also_if_a_file_of_it_cannot_be_written(
    option: str, name: str, command: Command, fitted: SmallFit, here: Path
) -> None:
    (here / "taken").write_text("no folder", encoding="utf-8")
    ended = command("evaluate", fitted.data, "--folds", 2, option, here / "taken" / name)
    assert ended.code == 1
    assert ended.out == f"{kclass.cross_validate(fitted.data, folds=2)!r}\n"
    assert f"Error: cannot write {here / 'taken' / name}" in ended.err


def test_photos_that_cannot_be_read_are_named(command: Command, tmp_path: Path) -> None:
    root = write_photos(tmp_path / "trees", {"ash": 14, "birch": 3})
    for place in range(11):
        (root / "ash" / f"{place}.png").write_bytes(b"no photo")
    ended = command("evaluate", root, "--folds", 2)
    assert ended.code == 0
    assert ended.err.count("left out: ") == 11
    assert ended.err.endswith("left out: 1 more that cannot be read\n")
    strict = command("evaluate", root, "--folds", 2, "--strict")
    assert (strict.code, strict.out) == (1, "")
    assert strict.err.startswith("Error: 11 of the photos cannot be read.")
