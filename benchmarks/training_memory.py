"""Memory of a fine-tuning, epoch by epoch: it must not grow.

Usage: training_memory.py DATA [--epochs 20]
"""

import argparse
import tempfile
from pathlib import Path

from results import report

import kclass

EARLY = 5
MOST = 1.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--epochs", type=int, default=20)
    given = parser.parse_args()
    resident: dict[int, float] = {}

    def watch(stage: str, done: int, total: int, note: str = "") -> None:
        if stage == "training":
            resident[-(-done * given.epochs // total)] = _resident()

    with tempfile.TemporaryDirectory() as folder:
        options = kclass.FitOptions(fine_tune=given.epochs)
        kclass.run_fit(given.data, options, out=Path(folder) / "run", progress=watch)
    rows = [
        [str(epoch), f"{size:,.0f} MB", f"{size / resident[EARLY]:.3f}"] for epoch, size in resident.items()
    ]
    found = {str(epoch): size for epoch, size in resident.items()}
    report("training_memory", ("epoch", "resident", f"of epoch {EARLY}"), rows, {"resident_mb": found})
    print(f"at most {MOST} wanted")


def _resident() -> float:
    """Resident size of this process in megabytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    raise OSError("no VmRSS")


if __name__ == "__main__":
    main()
