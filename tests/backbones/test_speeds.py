import json
import statistics
from pathlib import Path

from kclass.backbones.registry import BACKBONES
from kclass.backbones.speeds import Speed, Speeds, read_speeds

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "backbone_speeds.json"


def test_speeds_are_read_as_the_benchmark_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "speeds.json"
    measured = {"resnet50": {"f32": 26.0, "bf16": 158.0}, "vgg16": {"f32": 9.1}}
    file.write_text(json.dumps({"machine": "2 cores of X", "photos_per_second": measured}))
    assert read_speeds(file) == Speeds("2 cores of X", {"resnet50": Speed(26.0, 158.0), "vgg16": Speed(9.1)})


def test_without_a_file_nothing_was_measured(tmp_path: Path) -> None:
    assert read_speeds(tmp_path / "speeds.json") == Speeds("", {})


def test_what_is_packed_is_the_median_of_what_the_benchmark_found() -> None:
    found = json.loads(RESULTS.read_text(encoding="utf-8"))["backbones"] if RESULTS.exists() else {}
    medians = {
        name: Speed(**{how: float(f"{statistics.median(runs):.3g}") for how, runs in rates.items()})
        for name, rates in ((name, each["photos_per_second"]) for name, each in found.items())
    }
    assert read_speeds().of == medians
    assert set(medians) <= {name for name, each in BACKBONES.items() if each.frozen}
    assert all((each.f32 or 0) > 0 for each in medians.values())
