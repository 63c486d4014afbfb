import json
import shutil
from pathlib import Path

from command_line import Command
from small_fits import SmallFit


def test_runs_are_compared(command: Command, fitted: SmallFit, here: Path) -> None:
    shutil.copytree(fitted.run, here / "other")
    ended = command("compare", fitted.run, "other")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].endswith("validation photos that every run scored")
    assert lines[3].startswith(fitted.run.name) and lines[4].startswith("other")
    assert f"other against {fitted.run.name}: +0.0 points" in ended.out


def test_a_comparison_is_printed_as_one_json_document(command: Command, fitted: SmallFit, here: Path) -> None:
    shutil.copytree(fitted.run, here / "other")
    ended = command("compare", fitted.run, "other", "--json", "--number", 3, "--split", "valid")
    found = json.loads(ended.out)
    assert found["differences"][0]["p_value"] == 1
    assert [each["folder"] for each in found["runs"]] == [str(fitted.run), "other"]


def test_what_cannot_be_compared_ends_with_what_to_do(command: Command, fitted: SmallFit) -> None:
    ended = command("compare", fitted.run)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "Error: there must be two runs to compare, or more; received 1\n"
    ended = command("compare", fitted.run, "nowhere")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("Error: there is no run nowhere\n  Give the folder of a run")
