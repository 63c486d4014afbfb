"""A folder of photos to a table: `kclass predict --csv` against Keras, and what it is made of; its memory.

Usage: predict_bulk.py MODEL [--photos 5000] [--rounds 3] [--memory 1000 100000] [--sources DIR…]

Photos are crops of those in the sources (folders of photos), made once in --scratch with a seed. Both
commands run in turn, each in a fresh process. Then, in a process of their own: the engine alone on ready
arrays, decoding alone, what comes after the network, and `predict_stream` with all three. With 5,000
photos a round takes about six minutes on two cores, most of it Keras's; `--rounds 0` leaves it out.

--memory measures the most memory instead, for each of these numbers of photos, which are links to 1,000
small ones; 100,000 take half an hour.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cropped_photos import cropped_photos
from results import report, spread
from whole_processes import ran

GOAL, SHARE, GROWTH = 5, 0.8, 1.1
SMALL, LINKED = 96, 1000
ACCOUNTED = 600
PEER = Path(__file__).parent / "peers" / "keras_folder.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--photos", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, nargs="+")
    parser.add_argument("--sources", type=Path, nargs="+", default=[])
    parser.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()) / "kclass-bulk")
    parser.add_argument("--account", type=Path, help="measure the parts on this folder, and print JSON")
    given = parser.parse_args()
    if given.account:
        print(json.dumps(account(given.model, given.account)))
    elif given.memory:
        memory(given.model, given.memory, given.sources, given.scratch)
    else:
        photos = cropped_photos(given.sources, given.scratch / f"crops-{given.photos}", given.photos)
        speed(given.model, photos, given.photos, given.rounds)


def kclass(model: Path, folder: Path, table: Path) -> list[str]:
    command = [sys.executable, "-m", "kclass_cli", "predict", str(folder), "--model", str(model)]
    return [*command, "--csv", str(table)]


def speed(model: Path, folder: Path, number: int, rounds: int) -> None:
    """Whole processes in turn, and then the parts."""
    ours, theirs, ratios = [], [], []
    with tempfile.TemporaryDirectory() as place:
        for _ in range(rounds):
            mine = ran(kclass(model, folder, Path(place, "out.csv")))
            other = ran([sys.executable, str(PEER), str(model), str(folder)])
            predicting = json.loads(other.out.splitlines()[-1])["predicting"]
            ours.append(number / mine.seconds)
            theirs.append(number / predicting)
            ratios.append({"predict": ours[-1] / theirs[-1], "processor": other.processor / mine.processor})
    parts = json.loads(ran([sys.executable, __file__, str(model), "--account", str(folder)]).out)
    rows = []
    if rounds:
        ratio = statistics.median(each["predict"] for each in ratios)
        rows = [
            ["kclass predict --csv, whole process", spread(ours), f"{ratio:.1f} times Keras (goal {GOAL})"],
            ["Keras's model.predict alone", spread(theirs), ""],
        ]
    rows += accounted(parts)
    content = {"photos": number, "kclass": ours, "keras": theirs, "ratios": ratios, "parts": parts}
    report("predict_bulk", ["", "photos a second", ""], rows, content)


def accounted(parts: dict[str, Any]) -> list[list[str]]:
    """The rows of the parts: medians, and how much of the two that must be is reached."""
    rates = {name: statistics.median(each) for name, each in parts["rates"].items()}
    both = 1 / (1 / rates["engine"] + 1 / rates["decoding"])
    rest = 1 / rates["predict_stream"] - 1 / both
    after = 1000 / rates["after"]
    return [
        ["engine alone, ready arrays", spread(parts["rates"]["engine"]), ""],
        ["decoding alone", spread(parts["rates"]["decoding"]), ""],
        ["both, one after the other", f"{both:.1f}", ""],
        [
            "predict_stream, engine open",
            spread(parts["rates"]["predict_stream"]),
            f"{rates['predict_stream'] / both:.0%} of both (goal {SHARE:.0%})",
        ],
        ["", f"{1000 * rest:.2f} ms a photo more", f"{after:.2f} ms of one core are after the network"],
        ["opening: model, engine", f"{parts['opening']:.2f} s", ""],
    ]


def account(model: Path, folder: Path) -> dict[str, Any]:
    """Photos a second of each part on all cores, in turn; `after` on one."""
    import numpy as np

    from kclass import find_photos, load
    from kclass.parallel import in_parallel, usable_cores
    from kclass.photos.decoding import read_bytes

    paths = find_photos(folder)[:ACCOUNTED]
    start = time.perf_counter()
    classifier = load(model)
    extractor = classifier._extractor
    engine = extractor.open()
    opening = time.perf_counter() - start
    object.__setattr__(extractor, "open", lambda: engine)

    def decoded(path: Path) -> Any:
        return extractor.decode(read_bytes(path), name=str(path))

    def all_of(work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        with in_parallel(work, items, threads=usable_cores()) as done:
            return list(done)

    arrays = all_of(decoded, paths)
    features = np.concatenate(all_of(engine.run, [each[None] for each in arrays]))

    def after() -> None:
        import threadpoolctl

        with threadpoolctl.threadpool_limits(1, user_api="blas"):
            for first in range(0, len(paths), 32):
                classifier._predictions(paths[first : first + 32], features[first : first + 32], 3, 0.0)

    parts: dict[str, Callable[[], Any]] = {
        "engine": lambda: all_of(engine.run, [each[None] for each in arrays]),
        "decoding": lambda: all_of(decoded, paths),
        "after": after,
        "predict_stream": lambda: list(classifier.predict_stream(paths)),
    }
    rates: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(3):
        for name, work in parts.items():
            start = time.perf_counter()
            work()
            rates[name].append(len(paths) / (time.perf_counter() - start))
    return {"photos": len(paths), "opening": opening, "rates": rates}


def memory(model: Path, numbers: Sequence[int], sources: list[Path], scratch: Path) -> None:
    """The most memory of predicting so many photos, each in a process of its own."""
    small = cropped_photos(sources, scratch / "small", LINKED, side=SMALL)
    found = {}
    for number in numbers:
        with tempfile.TemporaryDirectory(dir=scratch) as place:
            folder = Path(place, "photos")
            folder.mkdir()
            for each in range(number):
                os.link(small / f"{each % LINKED:06d}.jpg", folder / f"{each:06d}.jpg")
            done = ran(kclass(model, folder, Path(place, "out.csv")))
            with Path(place, "out.csv").open(encoding="utf-8") as table:
                rows = sum(1 for _ in table) - 1
        if rows != number:
            sys.exit(f"the table has {rows} rows for {number} photos")
        found[number] = {"megabytes": done.megabytes, "seconds": done.seconds}
        print(f"{number} photos: {done.megabytes:.1f} MB, {done.seconds:.0f} s", flush=True)
    least = found[numbers[0]]["megabytes"]
    rows_ = [
        [f"{number:,}", f"{each['megabytes']:.1f}", f"{each['megabytes'] / least:.3f}"]
        for number, each in found.items()
    ]
    report("predict_memory", ["photos", "MB", f"of the first (≤ {GROWTH})"], rows_, {"runs": found})


if __name__ == "__main__":
    main()
