"""Photos that a model was trained on, known again by their codes where their files are gone."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.classifier import Classifier
from kclass.classifier.training_photos import TrainingPhotos
from kclass.classifier.training_photos_file import TRAINING_PHOTOS
from kclass.dataset.dataset import Dataset
from kclass.errors import ModelError
from kclass.features.embedding import embed
from kclass.progress import Progress

ALIKE: Final = (0.95, 0.999)
"""How alike the codes of two photos are that are taken for one, as a cosine: the first value that tells
the training photos themselves apart.

Of half the photos of hymenoptera and of 400 of flowers-mini none comes nearer than 0.84 and 0.93 to a
photo of the other half. Saved anew as JPEG of quality 85, all and half of 60 come nearer than 0.95 to
themselves; at half their width none does. The file itself has 0.9997 or more, codes being rounded. The
values were chosen on these photos."""

CONFUSED: Final = 0.05
"""The share of training photos that may be as alike to another one: more, and codes do not tell photos
apart, as after training that made all photos of a class one to the network."""

_ASKED: Final = 1000
"""Training photos, taken evenly, that it is measured on whether codes tell them apart."""
_AT_ONCE: Final = 1024


def known_by_codes(
    known: TrainingPhotos,
    gone: NDArray[np.int64],
    classifier: Classifier,
    data: Dataset,
    rows: NDArray[np.int64],
    progress: Progress,
) -> NDArray[np.bool_]:
    """Which photos have the code of a training photo whose file is gone.

    Args:
        known: the training photos.
        gone: int64 (photos that are gone,): their places among those; one at least.
        classifier: made the codes.
        data: the data set.
        rows: int64 (photos,): the rows asked about; what the cache has of them is not computed again.
        progress: is told how many photos have been embedded.

    Returns:
        bool (photos of the data set,).

    Raises:
        ModelError: codes do not tell the training photos apart.
    """
    alike = likeness_of_one(known.codes)
    if alike is None:
        raise ModelError(
            f"its training photos look too much alike to the network for {TRAINING_PHOTOS} to tell"
        )
    embedding = embed(
        data.samples.select(rows).files, extractor=classifier.remembering_extractor, progress=progress
    )
    mask = np.zeros(len(data), dtype=np.bool_)
    if len(embedding.readable):
        lengths = np.maximum(np.linalg.norm(embedding.features, axis=1, keepdims=True), np.float32(1e-12))
        codes = (embedding.features / lengths) @ known.basis
        mask[rows[embedding.readable]] = _highest(codes, known.codes[gone]) >= alike
    return mask


def likeness_of_one(codes: NDArray[np.float32]) -> float | None:
    """How alike two codes must be to be of one photo; None if photos that are not one are so too.

    Args:
        codes: float32 (photos, dimensions), of training photos.
    """
    asked = np.linspace(0, len(codes) - 1, min(len(codes), _ASKED)).astype(np.int64)
    similarities = likeness(codes[asked], codes)
    similarities[np.arange(len(asked)), asked] = -1
    nearest = similarities.max(axis=1)
    return next((alike for alike in ALIKE if (nearest >= alike).mean() <= CONFUSED), None)


def likeness(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """How alike the photos of codes can be, 1 for codes of the same photo.

    A code is what the training photos' directions hold of features of length 1. The smaller one of two
    numbers, each of which is 1 if the features are equal: the cosine between the codes, which is high
    for any two photos if there are few directions; and the highest cosine that the features can have
    with what the directions do not hold.

    Args:
        left: float32 (some photos, dimensions).
        right: float32 (other photos, dimensions).

    Returns:
        float32 (some photos, other photos).
    """
    products = left @ right.T
    lengths = [np.linalg.norm(each, axis=1) for each in (left, right)]
    rests = [np.sqrt(np.clip(1 - length**2, 0, None)) for length in lengths]
    cosines = products / np.maximum(np.outer(*lengths), np.float32(1e-12))
    found: NDArray[np.float32] = np.minimum(cosines, products + np.outer(*rests))
    return found


def _highest(codes: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """The likeness of each photo to the most alike one of those known."""
    parts = [codes[start : start + _AT_ONCE] for start in range(0, len(codes), _AT_ONCE)]
    return np.concatenate([likeness(part, known).max(axis=1) for part in parts])
