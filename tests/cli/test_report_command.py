import json
import shutil
from pathlib import Path

import pytest
from command_line import Command, Ended
from small_fits import SmallFit


@pytest.fixture
def run(fitted: SmallFit, tmp_path: Path) -> Path:
    return shutil.copytree(fitted.run, tmp_path / "a run")


def test_the_page_is_written_anew_into_the_run(command: Command, run: Path) -> None:
    before = (run / "report.html").read_text(encoding="utf-8")
    (run / "report.html").write_text("old")
    assert command("report", str(run)) == Ended(0, f"Written to {run / 'report.html'}\n", "")
    assert len((run / "report.html").read_text(encoding="utf-8")) > 0.9 * len(before)


def test_the_page_can_be_written_elsewhere(command: Command, run: Path, tmp_path: Path) -> None:
    page = tmp_path / "pages" / "one.html"
    ended = command("report", str(run), "--out", str(page), "--json")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == {"report": str(page)}
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_what_is_no_run_is_named(command: Command, tmp_path: Path) -> None:
    ended = command("report", str(tmp_path / "nowhere"))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"Error: there is no run {tmp_path / 'nowhere'}\n  Give the folder of a run")


def test_fit_says_where_the_page_is(command: Command, fitted: SmallFit, tmp_path: Path) -> None:
    ended = command("fit", str(fitted.data), "--out", str(tmp_path / "new"))
    assert ended.out.endswith(f"Report: {tmp_path / 'new' / 'report.html'}\n")
    assert (tmp_path / "new" / "report.html").is_file()


@pytest.mark.parametrize("out", ["", "."])
def test_a_folder_is_no_file_to_write_the_page_to(
    command: Command, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = command("report", str(run), "--out", out)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"Error: out is the folder {tmp_path}; it must be the path of a file\n")
    assert "Give the name of the HTML file to write" in ended.err
