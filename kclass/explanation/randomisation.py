"""Does a map change when the network's weights are random? If not, it says nothing about the network."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive, weights_file
from kclass.backbones.graph import Layer
from kclass.backbones.stages import strides
from kclass.explanation.maps import verdict

SAME: Final = 0.5
"""Mean rank correlation from which on maps count as unchanged; the source names no threshold."""

STAGES: Final = {
    "head": "the head",
    "half": "the head and half of the layers before it",
    "all": "all layers",
}
"""What has random weights, from the head downwards, by key.

The head is all that comes after the last layer with a spatial output: `logits`, and the hidden layers before
it if there are any.
"""

DRAWS: Final = {"head": 3, "half": 1, "all": 1}
"""How many times weights are drawn for each stage, by key.

All photos share a draw. Of Grad-CAM on drawn cars (scene seeds 0 and 1, 12 photos each) the mean correlation
has a standard deviation of .16 and .13 between twelve draws of the head, and goes up to .44; between five
draws of .07 and .05 with half of the layers, and of .03 with all. So the head is drawn three times and the
others once, as each draw costs a network and all maps.
"""

_SHARES: Final = {"head": 0.0, "half": 0.5, "all": 1.0}

_NORMALISING: Final = "BatchNormalization"
_TRAINED: Final = frozenset({"Dense", "Conv2D", "DepthwiseConv2D", _NORMALISING})

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Randomised:
    """How much maps keep of their order when weights are random.

    Args:
        stage: what is random, a key of `STAGES`.
        correlations: float64 (n,), Spearman's of each photo's map before and after, -1 to 1, the mean over
            `DRAWS`; 0 where only one of the two shows a place, NaN where neither does.
    """

    stage: str
    correlations: Floats

    @property
    def compared(self) -> int:
        """How many photos have a map before or after."""
        return int(np.isfinite(self.correlations).sum())

    @property
    def mean(self) -> float:
        """The mean correlation; NaN if nothing could be compared."""
        return float(np.nanmean(self.correlations)) if self.compared else float("nan")

    @property
    def unchanged(self) -> bool:
        """Whether maps are much the same without these weights: the mean is `SAME` or more."""
        return self.mean >= SAME

    def to_dict(self) -> dict[str, Any]:
        """The figures in plain values, ready for JSON."""
        mean = self.mean if self.compared else None
        return {
            "stage": self.stage,
            "rank_correlation": mean,
            "photos": self.compared,
            "unchanged": self.unchanged,
        }


def randomised(archive: Archive, *, stage: str, seed: int | Sequence[int]) -> Archive:
    """The network with random weights from its head downwards, as if these layers had never been trained.

    That is done to dense layers, convolutions, also those of depth, and batch normalisation; other layers
    keep what they have, above all those that prepare the photos. Kernels are drawn from a normal
    distribution with the standard deviation √(2 / fan-in), biases are 0, and batch normalisation has
    scale 1, shift 0, mean 0 and variance 1.

    Args:
        archive: the network with its head.
        stage: a key of `STAGES`.
        seed: of the weights, one number or several.

    Source: Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018, section 3.1, cascading
    randomisation; He et al., Delving Deep into Rectifiers, ICCV 2015, equation 10, for the kernels.
    """
    head = head_layers(archive)
    trained = [layer for layer in archive.layers if layer.kind in _TRAINED and layer.name not in head]
    kept = {layer.name for layer in trained[: math.ceil(len(trained) * (1 - _SHARES[stage]))]}
    rng = np.random.default_rng(seed)
    # In the order of the graph; that of the weights hangs on how the archive came to be.
    drawn = {
        layer.name: _untrained(layer, archive.layer_weights[layer.name], rng)
        for layer in archive.layers
        if layer.kind in _TRAINED and layer.name not in kept
    }
    weights = {**archive.layer_weights, **drawn}
    return replace(archive, weights=weights_file(archive.layers, weights))


def head_layers(archive: Archive) -> tuple[str, ...]:
    """The names of the layers after the last one with a spatial output, in the order of the graph.

    These are the pooling or flattening at the backbone's end, dense layers with what lies between them, and
    `logits` and `probabilities`.
    """
    coarseness = strides(archive.layers)
    places = [place for place, name in enumerate(coarseness) if coarseness[name] < math.inf]
    return tuple(layer.name for layer in archive.layers[max(places) + 1 :])


def mean_over_draws(correlations: Sequence[Floats]) -> Floats:
    """The mean of each photo's correlations over the draws in which its maps can be compared.

    Args:
        correlations: float64 (n,) of each draw, NaN where neither map shows a place.

    Returns:
        float64 (n,), NaN where that is so in all draws.
    """
    found = np.array(correlations)
    compared = np.isfinite(found)
    sums, numbers = np.where(compared, found, 0).sum(axis=0), compared.sum(axis=0)
    means: Floats = np.divide(sums, numbers, out=np.full(sums.shape, np.nan), where=numbers > 0)
    return means


def rank_correlations(first: NDArray[np.float32], second: NDArray[np.float32]) -> Floats:
    """Spearman's rank correlation of each pair of maps, equal values having the mean of their ranks.

    Args:
        first: float32 (n, h, w).
        second: likewise, of the same photos.

    Returns:
        float64 (n,), -1 to 1; 0 where only one of the two shows a place, NaN where neither does.

    Source: C. Spearman, The Proof and Measurement of Association between Two Things, The American Journal
    of Psychology 15 (1904), 72-101.
    """
    return np.array([_rank_correlation(*pair) for pair in zip(first, second, strict=True)], np.float64)


def unheeded(checks: Collection[Randomised]) -> str:
    """What maps do not look at, in words; empty if they change whatever is random."""
    same = {each.stage for each in checks if each.unchanged}
    if "all" in same:
        return "are much the same when all weights are random, so they say little about the network"
    if "head" in same:
        return "are much the same when the head is random, so they do not tell the classes apart"
    return ""


def _untrained(
    layer: Layer, arrays: Sequence[NDArray[Any]], rng: np.random.Generator
) -> Sequence[NDArray[Any]]:
    if layer.kind == _NORMALISING:
        of_no_effect = [1] * layer.config["scale"] + [0] * layer.config["center"] + [0, 1]
        return [np.full_like(array, value) for array, value in zip(arrays, of_no_effect, strict=True)]
    return [_untrained_array(layer.kind, array, rng) for array in arrays]


def _untrained_array(kind: str, array: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    if array.ndim == 1:
        return np.zeros_like(array)
    # A depthwise kernel, (rows, columns, channels, 1), reads one channel.
    fan_in = np.prod(array.shape[:2] if kind == "DepthwiseConv2D" else array.shape[:-1])
    return rng.normal(0, np.sqrt(2 / fan_in), array.shape).astype(array.dtype)


def _rank_correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    shown = [not verdict(heat) for heat in (first, second)]
    if not all(shown):
        return 0.0 if any(shown) else float("nan")
    one, other = (_ranks(heat.ravel()) for heat in (first, second))
    return float(np.corrcoef(one, other)[0, 1])


def _ranks(values: NDArray[np.float32]) -> Floats:
    """The rank of each value from 1; equal ones have the mean of theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[which]
    return ranks
