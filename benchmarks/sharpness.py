"""How well measures of sharpness tell blurred photos from sharp ones, whatever else was done to them.

Usage: sharpness.py FOLDER

Every photo below the folder is blurred, shrunk and enlarged, made noisy, darkened, shrunk or saved with
much loss, and measured by each of four: kclass's own; the variance of the Laplacian of a full-size photo
(J. L. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000); Tenengrad, the
mean square of Sobel's gradient (E. Krotkov, IJCV 1, 1987); and one less the blur of F. Crete et al.,
"The blur effect: perception and estimation with a new no-reference perceptual blur metric", SPIE 6492
(2007). Shown is how often a photo so treated measures less than another as it is (the AUC): 1 is wanted
for what blurs, and .5 for what does not.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from results import report

from kclass.dataset.scanning import scan
from kclass.inspection.measuring import AT_LEAST, SIDE
from kclass.inspection.sharpness import sharpness
from kclass.photos.decoding import decode

Pixels = NDArray[np.float32]
QUALITY = 92
NOISE = np.random.default_rng(0)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    paths = [Path(sys.argv[1], name) for name in scan(Path(sys.argv[1])).photos]
    as_they_are = {name: np.empty(len(paths)) for name in MEASURES}
    treated = {(name, how): np.empty(len(paths)) for name in MEASURES for how in TREATMENTS}
    for place, path in enumerate(paths):
        photo = decode(path.read_bytes(), name=str(path))
        for name, measure in MEASURES.items():
            as_they_are[name][place] = measure(saved(photo, QUALITY))
        for how, (treat, quality, _) in TREATMENTS.items():
            image = saved(treat(photo), quality)
            for name, measure in MEASURES.items():
                treated[name, how][place] = measure(image)
    found = {
        how: {name: auc(treated[name, how], as_they_are[name]) for name in MEASURES} for how in TREATMENTS
    }
    rows = [
        [how, *(f"{found[how][name]:.3f}" for name in MEASURES), str(wanted)]
        for how, (_, _, wanted) in TREATMENTS.items()
    ]
    quantiles = {
        how: np.quantile(values, (0.01, 0.05, 0.5, 0.95, 0.99)).round(3).tolist()
        for how, values in {
            "as it is": as_they_are["kclass"],
            **{how: treated["kclass", how] for how in TREATMENTS},
        }.items()
    }
    content = {"photos": len(paths), "auc": found, "kclass_quantiles_1_5_50_95_99": quantiles}
    report("sharpness", ["", *MEASURES, "wanted"], rows, content)


def saved(photo: Image.Image, quality: int) -> Image.Image:
    """The photo as it is decoded for inspection, once it has been saved."""
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=quality)
    return decode(stream.getvalue(), name="photo", at_least=AT_LEAST)


def auc(lower: NDArray[np.float64], higher: NDArray[np.float64]) -> float:
    """How often a value of the first kind is below one of the second, ties counted half."""
    below, equal = lower[:, None] < higher, lower[:, None] == higher
    return float(below.mean() + equal.mean() / 2)


def blurred(percent: float) -> Callable[[Image.Image], Image.Image]:
    """Blurs by a Gaussian of so many percent of the width."""
    return lambda photo: photo.filter(ImageFilter.GaussianBlur(photo.width * percent / 100))


def enlarged(times: int) -> Callable[[Image.Image], Image.Image]:
    """Shrinks and enlarges again."""

    def treat(photo: Image.Image) -> Image.Image:
        return shrunk(times)(photo).resize(photo.size, Image.Resampling.BICUBIC)

    return treat


def shrunk(times: int) -> Callable[[Image.Image], Image.Image]:
    return lambda photo: photo.resize((photo.width // times, photo.height // times), Image.Resampling.LANCZOS)


def moved(photo: Image.Image) -> Image.Image:
    """As if the camera had moved by 2 % of the width to one side."""
    length = max(2, photo.width // 50)
    pixels = np.asarray(photo, np.float32).cumsum(axis=1)
    return picture((pixels[:, length:] - pixels[:, :-length]) / length)


def noisy(
    deviation: float, before: Callable[[Image.Image], Image.Image]
) -> Callable[[Image.Image], Image.Image]:
    """Adds grey noise once something else has been done."""

    def treat(photo: Image.Image) -> Image.Image:
        pixels = np.asarray(before(photo), np.float32)
        return picture(pixels + NOISE.normal(0, deviation, (*pixels.shape[:2], 1)))

    return treat


def picture(pixels: NDArray[np.floating]) -> Image.Image:
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def darkened(photo: Image.Image) -> Image.Image:
    return photo.point(lambda value: value // 4)


def unchanged(photo: Image.Image) -> Image.Image:
    return photo


def own(image: Image.Image) -> float:
    return sharpness(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR).convert("L"))


def luma(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("L"), np.float32)


def laplacian(image: Image.Image) -> float:
    pixels = luma(image)
    around = pixels[:-2, 1:-1] + pixels[2:, 1:-1] + pixels[1:-1, :-2] + pixels[1:-1, 2:]
    return float((around - 4 * pixels[1:-1, 1:-1]).var())


def tenengrad(image: Image.Image) -> float:
    pixels = luma(image)
    down = pixels[:-2] + 2 * pixels[1:-1] + pixels[2:]
    right = pixels[:, :-2] + 2 * pixels[:, 1:-1] + pixels[:, 2:]
    return float(((down[:, 2:] - down[:, :-2]) ** 2 + (right[2:] - right[:-2]) ** 2).mean())


def crete(image: Image.Image) -> float:
    """1 less the share of the steps that a mean over 9 pixels leaves, of the worse direction."""
    pixels = luma(image)
    return 1 - max(left_by_blurring(pixels), left_by_blurring(pixels.T))


def left_by_blurring(pixels: Pixels) -> float:
    sums = np.pad(pixels, ((0, 0), (5, 4)), mode="edge").cumsum(axis=1, dtype=np.float64)
    mean = (sums[:, 9:] - sums[:, :-9]) / 9
    steps = np.abs(np.diff(pixels, axis=1))
    lost = np.maximum(0, steps - np.abs(np.diff(mean, axis=1)))
    return float(1 - lost.sum() / max(steps.sum(), 1))


MEASURES: dict[str, Callable[[Image.Image], float]] = {
    "kclass": own,
    "Laplacian": laplacian,
    "Tenengrad": tenengrad,
    "Crete": crete,
}
TREATMENTS: dict[str, tuple[Callable[[Image.Image], Image.Image], int, float]] = {
    "blurred by 0.25 %": (blurred(0.25), QUALITY, 1),
    "blurred by 0.5 %": (blurred(0.5), QUALITY, 1),
    "blurred by 1 %": (blurred(1), QUALITY, 1),
    "blurred by 2 %": (blurred(2), QUALITY, 1),
    "enlarged 4 times": (enlarged(4), QUALITY, 1),
    "enlarged 8 times": (enlarged(8), QUALITY, 1),
    "camera moved by 2 %": (moved, QUALITY, 1),
    "blurred by 1 %, noise of 8": (noisy(8, blurred(1)), QUALITY, 1),
    "blurred by 2 %, noise of 16": (noisy(16, blurred(2)), QUALITY, 1),
    "blurred by 1 %, half the size": (lambda photo: shrunk(2)(blurred(1)(photo)), QUALITY, 1),
    "half the size": (shrunk(2), QUALITY, 0.5),
    "JPEG of quality 30": (unchanged, 30, 0.5),
    "noise of 8": (noisy(8, unchanged), QUALITY, 0.5),
    "a quarter of the light": (darkened, QUALITY, 0.5),
}

if __name__ == "__main__":
    main()
