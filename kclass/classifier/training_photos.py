"""The photos that a classifier was trained on, known by small codes, so that like ones can be shown."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.arguments import check_count
from kclass.dataset.names import readable
from kclass.errors import PhotoError
from kclass.parallel import one_thread
from kclass.progress import Progress, silent, track

if TYPE_CHECKING:
    from kclass.dataset.samples import Samples
    from kclass.features.extractor import Extractor

DEFAULT_NEIGHBOURS: Final = 3

DIMENSIONS: Final = 256
"""Numbers in a code. Of the three training photos nearest by the features themselves, codes of 256
name all for hymenoptera, 96.8 % for flowers-mini and 92.6 % for both together (four fifths of the
photos kept as codes, one fifth looked up, five times); of 128: 92, 88 and 85 %. 40,000 photos then
take 23 MB."""

MOST_MEASURED: Final = 4096
"""Photos that the directions of codes are found on, taken evenly from all; the others follow them."""

_PASSES: Final = 3


@dataclass(frozen=True)
class Neighbour:
    """A training photo that is like another photo.

    Args:
        path: where its file was when the classifier was trained.
        label: its class as the folder is named.
        similarity: cosine of the angle between the features of the two photos, as far as codes keep
            it; about 1 for the same photo.
    """

    path: Path
    label: str
    similarity: float

    def __str__(self) -> str:
        return f"{readable(self.label)} {self.similarity:.2f} {self.path}"

    def to_dict(self) -> dict[str, Any]:
        """The neighbour as plain data, ready for JSON."""
        return {"path": str(self.path), "label": self.label, "similarity": self.similarity}


@dataclass(frozen=True, eq=False, repr=False)
class TrainingPhotos:
    """Codes of training photos: their features, normalised, in the directions in which they differ most.

    Args:
        codes: float32 (photos, dimensions), rounded to float16.
        basis: float32 (features, dimensions), orthonormal columns, rounded to float16.
        labels: int32 (photos,): places in `classes`.
        classes: as their folders are named.
        paths: of the photos, relative to `root`, with forward slashes; an absolute one for itself.
        root: the folder of the data set when the classifier was trained.
        network: fingerprint of the network that made the features.
    """

    codes: NDArray[np.float32]
    basis: NDArray[np.float32]
    labels: NDArray[np.int32]
    classes: tuple[str, ...]
    paths: tuple[str, ...]
    root: Path
    network: str
    _files: dict[int, Path] = field(default_factory=dict, init=False)

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        return f"TrainingPhotos({len(self)} photos in {self.root})"

    def nearest(
        self, features: NDArray[np.float32], *, number: int = DEFAULT_NEIGHBOURS
    ) -> tuple[Neighbour, ...]:
        """The training photos most like a photo, most alike first; of equals the first.

        Args:
            features: float32 (features,): what the network makes of the photo.
            number: how many at most, 1 or more.

        Raises:
            OptionError: `number` cannot be used.
        """
        return self.nearest_of(features[None], number=number)[0]

    def nearest_of(
        self, features: NDArray[np.float32], *, number: int = DEFAULT_NEIGHBOURS
    ) -> list[tuple[Neighbour, ...]]:
        """What `nearest` gives for each of several photos.

        Args:
            features: float32 (photos, features).
            number: how many at most, 1 or more.

        Raises:
            OptionError: `number` cannot be used.
        """
        check_count("number", number)
        similarities = (_normalised(features) @ self.basis) @ self.codes.T
        return [self._highest(row, min(number, len(self))) for row in similarities]

    def _highest(self, similarities: NDArray[np.float32], number: int) -> tuple[Neighbour, ...]:
        """The photos with the highest of the similarities, float32 (training photos,)."""
        least = np.partition(similarities, -number)[-number]
        rows = np.flatnonzero(similarities >= least)
        order = rows[np.argsort(-similarities[rows], kind="stable")][:number]
        return tuple(self._neighbour(row, float(similarities[row])) for row in order.tolist())

    def _neighbour(self, row: int, similarity: float) -> Neighbour:
        # Many photos have the same neighbours, and a path takes more memory than the rest of one.
        path = self._files.setdefault(row, self.root / self.paths[row])
        return Neighbour(path, self.classes[self.labels[row]], min(similarity, 1.0))


def training_photos(features: NDArray[np.float32], samples: "Samples", *, network: str) -> TrainingPhotos:
    """The codes of training photos.

    Args:
        features: float32 (photos, features), one photo at least.
        samples: the photos, labelled.
        network: fingerprint of the network that made the features.
    """
    with one_thread():
        basis = _rounded(_directions(features))
        codes = np.concatenate([_rounded(_normalised(each) @ basis) for each in _parts(features)])
    root = samples.root.resolve()
    return TrainingPhotos(codes, basis, samples.labels, samples.classes, samples.paths, root, network)


def embedded(
    paths: Sequence[Path], *, extractor: "Extractor", progress: Progress = silent
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """What a network makes of photos; nothing is kept in the cache.

    Args:
        paths: of the photos; those that cannot be read are left out.
        extractor: the network, and how photos are prepared for it.
        progress: is told how many photos have been dealt with.

    Returns:
        int64 (readable photos,), their places among the paths; float32 (readable photos, features).
    """
    from kclass.features.embedding import STAGE
    from kclass.features.passing import passed

    rows, features = [], []
    with contextlib.closing(passed(paths, extractor=extractor)) as outcomes:
        for row, outcome in enumerate(track(outcomes, STAGE, len(paths), progress)):
            if not isinstance(outcome, PhotoError):
                rows.append(row)
                features.append(outcome.features)
    stacked = np.stack(features) if features else np.empty((0, 0), np.float32)
    return np.array(rows, dtype=np.int64), stacked


def _directions(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Directions that keep the scalar products of normalised features best, as orthonormal columns.

    Of few photos all that they span; of more what the first singular vectors span, found by subspace
    iteration in a tenth of the time.

    Source: Eckart & Young 1936; Halko, Martinsson & Tropp 2011, algorithm 4.4.
    """
    rows = np.linspace(0, len(features) - 1, min(len(features), MOST_MEASURED)).astype(np.int64)
    measured = _normalised(features[rows])
    if min(measured.shape) <= DIMENSIONS:
        return np.linalg.qr(measured.T)[0]
    found = np.random.default_rng(0).standard_normal((features.shape[1], DIMENSIONS), dtype=np.float32)
    for _ in range(_PASSES):
        found = np.linalg.qr(measured.T @ (measured @ found))[0]
    return found


def _parts(features: NDArray[np.float32]) -> Sequence[NDArray[np.float32]]:
    return [features[start : start + MOST_MEASURED] for start in range(0, len(features), MOST_MEASURED)]


def _normalised(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1; rows of zeros stay as they are."""
    lengths: NDArray[np.float32] = np.linalg.norm(features, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    return features / lengths


def _rounded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """As the file keeps them."""
    return values.astype(np.float16).astype(np.float32)
