"""How unlike anything in training a photo is, by what the network makes of it before the logits."""

import io
import math
import zipfile
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.evaluation.spread import Spread

FALSE_ALARMS: Final = 0.05
"""The share of photos like those of training that may be called novel."""

LEAST_PHOTOS: Final = 9
"""Judged photos without which no threshold is set: with fewer, more than a tenth would be false alarms."""

DOUBT: Final = 0.2
"""The largest weight with which far pictures are still told by all: docs/decisions.md."""

SMALLEST_THRESHOLD: Final = 1.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Novelty:
    """A score that is above 1 for photos unlike anything in training.

    Args:
        spread: of the training photos.
        threshold: the score, before it is divided by this, above which a photo is novel.
    """

    spread: Spread
    threshold: float

    def scores(self, features: NDArray[np.float32], probabilities: Floats) -> Floats:
        """How unlike the training photos each photo is, as a multiple of the threshold.

        Args:
            features: float32 (photos, features).
            probabilities: float64 (photos, classes).

        Returns:
            float64 (photos,), 0 or more; above 1 is novel.
        """
        found: Floats = doubted(self.spread.distances(features), probabilities) / self.threshold
        return found

    def to_bytes(self) -> bytes:
        """The score as an `.npz` archive, of about 2 bytes a class and feature and 256 a feature."""
        buffer = io.BytesIO()
        np.savez(
            buffer,
            centres=self.spread.centres,
            directions=np.ascontiguousarray(self.spread.directions),  # row by row, as it is read
            variances=self.spread.variances,
            scale=np.array([self.spread.rest, self.threshold]),
        )
        return buffer.getvalue()


def doubted(distances: Floats, probabilities: Floats) -> Floats:
    """The score before it is divided by the threshold: distance times (1 + 0.2 (1 - largest probability)).

    Args:
        distances: float64 (photos,), 0 or more.
        probabilities: float64 (photos, classes).
    """
    found: Floats = distances * (1 + DOUBT * (1 - probabilities.max(axis=1)))
    return found


def threshold_of(scores: Floats, *, false_alarms: float = FALSE_ALARMS) -> tuple[float, float] | None:
    """The score above which a photo is novel, from photos that the scores were not fitted on.

    Of n scores it is the one at place ceil((n + 1)(1 - rate)), ascending: a new photo like those is
    above it with that rate at most, whatever the scores' distribution. With fewer than 19 photos it is
    the largest, and the rate 1 / (n + 1).

    Args:
        scores: float64 (photos,), undivided; NaN are left out.
        false_alarms: the share of photos like those that may be called novel, between 0 and 1.

    Returns:
        The threshold, 1 at least, and the rate; None if there are fewer than 9 scores.

    Raises:
        OptionError: a rate out of range.

    Source: S. Bates, E. Candès, L. Lei, Y. Romano, M. Sesia, Testing for outliers with conformal
    p-values, Annals of Statistics 51 (2023), 149-178.
    """
    if not 0 < false_alarms < 1:
        raise OptionError(f"false_alarms is {false_alarms}; it must be between 0 and 1")
    known = np.sort(scores[~np.isnan(scores)])
    if len(known) < LEAST_PHOTOS:
        return None
    # The product is often a whole number that arithmetic misses by a rounding.
    place = math.ceil((len(known) + 1) * (1 - false_alarms) - 1e-9)
    threshold = float(known[min(place, len(known)) - 1])
    return max(threshold, SMALLEST_THRESHOLD), max(false_alarms, 1 / (len(known) + 1))


def read_novelty(data: bytes) -> Novelty:
    """What `Novelty.to_bytes` wrote. Nothing of it is run, and no more is read than is there.

    Raises:
        ValueError: it is something else; so are the errors of `zipfile`.
    """
    arrays = _arrays(data)
    try:
        centres, directions = arrays["centres"], arrays["directions"]
        variances, scale = arrays["variances"], arrays["scale"]
    except KeyError as error:
        raise ValueError(f"it has no {error.args[0]}") from error
    kinds = [each.dtype for each in (centres, directions, variances, scale)]
    if kinds != [np.float16, np.float32, np.float64, np.float64]:
        raise ValueError("its numbers are of other kinds")
    if variances.ndim != 1 or scale.shape != (2,):
        raise ValueError(f"it has the shapes {variances.shape} and {scale.shape}")
    if centres.ndim != 2 or not centres.size or directions.shape != (len(variances), centres.shape[1]):
        raise ValueError(f"it has the shapes {centres.shape}, {directions.shape} and {variances.shape}")
    if not all(np.isfinite(each).all() for each in (centres, directions, variances, scale)):
        raise ValueError("its numbers are not all finite")
    if min(variances.min(initial=1.0), scale.min()) <= 0:
        raise ValueError("a variance or the threshold is not above 0")
    rest, threshold = scale.tolist()
    return Novelty(Spread(centres, directions, variances, rest), threshold)


def _arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an `.npz` archive, by name; `np.load` would make room for what a header claims."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if any(each.compress_type != zipfile.ZIP_STORED for each in archive.infolist()):
            raise ValueError("it is packed")
        return {name.removesuffix(".npy"): _array(archive.read(name)) for name in archive.namelist()}


def _array(content: bytes) -> NDArray[Any]:
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("an array is of another version")
    shape, by_column, kind = np.lib.format.read_array_header_1_0(file)
    if by_column or kind.hasobject or min(shape, default=0) < 0:
        raise ValueError("an array is of another kind")
    if math.prod(shape) * kind.itemsize != len(content) - file.tell():
        raise ValueError(f"an array has not the {math.prod(shape):,} numbers that it should have")
    return np.frombuffer(content, kind, offset=file.tell()).reshape(shape)
