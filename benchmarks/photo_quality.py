"""What little can be seen in costs: accuracy on photos made worse, beside what the audit measures of them.

Usage: photo_quality.py FOLDER

FOLDER has a `train` and a `val` folder of class folders. The default head is solved on the training
photos as they are. Every validation photo is then reduced, darkened, bleached, robbed of its contrast, set
small on plain ground (of the median colour of its first and last row of pixels) or blurred, by degrees,
saved as JPEG of quality 92, and predicted. Shown are the share predicted right and quantiles of the figure
that `kclass.audit.thresholds` has a threshold for; the last rows are all photos as they are. The
thresholds were read off this table on hymenoptera.
"""

import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from results import report

from kclass.backbones.registry import DEFAULT, IMAGENET, backbone, open_backbone
from kclass.dataset.folder import ImageFolder
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.inspection.inspecting import inspect, inspect_bytes
from kclass.inspection.inspection import PERCENTS, Inspection
from kclass.photos.decoding import decode, read_bytes
from kclass.training.linear_head import LinearHead, solve_linear_head

QUALITY = 92
QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)
WHITE = 255

Change = Callable[[Image.Image, float], Image.Image]


@dataclass(frozen=True)
class Fault:
    """A way to make photos worse.

    Args:
        name: the kind of finding.
        levels: how much, from little to much.
        change: makes a photo worse by a level.
        figure: what the audit goes by.
    """

    name: str
    levels: tuple[float, ...]
    change: Change
    figure: Callable[[Inspection], float]


def percentile(inspection: Inspection, percent: int) -> float:
    return inspection.percentiles[PERCENTS.index(percent)]


def reduced(photo: Image.Image, side: float) -> Image.Image:
    scale = min(1.0, side / min(photo.size))
    width, height = (max(1, round(each * scale)) for each in photo.size)
    return photo.resize((width, height), Image.Resampling.LANCZOS)


def with_levels(photo: Image.Image, level: Callable[[int], float]) -> Image.Image:
    return photo.point([round(level(value)) for value in range(WHITE + 1)] * 3)


def with_less_contrast(photo: Image.Image, share: float) -> Image.Image:
    mean = float(np.asarray(photo.convert("L")).mean())
    return with_levels(photo, lambda value: mean + (value - mean) * share)


def on_plain_ground(photo: Image.Image, share: float) -> Image.Image:
    ground = np.median(np.asarray(photo)[[0, -1]].reshape(-1, 3), axis=0)
    whole = Image.new("RGB", photo.size, tuple(int(level) for level in ground))
    width, height = (max(1, round(each * share)) for each in photo.size)
    small = photo.resize((width, height), Image.Resampling.LANCZOS)
    whole.paste(small, ((photo.width - width) // 2, (photo.height - height) // 2))
    return whole


def blurred(photo: Image.Image, share: float) -> Image.Image:
    return photo.filter(ImageFilter.GaussianBlur(share * min(photo.size)))


FAULTS = (
    Fault(
        "tiny",
        (224, 128, 96, 64, 48, 32),
        reduced,
        lambda inspection: min(inspection.width, inspection.height),
    ),
    Fault(
        "nearly-uniform",
        (0.5, 0.3, 0.2, 0.15, 0.1, 0.05),
        with_less_contrast,
        lambda inspection: percentile(inspection, 95) - percentile(inspection, 5),
    ),
    Fault(
        "on-plain-ground",
        (0.5, 0.35, 0.25, 0.2, 0.15),
        on_plain_ground,
        lambda inspection: percentile(inspection, 95) - percentile(inspection, 5),
    ),
    Fault(
        "dark",
        (0.5, 0.3, 0.2, 0.15, 0.1, 0.05),
        lambda photo, share: with_levels(photo, lambda value: value * share),
        lambda inspection: percentile(inspection, 99),
    ),
    Fault(
        "bright",
        (0.5, 0.3, 0.2, 0.15, 0.1, 0.05),
        lambda photo, share: with_levels(photo, lambda value: WHITE - (WHITE - value) * share),
        lambda inspection: percentile(inspection, 1),
    ),
    Fault(
        "blurred",
        (0.0025, 0.005, 0.01, 0.015, 0.02, 0.03),
        blurred,
        lambda inspection: inspection.sharpness,
    ),
)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    data = ImageFolder(sys.argv[1])
    archive = open_backbone(DEFAULT, weights=IMAGENET, size=backbone(DEFAULT).size, seed=0)
    extractor = Extractor(archive, "squash", "cpu", "f32")
    head = solved(data, extractor)
    photos = [decode(read_bytes(path), name=str(path)) for path in data.valid.files]
    measured = [
        {
            "fault": "none",
            "level": 0.0,
            "right": right([saved(each) for each in photos], data, head, extractor),
        }
    ]
    for fault in FAULTS:
        for level in fault.levels:
            files = [saved(fault.change(each, level)) for each in photos]
            figures = [fault.figure(inspect_bytes(each, name="photo")) for each in files]
            share = right(files, data, head, extractor)
            measured.append(row(fault.name, level, share, figures))
    as_they_are = [each for each in inspect(data.samples.files) if isinstance(each, Inspection)]
    measured += [row(fault.name, 1.0, None, list(map(fault.figure, as_they_are))) for fault in FAULTS]
    table = [written(each) for each in measured]
    content = {"photos": len(photos), "quantiles": QUANTILES, "measured": measured}
    report(
        "photo_quality", ["fault", "level", "right", "least", "5 %", "median", "95 %", "most"], table, content
    )


def solved(data: ImageFolder, extractor: Extractor) -> LinearHead:
    found = embed(data.train.files, extractor=extractor)
    labels = data.train.labels[found.readable]
    return solve_linear_head(found.features, labels, classes=len(data.classes), seed=0)


def saved(photo: Image.Image) -> bytes:
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def right(files: Sequence[bytes], data: ImageFolder, head: LinearHead, extractor: Extractor) -> float:
    """The share of the validation photos, as these files have them, that is predicted right."""
    engine = extractor.open()
    pixels = [extractor.decode(each, name="photo") for each in files]
    starts = range(0, len(pixels), engine.batch)
    features = np.concatenate([engine.run(np.stack(pixels[at : at + engine.batch])) for at in starts])
    predicted: NDArray[np.int64] = (features @ head.kernel + head.bias).argmax(axis=1)
    return float((predicted == data.valid.labels).mean())


def row(fault: str, level: float, share: float | None, figures: Sequence[float]) -> dict[str, object]:
    quantiles = np.quantile(figures, QUANTILES).round(4).tolist()
    return {"fault": fault, "level": level, "right": share, "quantiles": quantiles}


def written(measured: dict[str, object]) -> list[str]:
    share = measured["right"]
    quantiles = measured.get("quantiles", [])
    assert isinstance(quantiles, list)
    cells = [f"{each:.3g}" for each in quantiles] or [""] * len(QUANTILES)
    right_ = f"{100 * share:.1f} %" if isinstance(share, float) else "as they are"
    return [str(measured["fault"]), f"{measured['level']:g}", right_, *cells]


if __name__ == "__main__":
    main()
