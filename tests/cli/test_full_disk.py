"""Files end at a few bytes, as on a disk that is full: what is written is then whole, or not there."""

import csv
from pathlib import Path

import pytest
from processes import KCLASS, limited, run
from small_fits import SmallFit, write_photos

import kclass

FIX = "  Free some space, or choose a place you may write to.\n"


def test_a_fit_whose_model_finds_no_room_leaves_nothing(fitted: SmallFit, tmp_path: Path) -> None:
    # Features and converted network are in the cache, and the model is the only file of its size.
    command = (*KCLASS, "fit", str(fitted.data), "--out", "run")
    ended = run(*limited(command, file_bytes=2_000_000), cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    message, fix = ended.stderr.splitlines(keepends=True)
    assert message.startswith("Error: cannot write ")
    assert message.endswith("model.keras: File too large\n")
    assert fix == FIX
    assert list(tmp_path.iterdir()) == []


def test_a_fit_that_cannot_fill_its_cache_says_which_and_leaves_no_run(tmp_path: Path) -> None:
    data = write_photos(tmp_path / "trees", {"ash": 4, "birch": 4})
    cache = tmp_path / "cache"
    command = (*KCLASS, "fit", str(data), "--out", "run")
    variables = {"KCLASS_CACHE": str(cache)}
    ended = run(*limited(command, file_bytes=2_000_000), cwd=tmp_path, variables=variables)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"Error: cannot write {cache}")
    assert ended.stderr.endswith(f": File too large\n{FIX}")
    assert {path.name for path in tmp_path.iterdir()} == {"trees", "cache"}
    left = {path for path in cache.rglob("*") if path.is_file()}
    assert all(path.stat().st_size < 2_000_000 for path in left)
    assert not [path for path in left if path.name.startswith(".part-")]
    # What was cut off is not taken for whole when there is room again.
    assert run(*command, cwd=tmp_path, variables=variables).returncode == 0


@pytest.mark.slow
def test_epochs_that_cannot_be_kept_are_not_gone_through(fitted: SmallFit, tmp_path: Path) -> None:
    # 616,483 weights of 4 bytes; a checkpoint has them four times, with the best and Adam's two averages.
    options = ("--backbone", "scratch", "--size", "8", "--cache", "memory")
    command = (*KCLASS, "fit", str(fitted.data), "--out", "run", *options)
    ended = run(*limited(command, file_bytes=5_000_000), cwd=tmp_path)
    where = Path("run.unfinished/checkpoint.npz")
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        1, "", f"Error: cannot write {where}: File too large\n{FIX}",
    )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_cannot_even_begin_leaves_nothing(fitted: SmallFit, tmp_path: Path) -> None:
    command = (*KCLASS, "fit", str(fitted.data), "--out", "run", "--backbone", "scratch")
    ended = run(*limited(command, file_bytes=100), cwd=tmp_path)
    where = Path("run.unfinished/begun.json")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"Error: cannot write {where}: File too large\n{FIX}"
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_finds_no_room_leaves_the_old_one(fitted: SmallFit, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("path\n")
    command = (*KCLASS, "predict", str(fitted.data), "--model", str(fitted.model), "--csv", "out.csv")
    ended = run(*limited(command, file_bytes=100), cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"Error: cannot write out.csv: File too large\n{FIX}"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert (tmp_path / "out.csv").read_text() == "path\n"
    assert run(*command, cwd=tmp_path).returncode == 0
    with (tmp_path / "out.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) == 25


def test_a_sample_that_finds_no_room_leaves_nothing(tmp_path: Path) -> None:
    command = (*KCLASS, "sample", "photos", "--per-class", "4", "--masks")
    ended = run(*limited(command, file_bytes=1000), cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error: cannot write ")
    assert ended.stderr.endswith(f": File too large\n{FIX}")
    assert list(tmp_path.iterdir()) == []


def test_a_prediction_needs_no_room_at_all(fitted: SmallFit, tmp_path: Path) -> None:
    command = (*KCLASS, "predict", str(fitted.photo), "--model", str(fitted.model))
    ended = run(*limited(command, file_bytes=0), cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    label = kclass.load(fitted.model).predict(fitted.photo).label
    assert ended.stdout.split()[1] == label
