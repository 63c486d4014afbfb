"""How good the suggestions of `lr_find` are: against whole trainings at the rates of a small grid.

Usage: lr_finding.py DATA… [--ways NAME…] [--grid RATE…] [--seed 0]

For each way and data set the rate is suggested from training photos, then the way is trained at each rate
of the grid and judged by the log loss of photos that validate. Good is what lies within a factor of 3 of
the best of the grid. The curves are drawn beside the results.
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from results import RESULTS, report

import kclass

WAYS: Mapping[str, Mapping[str, Any]] = {
    "hidden head": {"hidden": 500, "dropout": 0.5, "epochs": 20},
    "fine-tuning": {"fine_tune": 5},
    "fine-tuning a dense head": {"head": "dense", "epochs": 1, "fine_tune": 4},
    "scratch": {"backbone": "scratch", "epochs": 15},
    "scratch-small": {"backbone": "scratch-small", "epochs": 15},
}
FACTOR = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--grid", nargs="+", type=float, default=[1e-4, 3e-4, 1e-3, 3e-3, 1e-2])
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    found = [tried(path, way, given.grid, given.seed) for path in given.data for way in given.ways]
    report("lr_finding", HEAD, [_row(each) for each in found], {"tried": found})


HEAD = ("data", "way", "suggested", "best of the grid", "within", "log loss at each rate of the grid")


def tried(path: Path, way: str, grid: list[float], seed: int) -> dict[str, Any]:
    """The suggestion, and the losses of the grid."""
    options = dict(WAYS[way])
    curve = kclass.lr_find(path, seed=seed, **options)
    RESULTS.mkdir(exist_ok=True)
    kclass.save_png(curve.plot(), RESULTS / f"lr_finding_{path.name}_{way.replace(' ', '_')}.png")
    name = "fine_tune_lr" if "fine_tune" in options else "lr"
    losses = [loss(path, {**options, name: rate, "seed": seed}) for rate in grid]
    best = grid[losses.index(min(losses))]
    ratio = None if curve.suggestion is None else max(curve.suggestion / best, best / curve.suggestion)
    told = {"data": path.name, "way": way, "suggested": curve.suggestion, "best": best, "ratio": ratio}
    print(told, losses, flush=True)
    return {**told, "grid": grid, "losses": losses}


def loss(path: Path, options: Mapping[str, Any]) -> float:
    """The log loss of the photos that validate, after a training."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            fitted = kclass.run_fit(path, kclass.FitOptions(**options), out=Path(folder) / "run")
        except kclass.OptionError:  # the rate is so high that nothing was learned
            return float("inf")
    return float(fitted.evaluations["valid"].metrics.log_loss)


def _row(each: Mapping[str, Any]) -> list[str]:
    suggested = "none" if each["suggested"] is None else f"{each['suggested']:.2g}"
    within = "-" if each["ratio"] is None else f"{each['ratio']:.1f}"
    pairs = zip(each["grid"], each["losses"], strict=True)
    losses = ", ".join(f"{rate:g}: {value:.3f}" for rate, value in pairs)
    return [each["data"], each["way"], suggested, f"{each['best']:g}", within, losses]


if __name__ == "__main__":
    main()
