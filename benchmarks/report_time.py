"""Time to evaluate 1,000 photos and to report on them, beyond prediction itself, and the page's size.

Usage: report_time.py PHOTOS [--photos 1000] [--side 1024] [--rounds 3]

PHOTOS holds train/ and val/ with class folders. Photos are made of crops of these, JPEGs with a longer
side of SIDE pixels: of every fifth photo one for training, of the others the 1,000 for validation.
A model is fitted on them, and then what follows the prediction is timed, step by step.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from results import report, spread

import kclass
from kclass.classifier.evaluation import Evaluation
from kclass.dataset.names import VALID
from kclass.evaluation.metrics import evaluate
from kclass.plots.saving import save_png
from kclass.reporting.run_reading import read_run

GOAL = 20.0
LARGEST_PAGE = 5_000_000
STEPS = ("metrics with intervals, calibration", "figures (PNG)", "the page, its photos and gallery")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos_folder", metavar="PHOTOS", type=Path)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        make_photos(given.photos_folder, place / "photos", number=given.photos, side=given.side)
        data = kclass.ImageFolder(place / "photos")
        start = time.perf_counter()
        fit = kclass.run_fit(data, kclass.FitOptions(), out=place / "run")
        whole = time.perf_counter() - start
        rounds = [one_round(fit, place) for _ in range(given.rounds)]
        size = (place / "run" / "report.html").stat().st_size
    rows = [[step, spread([each[step] for each in rounds])] for step in STEPS]
    totals = [sum(each.values()) for each in rounds]
    rows += [
        ["all of it", f"{spread(totals)}; goal: below {GOAL:g}"],
        ["the whole fit, with empty caches", f"{whole:.1f}"],
        ["size of the page", f"{size / 1e6:.2f} MB; goal: below {LARGEST_PAGE / 1e6:g} MB"],
    ]
    content = {
        "photos": len(fit.evaluations["valid"].samples),
        "classes": len(data.classes),
        "longer_side": given.side,
        "rounds": rounds,
        "whole_fit": whole,
        "page_bytes": size,
        "goals": {"seconds": GOAL, "page_bytes": LARGEST_PAGE},
    }
    report("report_time", [f"{given.photos} photos", "seconds: median (least to most)"], rows, content)


def make_photos(source: Path, out: Path, *, number: int, side: int) -> None:
    """Crops of photos as JPEGs; of one photo all are in one split."""
    photos = sorted(path for path in source.glob("*/*/*") if path.suffix.lower() in (".jpg", ".jpeg"))
    random = np.random.default_rng(0)
    judged = [path for place, path in enumerate(photos) if place % 5]
    for path in photos[::5]:
        crop(path, out / "train" / path.parent.name / path.name, side, random)
    for count in range(number):
        path = judged[count % len(judged)]
        name = f"{path.stem}-{count}.jpg"
        crop(path, out / "valid" / path.parent.name / name, side, random)


def crop(path: Path, out: Path, side: int, random: np.random.Generator) -> None:
    """Three fifths to all of a photo, enlarged or reduced."""
    image = Image.open(path).convert("RGB")
    share = random.uniform(0.6, 1.0)
    width, height = (round(share * each) for each in image.size)
    left, top = (
        int(random.integers(0, full - part + 1))
        for full, part in zip(image.size, (width, height), strict=True)
    )
    scale = side / max(width, height)
    size = (round(scale * width), round(scale * height))
    out.parent.mkdir(parents=True, exist_ok=True)
    image.crop((left, top, left + width, top + height)).resize(size).save(out, quality=90)


def one_round(fit: kclass.Fit, place: Path) -> dict[str, float]:
    """Seconds of each step."""
    samples = fit.data.samples.select(fit.data.samples.splits == VALID)
    valid = read_run(fit.folder).splits["valid"]
    found: list[Evaluation] = []

    def judge() -> None:
        metrics = evaluate(valid.probabilities, valid.labels, fit.classifier.classes)
        found.append(Evaluation(metrics, samples, valid.probabilities, (), valid.novelty))
        found[0].to_dict()

    def draw() -> None:
        save_png(found[0].metrics.plot(), place / "matrix.png")
        save_png(found[0].top_losses().plot(), place / "losses.png")

    steps = (judge, draw, lambda: kclass.write_report(fit.folder))
    return {name: timed(step) for name, step in zip(STEPS, steps, strict=True)}


def timed(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
