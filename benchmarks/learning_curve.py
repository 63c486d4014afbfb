"""Whether a learning curve of half the photos foretells the error that all of them lead to.

Usage: learning_curve.py DATA… [--halves 20]

The curve of all photos of a data set, whatever their split, ends at heads solved on four fifths of them;
their error on the rest is what is to be foretold. Then, again and again, half of the photos of each class
are drawn, a curve is measured on those alone, and its law is asked for the error at that many photos. The
other half is not looked at. How often the interval of the law holds the error measured is reported, whatever
it is. Neither method nor constants were chosen by these figures.
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
from results import report

import kclass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--halves", type=int, default=20)
    given = parser.parse_args()
    found = {path.name: measure(path, given.halves) for path in given.data}
    rows = [
        [
            name,
            f"{each['photos']}",
            f"{each['seconds']:.1f} s",
            f"{100 * each['measured']:.1f} %",
            "{:.1f} ± {:.1f} %".format(
                *(100 * of(each["foretold"]) for of in (statistics.mean, statistics.stdev))
            ),
            f"{100 * statistics.mean(each['last']):.1f} %",
            f"{each['held']}/{len(each['foretold'])}",
            f"{each['told']}/{len(each['foretold'])}",
            f"{each['held_when_told']}/{each['told']}",
        ]
        for name, each in found.items()
    ]
    head = [
        *("data", "photos", "time of a curve", "measured at 4/5 of all", "foretold by halves"),
        *("measured by halves", "interval holds it", "told at all", "holds it if told"),
    ]
    report("learning_curve", head, rows, {"halves": given.halves, "data": found})


def measure(path: Path, halves: int) -> dict[str, object]:
    data = kclass.open_data(path)
    kclass.cross_validate(
        data
    )  # the network has then looked at all photos, and the time is that of the heads
    start = time.perf_counter()
    whole = kclass.learning_curve(data)
    seconds = time.perf_counter() - start
    size, error = round(whole.sizes[-1]), float(whole.errors[-1])
    foretold, last, intervals, told = [], [], [], []
    for seed in range(halves):
        half = half_of(data, seed)
        curve = kclass.learning_curve(half, further=size - len(half), seed=seed)
        foretold.append(curve.found.more.value)
        intervals.append([curve.found.more.low, curve.found.more.high])
        last.append(float(curve.errors[-1]))
        told.append(not curve.found.doubt)
    holds = [low <= error <= high for low, high in intervals]
    return {
        "photos": len(data),
        "seconds": seconds,
        "answer": whole.answer,
        "trained": size,
        "measured": error,
        "foretold": foretold,
        "intervals": intervals,
        "last": last,
        "held": sum(holds),
        "told": sum(told),
        "held_when_told": sum(hold for hold, tell in zip(holds, told, strict=True) if tell),
    }


def half_of(data: kclass.Dataset, seed: int) -> kclass.Dataset:
    """Half of the photos of each class."""
    random = np.random.default_rng(seed)
    labels = data.samples.labels
    own = [random.permutation(np.flatnonzero(labels == label)) for label in range(len(data.classes))]
    rows = np.sort(np.concatenate([each[: len(each) // 2] for each in own]))
    return kclass.Dataset(data.name, data.samples.select(rows))


if __name__ == "__main__":
    main()
