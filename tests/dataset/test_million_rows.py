import json
import sys
from pathlib import Path

import pytest
from processes import run

pytest.importorskip("resource", reason="the system does not tell a process's peak memory")

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

MEASURE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from million_rows import measure
print(json.dumps(measure(int(sys.argv[2]))))
"""


def measured(rows: int, cwd: Path) -> list[dict[str, float]]:
    """What a process of its own takes to read, group, split and write so many made-up photos."""
    ended = run(sys.executable, "-c", MEASURE, str(BENCHMARKS), str(rows), cwd=cwd)
    assert ended.returncode == 0, ended.stderr
    steps: list[dict[str, float]] = json.loads(ended.stdout)
    return steps


def test_thousands_of_rows_go_through_every_step_of_the_measurement(tmp_path: Path) -> None:
    steps = measured(2_000, tmp_path)
    assert len(steps) == 12
    assert 10e6 < steps[0]["peak"] <= steps[-1]["peak"] < 200e6


@pytest.mark.slow
def test_a_million_rows_fit_in_one_gigabyte(tmp_path: Path) -> None:
    assert max(step["peak"] for step in measured(1_000_000, tmp_path)) < 1e9
