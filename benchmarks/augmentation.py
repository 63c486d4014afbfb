"""Photos a second of augmentation at 224 pixels, layer by layer and preset by preset, and of decoding.

Usage: augmentation.py [DATA] [--seconds 1.5]

All runs in `tf.data`. Layers of Keras and keras-cv run in a serial map, as their random numbers come
from a state, and seeds repeat nothing otherwise; those of kclass two batches at a time, as in a training.
A CPU second is one of one core: figures by it suffer less from what else the machine does.
"""

import argparse
import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from results import report

from kclass import ImageFolder
from kclass.batches.augmentation import PRESETS, Preset
from kclass.batches.colour_layers import Jitter
from kclass.batches.cropping import Crop
from kclass.batches.geometry_layers import Cutout, Geometry
from kclass.batches.opening import open_photos
from kclass.batches.options import BatchOptions
from kclass.batches.photo_source import KeptPhotos, PhotoSource
from kclass.batches.rand_augment import RandAugment
from kclass.batches.training import training_batches
from kclass.keras_import import import_keras, import_tensorflow
from kclass.parallel import usable_cores

SIZE = 224
BATCH = 32
WORKERS = (1, 2, 4)
CROP = Crop((0.5, 1), (0.75, 4 / 3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", default=Path(__file__).parents[1] / "data" / "cars")
    parser.add_argument("--seconds", type=float, default=1.5, help="each measurement")
    given = parser.parse_args()
    paths = [*ImageFolder(given.data).samples.files]
    figures: dict[str, dict[str, float]] = {}
    for name, batches in measured(paths):
        figures[name] = rate(batches, given.seconds)
        print(f"{name}: {figures[name]['second']:.0f}", flush=True)
    rows = [[name, f"{each['second']:.0f}", f"{each['cpu_second']:.0f}"] for name, each in figures.items()]
    repeated = {name: same_batches(paths, preset) for name, preset in PRESETS.items()}
    rows.append(["two runs with one seed give equal batches", str(all(repeated.values())), ""])
    content = {"data": given.data.name, "size": SIZE, "photos_a_second": figures, "repeated": repeated}
    report("augmentation", ["", "photos a second", "a CPU second"], rows, content)


def measured(paths: list[Path]) -> Iterator[tuple[str, Callable[[], Iterator[int]]]]:
    """What is measured: a name, and what gives the sizes of batches for ever."""
    yield from layers()
    kept = open_photos(
        paths, size=SIZE, resize="squash", threads=usable_cores(), crop=CROP, cache="memory"
    ).photos
    whole = open_photos(paths, size=SIZE, resize="squash", threads=usable_cores(), cache="memory").photos
    for name, preset in PRESETS.items():
        yield f"preset {name}, photos in memory", epochs(kept if preset.crop else whole, preset)
    for threads in WORKERS:
        for crop in (None, CROP):
            files = open_photos(
                paths, size=SIZE, resize="squash", threads=threads, crop=crop, cache="none"
            ).photos
            what = "decoding and cropping" if crop else "decoding"
            yield f"{what}, {threads} threads", epochs(files, Preset("crop", crop))
    for cache in ("none", "disk"):
        for name in ("flip", "light", "standard", "strong"):
            preset = PRESETS[name]
            photos = open_photos(
                paths,
                size=SIZE,
                resize="squash",
                threads=usable_cores(),
                crop=preset.crop,
                cache=cache,  # type: ignore[arg-type]
            ).photos
            yield f"whole pipeline, {name}, cache {cache}", epochs(photos, preset)


def layers() -> Iterator[tuple[str, Callable[[], Iterator[int]]]]:
    """Each change of pixels as kclass, Keras and keras-cv make it."""
    keras = import_keras().layers
    from keras_cv import layers as cv

    span, turn = (0, 255), 10 / 360
    jitter = (0.3, 0.2, 0.3, 0.2)
    table: dict[str, tuple[Preset, Any, Any]] = {
        "flip": (
            PRESETS["flip"],
            keras.RandomFlip("horizontal", seed=1),
            cv.RandomFlip("horizontal", seed=1),
        ),
        "rotation": (one(Geometry(10)), keras.RandomRotation(turn, seed=1), cv.RandomRotation(turn, seed=1)),
        "zoom": (
            one(Geometry(0, 1.1)),
            keras.RandomZoom((-0.1, 0), seed=1),
            cv.RandomZoom((-0.1, 0), seed=1),
        ),
        "warp": (one(Geometry(0, 1, 0.2)), keras.RandomPerspective(1.0, 0.2, seed=1), None),
        "rotation, zoom and warp": (one(Geometry(10, 1.1, 0.2)), None, None),
        "jitter": (
            one(Jitter(*jitter)),
            keras.RandomColorJitter(span, *jitter, seed=1),
            cv.RandomColorJitter(span, *jitter, seed=1),
        ),
        "cutout": (
            one(Cutout(0.4)),
            keras.RandomErasing(1.0, (0.16, 0.16), fill_value=127.0, seed=1),
            cv.RandomCutout(0.4, 0.4, fill_value=127.0, seed=1),
        ),
        "RandAugment": (
            one(RandAugment()),
            keras.RandAugment(span, 2, 0.5, seed=1),
            cv.RandAugment(span, 2, 0.5, seed=1),
        ),
        "MixUp": (
            BatchOptions(augment=PRESETS["none"], mixup=0.2),
            keras.MixUp(0.2, seed=1),
            cv.MixUp(0.2, seed=1),
        ),
        "CutMix": (
            BatchOptions(augment=PRESETS["none"], cutmix=1.0),
            keras.CutMix(seed=1),
            cv.CutMix(1.0, seed=1),
        ),
    }
    photos = KeptPhotos.of(np.random.default_rng(0).integers(0, 256, (256, SIZE, SIZE, 3), dtype=np.uint8))
    for name, (own, of_keras, of_cv) in table.items():
        yield f"{name}, kclass", epochs(photos, own)
        for library, layer in (("Keras", of_keras), ("keras-cv", of_cv)):
            if layer is not None:
                yield f"{name}, {library}", theirs(photos, layer, mixing=name in ("MixUp", "CutMix"))


def one(layer: Any) -> Preset:
    return Preset("one layer", layers=(layer,))


def epochs(photos: PhotoSource, what: Preset | BatchOptions) -> Callable[[], Iterator[int]]:
    """Batches of a training, epoch after epoch."""
    options = what if isinstance(what, BatchOptions) else BatchOptions(size=BATCH, augment=what)
    labels = (np.arange(len(photos)) % 2).astype(np.int32)

    def run() -> Iterator[int]:
        epoch = 0
        while True:
            epoch += 1
            for batch in training_batches(
                photos, labels, np.arange(len(photos)), classes=2, options=options, seed=0, epoch=epoch
            ):
                yield len(batch[0])

    return run


def theirs(photos: KeptPhotos, layer: Any, *, mixing: bool) -> Callable[[], Iterator[int]]:
    """The same photos, read in the same way, through a layer of Keras or keras-cv in a serial map."""
    tf = import_tensorflow()

    def mixed(pixels: Any) -> Any:
        labels = tf.one_hot(tf.range(tf.shape(pixels)[0]) % 2, 2)
        return layer({"images": tf.cast(pixels, tf.float32), "labels": labels}, training=True)["images"]

    def changed(pixels: Any, _: Any) -> Any:
        return mixed(pixels) if mixing else layer(tf.cast(pixels, tf.float32), training=True)

    def run() -> Iterator[int]:
        epoch = 0
        while True:
            epoch += 1
            batches = training_batches(
                photos,
                np.zeros(len(photos), np.int32),
                np.arange(len(photos)),
                classes=2,
                options=BatchOptions(size=BATCH, augment=PRESETS["none"]),
                seed=0,
                epoch=epoch,
            )
            for batch in batches.map(changed).prefetch(1):
                yield len(batch)

    return run


def rate(batches: Callable[[], Iterator[int]], seconds: float) -> dict[str, float]:
    """Photos a second, and a CPU second, after the first three batches: the best of three windows."""
    sizes = batches()
    for _ in range(3):
        next(sizes)
    windows = [window(sizes, seconds / 3) for _ in range(3)]
    return {"second": max(wall for wall, _ in windows), "cpu_second": max(cpu for _, cpu in windows)}


def window(sizes: Iterator[int], seconds: float) -> tuple[float, float]:
    """Photos a second, and a CPU second, for so long."""
    photos, start, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds:
        photos += next(sizes)
    wall, used = time.perf_counter() - start, time.process_time() - cpu
    return photos / wall, photos / used


def same_batches(paths: list[Path], preset: Preset) -> bool:
    """Whether two runs that decode with other numbers of threads give the same, to the last bit."""
    digests = set()
    for threads in (1, 4):
        photos = open_photos(
            paths[:64], size=64, resize="squash", threads=threads, crop=preset.crop, cache="none"
        ).photos
        labels = (np.arange(len(photos)) % 2).astype(np.int32)
        batches = training_batches(
            photos,
            labels,
            np.arange(len(photos)),
            classes=2,
            options=BatchOptions(size=10, augment=preset, mixup=0.2),
            seed=1,
            epoch=2,
        )
        pixels = b"".join(part.numpy().tobytes() for batch in batches for part in batch)
        digests.add(hashlib.sha256(pixels).hexdigest())
    return len(digests) == 1


if __name__ == "__main__":
    main()
