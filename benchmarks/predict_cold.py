"""One photo in a fresh process: `kclass predict` against a script that loads the same file with Keras.

Usage: predict_cold.py MODEL PHOTO [--rounds 5]

MODEL is the model.keras of a fit with the defaults. Both commands run in turn; the ratio is taken within
each round. The answers must agree. Five rounds take about a minute.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

from results import report, spread
from whole_processes import Ran, ran

GOAL, MEMORY = 12, 400
PEER = Path(__file__).parent / "peers" / "keras_photo.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    model, photo = str(given.model), str(given.photo)
    kclass = [sys.executable, "-m", "kclass_cli", "predict", photo, "--model", model]
    keras = [sys.executable, str(PEER), model, photo]
    check(ran([*kclass, "--json"]), ran(keras))
    rounds = [(ran(kclass), ran(keras)) for _ in range(given.rounds)]
    ours, theirs = ([pair[side] for pair in rounds] for side in (0, 1))
    times = statistics.median(b.seconds / a.seconds for a, b in rounds)
    processor = statistics.median(b.processor / a.processor for a, b in rounds)
    rows = [
        row("kclass predict", ours, f"1/{times:.1f} (goal 1/{GOAL})", f"1/{processor:.1f}"),
        row("Keras: load_model, predict", theirs, "1", "1"),
    ]
    head = ["one photo, fresh process", "seconds", "of Keras", "processor s", "of Keras", f"MB (≤ {MEMORY})"]
    content = {
        "ratio": times,
        "processor_ratio": processor,
        "kclass": [figures(each) for each in ours],
        "keras": [figures(each) for each in theirs],
    }
    report("predict_cold", head, rows, content)


def check(ours: Ran, theirs: Ran) -> None:
    """Both name the same class.

    Raises:
        SystemExit: they do not.
    """
    found = json.loads(ours.out)["predictions"][0]
    expected = [float(each) for each in theirs.out.split()]
    # Keras decodes and resizes in its own way, so a photo between classes may come out otherwise.
    if found["index"] != max(range(len(expected)), key=expected.__getitem__):
        sys.exit(f"kclass says {found['index']}, Keras {expected}: take a photo that is clear")


def figures(each: Ran) -> dict[str, float]:
    return {"seconds": each.seconds, "processor_seconds": each.processor, "megabytes": each.megabytes}


def row(name: str, all_: list[Ran], ratio: str, processor: str) -> list[str]:
    return [
        name,
        spread([each.seconds for each in all_]),
        ratio,
        spread([each.processor for each in all_]),
        processor,
        f"{max(each.megabytes for each in all_):.0f}",
    ]


if __name__ == "__main__":
    main()
