"""How long matching takes and how much memory, for thumbnails made up like those of photos.

Usage: matching_speed.py [PHOTOS…]

First all photos but ten are matched, then, with what the cache remembers of that, all. Up to 10,000
photos it takes a minute, with 40,000 ten.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator

import numpy as np
from results import report

from kclass.inspection.inspection import COLOUR_SIDE, GREY_SIDE, PERCENTS, Inspection
from kclass.inspection.remembering import remembered_matches

PHOTOS = (1_000, 10_000, 40_000)
MORE = 10
COPIED = 0.05

# With this one the coarse search leaves over 3,400 pairs of a million, as it does of hymenoptera.
FALL_OFF = 2.1


def main() -> None:
    counts = [int(each) for each in sys.argv[1:]] or PHOTOS
    rows, content = [], []
    for count in counts:
        inspections = list(made_up(count))
        before = peak()
        with tempfile.TemporaryDirectory() as folder:
            os.environ["KCLASS_CACHE"] = folder
            first = timed(inspections[:-MORE])
            more = peak() - before
            again = timed(inspections[:-MORE])
            added = timed(inspections)
        rows.append([f"{count:,}", *(f"{each:.2f}" for each in (*first[:2], again[1], added[1]))])
        rows[-1] += [f"{more:.0f}", str(added[2])]
        content.append(
            {
                "photos": count,
                "seconds": first[0],
                "cpu_seconds": first[1],
                "cpu_seconds_unchanged": again[1],
                "cpu_seconds_with_ten_more": added[1],
                "megabytes": more,
                "matches": added[2],
            }
        )
    head = ["photos", "seconds", "CPU seconds", "unchanged", "ten more", "MB more", "matches"]
    report("matching_speed", head, rows, {"runs": content})


def timed(inspections: list[Inspection]) -> tuple[float, float, int]:
    """Seconds, CPU seconds, and how many matches there are."""
    start, used = time.perf_counter(), time.process_time()
    matches = remembered_matches(inspections)
    return time.perf_counter() - start, time.process_time() - used, len(matches)


def peak() -> float:
    """The most memory that the process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def made_up(count: int) -> Iterator[Inspection]:
    """Thumbnails whose amplitudes fall off with the frequency, one in twenty a copy of the one before."""
    rng = np.random.default_rng(0)
    side = 2 * GREY_SIDE  # a quarter is cut out: opposite edges of the whole would fit each other
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
    frequency[0, 0] = np.inf
    for number in range(count):
        if number == 0 or rng.random() > COPIED:
            waves = rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)
            picture = np.fft.irfft2(waves / frequency**FALL_OFF)[:GREY_SIDE, :GREY_SIDE]
            picture = 120 + 45 * (picture - picture.mean()) / picture.std()
        grey = np.clip(picture + rng.normal(0, 1, picture.shape), 0, 255).astype(np.uint8)
        yield inspection(f"{number:032x}", grey)


def inspection(content: str, grey: np.ndarray) -> Inspection:
    return Inspection(
        content=content,
        format="JPEG",
        width=640,
        height=480,
        file_bytes=1,
        orientation=1,
        camera="",
        brightness=0.0,
        contrast=0.0,
        percentiles=(0.0,) * len(PERCENTS),
        sharpness=0.0,
        grey=grey,
        colours=np.full((COLOUR_SIDE, COLOUR_SIDE, 3), 120, np.uint8),
    )


if __name__ == "__main__":
    main()
