"""Photos a second from files to squares of 224 pixels: kclass, Keras and plain Pillow, in turn.

Usage: input_pipeline.py SMALL [--large 16] [--rounds 5]

SMALL is a folder of class folders with small JPEGs. The large photos are some of these, enlarged to
4000 x 3000 pixels and saved at quality 90 in a temporary folder; they are smoother than what cameras take,
so real ones of that size hold more to decode, whoever decodes them.

- kclass: `kclass.photos.loading.load` by `kclass.parallel.in_parallel` on all cores: upright, sRGB, each
  pixel the mean of all those it stands for.
- its batches: the same as `kclass.batches.evaluation` hands it to a training, by `tf.data`.
- Keras: `keras.utils.image_dataset_from_directory` as it is. It mixes the four nearest pixels and skips
  the others; it offers no antialiasing, nor does it turn photos or follow their colours.
- tf.data: the same written by hand, with `tf.image.resize(..., antialias=True)`.
- Pillow: `Image.open(path).convert("RGB").resize(...)` in as many threads, antialiased.

All read the same files in every round, in an order that changes from round to round, after one reading
that does not count. What else the machine does changes photos a second, but hardly the processor time
for each photo, which is therefore given as well. The difference is the mean one, of 255, from the picture
decoded in full and averaged over all its pixels.

Where the time goes in kclass: reading JPEG's entropy code, which has to be read whole at any scale and by
everyone, takes two thirds of the time in large photos and a third in small ones; turning it into pixels
an eighth and a tenth; resizing a sixth and a third, as Pillow's antialiased filter is not vectorised; the
file, its header, colour and Python the rest, less than a tenth and a fifth. Keras spends as much on
decoding small photos, and little on resizing them, as it leaves most of their pixels out.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from results import report, spread

from kclass.batches.evaluation import evaluation_batches
from kclass.batches.photo_source import PhotoFiles
from kclass.dataset.tables import text_table
from kclass.keras_import import import_keras, import_tensorflow
from kclass.parallel import in_parallel, usable_cores
from kclass.photos.decoding import decode_photo, read_bytes
from kclass.photos.formats import read_header, recognise
from kclass.photos.loading import load, square

SIZE = 224
BATCH = 32
LARGE = (4000, 3000)
THREADS = (1, 2, 4)

Reader = Callable[[], int]


@dataclass
class Timed:
    """Photos a second, and milliseconds of processor time for each photo, round by round."""

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("small", type=Path)
    parser.add_argument("--large", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    rows, content = [], {}
    with tempfile.TemporaryDirectory() as temporary:
        large = Path(temporary, "large")
        enlarge(photos_in(given.small), large / "class", given.large)
        for name, folder in (("small", given.small), ("12 megapixels", large)):
            timed, apart = in_turn(readers(folder), given.rounds), difference(folder)
            rows += rows_of(name, timed, apart)
            content[name] = {
                "photos": len(photos_in(folder)),
                "systems": {each: {**vars(timed[each]), "difference": apart.get(each)} for each in timed},
                "steps_ms": steps(photos_in(folder)),
            }
        paths = photos_in(large)
        by_threads = in_turn({f"{n} threads": threaded(paths, n) for n in THREADS}, given.rounds)
    shares = [
        [step, *(f"{content[name]['steps_ms'][step]:.2f}" for name in content)]
        for step in content["small"]["steps_ms"]
    ]
    print(text_table(["milliseconds a photo, one thread", *content], shares), end="\n\n")
    print(text_table(["12 megapixels by", "photos/s"], [[n, spread(t.rates)] for n, t in by_threads.items()]))
    content["threads"] = {name: vars(each) for name, each in by_threads.items()}
    head = ["photos", "by", "photos/s", "CPU ms a photo", "kclass is faster by", "difference"]
    report("input_pipeline", head, rows, content)


def photos_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.jpg"))


def enlarge(paths: Sequence[Path], folder: Path, number: int) -> None:
    """Photos from all over a data set, as large as a phone takes them."""
    folder.mkdir(parents=True)
    for place, path in enumerate(paths[:: len(paths) // number][:number]):
        photo = Image.open(path).convert("RGB").resize(LARGE, Image.Resampling.BICUBIC)
        photo.save(folder / f"{place}.jpg", quality=90)


def readers(folder: Path) -> dict[str, Reader]:
    paths = photos_in(folder)
    by_keras = keras_batches(folder)
    return {
        "kclass": threaded(paths, usable_cores()),
        "its batches": batches(paths),
        "Keras": lambda: sum(len(batch) for batch in by_keras),
        "tf.data": antialiased(paths),
        "Pillow": lambda: in_threads(by_pillow, paths),
    }


def keras_batches(folder: Path) -> Any:
    return import_keras().utils.image_dataset_from_directory(
        folder, labels=None, image_size=(SIZE, SIZE), batch_size=BATCH, shuffle=False, verbose=False
    )


def threaded(paths: Sequence[Path], threads: int) -> Reader:
    return lambda: sum(1 for _ in in_parallel(by_kclass, paths, threads=threads))


def by_kclass(path: Path) -> NDArray[np.uint8]:
    return load(path, size=SIZE)


def by_pillow(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((SIZE, SIZE)))


def in_threads(read: Callable[[Path], object], paths: Sequence[Path]) -> int:
    with ThreadPoolExecutor(usable_cores()) as pool:
        return sum(1 for _ in pool.map(read, paths))


def in_turn(readers: dict[str, Reader], rounds: int) -> dict[str, Timed]:
    """Each once to warm up, then all in every round, beginning with another each time."""
    for read in readers.values():
        read()
    timed = {name: Timed() for name in readers}
    for number in range(rounds):
        start = number % len(readers)
        for name in [*list(readers)[start:], *list(readers)[:start]]:
            wall, cpu = time.perf_counter(), time.process_time()
            photos = readers[name]()
            timed[name].rates.append(photos / (time.perf_counter() - wall))
            timed[name].cpu.append(1000 * (time.process_time() - cpu) / photos)
    return timed


def batches(paths: Sequence[Path]) -> Reader:
    source, unknown = PhotoFiles(paths, SIZE, "squash"), np.full(len(paths), -1, np.int32)
    every = evaluation_batches(source, unknown, np.arange(len(paths)), batch_size=BATCH)
    return lambda: sum(len(photos) for photos, _ in every)


def antialiased(paths: Sequence[Path]) -> Reader:
    tf = import_tensorflow()

    def read(path: Any) -> Any:
        photo = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
        return tf.image.resize(photo, (SIZE, SIZE), antialias=True)

    files = tf.data.Dataset.from_tensor_slices([str(path) for path in paths])
    every = files.map(read, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH).prefetch(tf.data.AUTOTUNE)
    return lambda: sum(len(batch) for batch in every)


def rows_of(name: str, timed: dict[str, Timed], apart: dict[str, float]) -> list[list[str]]:
    ours = timed["kclass"].rates
    rows = []
    for system, each in timed.items():
        ratio = spread([one / other for one, other in zip(ours, each.rates, strict=True)])
        off = f"{apart[system]:.1f}" if system in apart else ""
        rows.append([name, system, spread(each.rates), spread(each.cpu), ratio, off])
    return rows


def difference(folder: Path, number: int = 16) -> dict[str, float]:
    """How far each is from the mean of all pixels, on the photos whose files keep sRGB and upright."""
    paths = photos_in(folder)
    shown = np.concatenate([np.asarray(batch) for batch in keras_batches(folder)])
    apart: dict[str, list[float]] = {"kclass": [], "Keras": [], "Pillow": []}
    for place in range(0, len(paths), max(1, len(paths) // number)):
        photo = decode_photo(read_bytes(paths[place]), name="photo")
        if photo.profile is not None or photo.orientation != 1:
            continue
        exact = np.asarray(photo.image.resize((SIZE, SIZE), Image.Resampling.BILINEAR), float)
        found = {"kclass": by_kclass(paths[place]), "Keras": shown[place], "Pillow": by_pillow(paths[place])}
        for system, pixels in found.items():
            apart[system].append(float(np.abs(pixels - exact).mean()))
    return {system: statistics.mean(each) for system, each in apart.items()}


def steps(paths: Sequence[Path], rounds: int = 3) -> dict[str, float]:
    """Milliseconds of processor time for each photo, step by step; the least of some rounds."""
    found: dict[str, float] = {}
    for _ in range(rounds):
        for step, taken in one_by_one(paths).items():
            found[step] = min(found.get(step, np.inf), 1000 * taken / len(paths))
    return found


def one_by_one(paths: Sequence[Path]) -> dict[str, float]:
    taken = dict.fromkeys(
        ("file", "header", "decoding", "of it entropy code", "resizing, colour", "all"), 0.0
    )

    def timed(step: str, work: Callable[[], Any]) -> Any:
        start = time.thread_time()
        result = work()
        taken[step] += time.thread_time() - start
        return result

    for path in paths:
        data = timed("file", lambda path=path: read_bytes(path))
        kind = recognise(data)
        assert kind is not None
        image = timed("header", lambda data=data, kind=kind: read_header(data, kind))
        image.draft(None, (2 * SIZE, 2 * SIZE))
        timed("decoding", image.load)
        least = read_header(data, kind)  # at 1/8 nothing is left to do but reading the code
        least.draft(None, (least.width // 8, least.height // 8))
        timed("of it entropy code", least.load)
        photo = decode_photo(data, name="photo", at_least=2 * SIZE)
        timed("resizing, colour", lambda photo=photo: square(photo, size=SIZE))
        timed("all", lambda path=path: by_kclass(path))
    return taken


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
