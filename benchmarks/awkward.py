"""What kclass and Pillow alone make of files that trouble image readers, one by one.

Usage: awkward.py FOLDER

For every file of the folder: kclass's verdict beside that of `PIL.Image.open(path).load()`, and whether
they agree: both refuse, or both show a picture of the same size whose pixels in RGB differ by less than
2 of 255 in the mean. Each difference must have its reason in `REASONS`; one without, and a reason without
a difference, end the run with exit status 1. Then the photos that exist in several orientations: how far
kclass's pixels of each are from those of the first, and whether any other of the eight ways to turn it
would bring it nearer, which ends the run likewise. Each was compressed for itself, some strongly, so the
pixels of the files themselves differ by 1 to 8 of 255.
"""

import contextlib
import os
import resource
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from results import report

from kclass.dataset.tables import text_table
from kclass.errors import PhotoError
from kclass.photos.decoding import decode_photo, read_bytes
from kclass.photos.orientation import turned_upright

ALIKE = 2.0
LONGEST = 60  # letters of an error of Pillow's

_TURNED = "kclass turns it upright as its EXIF says; Pillow leaves it as it lies in the file"
_BOXES = "kclass turns it upright as its boxes irot and imir say; Pillow leaves it as it lies in the file"
REASONS = {
    **{f"exif/hopper_orientation_{number}.jpg": _TURNED for number in range(2, 9)},
    "exif/hopper_orientation_6.webp": _TURNED,
    **{f"exif/landscape_{number}.jpg": _TURNED for number in (3, 6, 8)},
    "exif/rot0mir0.avif": _BOXES,
    "exif/rot1mir0.avif": _BOXES,
    "exif/xmp_tags_orientation.png": "kclass turns it upright as its XMP says, there being no EXIF, and lays"
    " what is transparent over white; Pillow leaves it as it lies in the file, on black",
    "modes/16_bit_noise.tif": "kclass scales 16 bits to 8; Pillow's convert cuts off at 255, so all is white",
    "modes/p_trns_single.png": "what is transparent lies over white; Pillow's convert shows the colour"
    " that the palette has there",
    "modes/pil123rgba.png": "what is transparent lies over white; Pillow's convert shows the colour that"
    " hides there, black",
}

SAME_SCENE = (
    ("formats/hopper.jpg", *(f"exif/hopper_orientation_{number}.jpg" for number in range(2, 9))),
    ("formats/hopper.webp", "exif/hopper_orientation_6.webp"),
    tuple(f"exif/landscape_{number}.jpg" for number in (1, 3, 6, 8)),
    ("exif/rot0mir0.avif", "exif/rot1mir0.avif"),
)


@dataclass(frozen=True)
class Verdict:
    """What one reader makes of a file: words for people, and the pixels, if it shows any."""

    words: str
    pixels: NDArray[np.uint8] | None


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = Path(sys.argv[1])
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    before, start = _peak(), time.perf_counter()
    with _nothing_on_stderr():  # libtiff writes there whatever Python says
        ours = [by_kclass(path) for path in paths]
        seconds, peak = time.perf_counter() - start, _peak()
        theirs = [by_pillow(path) for path in paths]
    names = [path.relative_to(root).as_posix() for path in paths]
    pairs = zip(names, ours, theirs, strict=True)
    rows = [[name, our.words, their.words, verdict(our, their)] for name, our, their in pairs]
    turned = orientations(dict(zip(names, ours, strict=True)))
    print(text_table(["photo", "against", "mean difference", "no other turn is nearer"], turned), end="\n\n")
    content = {
        "files": [
            {"file": name, "kclass": ours, "pillow": theirs, "verdict": word, "reason": REASONS.get(name, "")}
            for name, ours, theirs, word in rows
        ],
        "orientations": [
            {"file": name, "against": first, "difference": float(apart), "upright": word == "yes"}
            for name, first, apart, word in turned
        ],
        "seconds": round(seconds, 2),
        "peak_mb": peak,
        "peak_mb_before": before,
    }
    report("awkward", ["file", "kclass", "Pillow alone", "verdict"], rows, content)
    for name, reason in REASONS.items():
        print(f"{name}: {reason}.")
    print(f"{len(paths)} files in {seconds:.2f} s, memory {before} to {peak} MB")
    unexplained = {row[0] for row in rows if row[3] != "same"} ^ REASONS.keys()
    if unexplained:
        sys.exit(f"differences and reasons do not match: {', '.join(sorted(unexplained))}")
    if any(row[3] != "yes" for row in turned):
        sys.exit("a photo is not upright")


def by_kclass(path: Path) -> Verdict:
    try:
        photo = decode_photo(read_bytes(path), name=path.name)
        return Verdict(f"{photo.width} x {photo.height} {photo.format}", np.asarray(photo.image))
    except PhotoError as error:
        return Verdict(error.message.removeprefix(f"{path.name} ").removeprefix("is "), None)


def by_pillow(path: Path) -> Verdict:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            with Image.open(path) as image:
                image.load()
                words = f"{image.width} x {image.height} {image.format} {image.mode}"
                pixels = np.asarray(image.convert("RGB"))
        except Exception as error:  # Pillow names no error as its own
            words, pixels = f"{type(error).__name__}: {error}".partition(f" '{path}'")[0][:LONGEST], None
    counts = Counter(each.category.__name__ for each in caught)
    noted = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    return Verdict(words + (f" ({noted})" if noted else ""), pixels)


def verdict(ours: Verdict, theirs: Verdict) -> str:
    if ours.pixels is None and theirs.pixels is None:
        return "same"
    if ours.pixels is None or theirs.pixels is None:
        return "DIFFERENT"
    return "same" if difference(ours.pixels, theirs.pixels) < ALIKE else "different"


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The mean difference of two pictures, 0 to 255; infinite if they are not of one size."""
    if one.shape != other.shape:
        return float("inf")
    return float(np.abs(one.astype(float) - other).mean())


def orientations(ours: dict[str, Verdict]) -> list[list[str]]:
    rows = []
    for first, *others in SAME_SCENE:
        for other in others:
            one, two = ours[first].pixels, ours[other].pixels
            if one is None or two is None:
                sys.exit(f"cannot read {first} or {other}")
            apart = [
                difference(one, np.asarray(turned_upright(Image.fromarray(two), way))) for way in range(1, 9)
            ]
            rows.append([other, first, f"{apart[0]:.2f}", "yes" if min(apart) == apart[0] else "NO"])
    return rows


def _peak() -> int:
    """The most memory that the process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (
        2**20 if sys.platform == "darwin" else 2**10
    )


@contextlib.contextmanager
def _nothing_on_stderr() -> Iterator[None]:
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


if __name__ == "__main__":
    main()
