"""Where the thresholds of matching come from: the least alike of true pairs, the most alike of others.

Usage: match_thresholds.py DATA

True pairs: each photo of DATA with a resized copy, with one of other light and colours, and with a crop.
Others: pairs of different photos that the coarse search leaves over; and different pictures made to look
alike: photos within one frame, with another subject before the same background, pages of text, single
spots before plain skies. Of those each measure is shown for the pairs that the measures before it let pass.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from planting import Saved, cropped, resized, saved
from results import report

import kclass
from kclass.inspection.fingerprints import turned_fingerprints, window_fingerprints
from kclass.inspection.inspecting import inspect, inspect_bytes
from kclass.inspection.inspection import Inspection
from kclass.inspection.searching import ALIKE, FREQUENCIES, PARTS, alike
from kclass.inspection.verification import (
    COLOUR_DIFFERENCE,
    CORRELATION,
    CROP_DETAIL,
    CROP_RESIDUAL,
    RESIDUAL,
    USUAL,
    WHOLE,
    Pictures,
    compared,
    placed,
)
from kclass.photos.decoding import decode, read_bytes
from kclass.progress import silent

SEED = 0
SIZE = (400, 300)
MADE = 150
ANYWHERE = replace(USUAL, alike=-1.0)

Pair = tuple[Inspection, Inspection]


@dataclass(frozen=True, eq=False)
class Measures:
    """What is measured of pairs: each (pairs,)."""

    coarse: np.ndarray
    lattice: np.ndarray
    correlation: np.ndarray
    least_side: np.ndarray
    residual: np.ndarray
    crop_residual: np.ndarray
    detail: np.ndarray
    colour: np.ndarray

    def select(self, rows: np.ndarray) -> "Measures":
        """Those of some pairs."""
        return Measures(*(getattr(self, field.name)[rows] for field in fields(self)))


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    paths = [sample.path for sample in kclass.ImageFolder(sys.argv[1]).samples]
    photos = [each for each in inspect(paths) if isinstance(each, Inspection)]
    true = {name: measured(pairs) for name, pairs in true_pairs(paths, photos).items()}
    others = {"different photos": different(photos)}
    others |= {name: measured(pairs) for name, pairs in made_alike(paths).items()}
    rows = [row for name, measures in true.items() for row in true_rows(name, measures)]
    rows += [row for name, measures in others.items() for row in other_rows(name, measures)]
    head = ["pairs", "measure", "number", "hardest", "1 %", "median", "threshold"]
    report("match_thresholds", head, rows, {"data": Path(sys.argv[1]).name, "head": head, "rows": rows})


def true_rows(name: str, found: Measures) -> Iterator[list[str]]:
    """What true pairs have: none should be beyond the threshold."""
    crops = name == "crops"
    yield row(name, "coarse", found.coarse, np.min, f">= {ALIKE}")
    yield row(name, "lattice", found.lattice, np.min, f">= {USUAL.alike}")
    yield row(name, "correlation", found.correlation, np.min, f">= {CORRELATION}")
    yield row(name, "least side", found.least_side, np.max if crops else np.min, f"whole: >= {WHOLE}")
    if crops:
        yield row(name, "crop residual", found.crop_residual, np.max, f"<= {CROP_RESIDUAL}")
        yield row(name, "detail", found.detail, np.min, f">= {CROP_DETAIL}")
    else:
        yield row(name, "residual", found.residual, np.max, f"<= {RESIDUAL}")
    yield row(name, "colour", found.colour, np.max, f"<= {COLOUR_DIFFERENCE}")


def other_rows(name: str, found: Measures) -> Iterator[list[str]]:
    """What different pictures have: all should be beyond one of the thresholds."""
    found = found.select((found.coarse >= ALIKE) & (found.lattice >= USUAL.alike))
    yield row(name, "correlation", found.correlation, np.max, f">= {CORRELATION}")
    found = found.select(found.correlation >= CORRELATION)
    whole = found.least_side >= WHOLE
    yield row(name, "residual", found.residual[whole], np.min, f"<= {RESIDUAL}")
    crops = found.select(~whole)
    yield row(name, "detail", crops.detail, np.max, f">= {CROP_DETAIL}")
    detailed = crops.crop_residual[crops.detail >= CROP_DETAIL]
    yield row(name, "crop residual", detailed, np.min, f"<= {CROP_RESIDUAL}")


def row(name: str, measure: str, values: np.ndarray, hardest: np.ufunc, threshold: str) -> list[str]:
    if not len(values):
        return [name, measure, "0", "", "", "", threshold]
    share = 0.01 if hardest is np.min else 0.99
    shown = (hardest(values), np.quantile(values, share), np.median(values))
    return [name, measure, str(len(values)), *(f"{value:.3f}" for value in shown), threshold]


def true_pairs(paths: Sequence[Path], photos: Sequence[Inspection]) -> dict[str, list[Pair]]:
    rng = np.random.default_rng(SEED)
    made: dict[str, list[Pair]] = {"copies": [], "edited": [], "crops": []}
    for path, photo in zip(paths, photos, strict=True):
        image = decode(read_bytes(path), name=str(path))
        for name, maker in (("copies", resized), ("edited", edited), ("crops", cropped)):
            made[name].append((photo, inspect_bytes(maker(image, rng)[0], name=name)))
    return made


def edited(image: Image.Image, rng: np.random.Generator) -> Saved:
    """Brighter or darker by up to 15 % and 15 levels, and each colour by 7 %."""
    light = np.asarray(image) * rng.uniform(0.85, 1.15) * rng.uniform(0.93, 1.07, 3) + rng.uniform(-15, 15)
    return saved(Image.fromarray(light.clip(0, 255).astype(np.uint8)), "JPEG", 85)


def measured(pairs: Sequence[Pair]) -> Measures:
    """The measures of a whole and what shows it or a part of it, upright."""
    upright = np.array([1])
    return joined(of_pairs(Pictures.of(pair), 0, upright, upright) for pair in pairs)


def different(photos: Sequence[Inspection]) -> Measures:
    """The measures of all pairs that the coarse search leaves over, in all orientations."""
    pictures = Pictures.of(photos)
    likely = (each for each in alike(pictures.greys, progress=silent) if len(each[1]))
    return joined(of_pairs(pictures, *each) for each in likely)


def of_pairs(pictures: Pictures, whole: int, others: np.ndarray, orientations: np.ndarray) -> Measures:
    windows = window_fingerprints(pictures.greys[[whole]], PARTS, frequencies=FREQUENCIES)[0]
    turned = turned_fingerprints(pictures.greys[others], frequencies=FREQUENCIES)
    coarse = turned[np.arange(len(others)), orientations - 1] @ windows.T
    likely = placed(pictures, whole, others, orientations, lattice=ANYWHERE)
    pairs = compared(pictures, whole, likely, lattice=ANYWHERE)
    boxes = pairs.shown.boxes
    return Measures(
        coarse.max(axis=1),
        likely.correlations,
        pairs.shown.correlations,
        (boxes[:, 2:] - boxes[:, :2]).min(axis=1),
        pairs.residuals,
        pairs.crop_residuals,
        pairs.details,
        pairs.colours,
    )


def joined(found: Iterable[Measures]) -> Measures:
    all_of_them = list(found)
    names = [field.name for field in fields(Measures)]
    return Measures(*(np.concatenate([getattr(each, name) for each in all_of_them]) for name in names))


def made_alike(paths: Sequence[Path]) -> dict[str, list[Pair]]:
    rng = np.random.default_rng(SEED)
    chosen = rng.permutation(len(paths))[: MADE + 1]
    photos = [decode(read_bytes(paths[place]), name="").resize(SIZE) for place in chosen]
    made: dict[str, list[tuple[Image.Image, Image.Image]]] = {
        "frame of a tenth": [(framed(one, 0.1), framed(two, 0.1)) for one, two in pairwise(photos)],
        "frame of a quarter": [(framed(one, 0.25), framed(two, 0.25)) for one, two in pairwise(photos)],
        "other subject, a quarter": [(one, pasted(one, two, 0.25)) for one, two in pairwise(photos)],
        "other subject, 0.4": [(one, pasted(one, two, 0.4)) for one, two in pairwise(photos)],
        "pages of text": list(pairwise(page(rng) for _ in range(MADE + 1))),
        "spots before a sky": list(pairwise(sky(rng) for _ in range(MADE + 1))),
    }
    return {name: [(inspected(one), inspected(two)) for one, two in pairs] for name, pairs in made.items()}


def inspected(image: Image.Image) -> Inspection:
    return inspect_bytes(saved(image, "PNG", 0)[0], name="made")


def framed(image: Image.Image, share: float) -> Image.Image:
    width, height = SIZE
    frame = Image.new("RGB", SIZE, "white")
    left, top = round(share * width), round(share * height)
    frame.paste(image.resize((width - 2 * left, height - 2 * top)), (left, top))
    return frame


def pasted(background: Image.Image, subject: Image.Image, share: float) -> Image.Image:
    """An oval of one photo in the middle of another."""
    width, height = (round(share * side) for side in SIZE)
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, width - 1, height - 1), fill=255)
    photo = background.copy()
    photo.paste(subject.resize((width, height)), ((SIZE[0] - width) // 2, (SIZE[1] - height) // 2), mask)
    return photo


def page(rng: np.random.Generator) -> Image.Image:
    """Paragraphs of made-up words within the same margins."""
    image = Image.new("RGB", (SIZE[1], SIZE[0]), "white")
    draw = ImageDraw.Draw(image)
    for top in range(35, 360, 12):
        left = 30
        while left < 240 and rng.random() > 0.03:
            word = "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), int(rng.integers(2, 9))))
            draw.text((left, top), word, fill="black")
            left += 6 * len(word) + 5
    return image


def sky(rng: np.random.Generator) -> Image.Image:
    """A slope of brightness with one dark spot somewhere."""
    down, across = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    size = rng.uniform(8, 60)
    middle, centre = rng.uniform(size, SIZE[1] - size), rng.uniform(size, SIZE[0] - size)
    spot = ((down - middle) / size) ** 2 + ((across - centre) / size / rng.uniform(0.8, 2)) ** 2 < 1
    light = 120 + rng.uniform(0.1, 0.4) * down - 100 * spot + rng.normal(0, 2, spot.shape)
    return Image.fromarray(light.clip(0, 255).astype(np.uint8)).convert("RGB")


if __name__ == "__main__":
    main()
