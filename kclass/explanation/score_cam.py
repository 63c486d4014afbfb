"""Score-CAM: each channel counts by what the network says of the photo seen through it."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.explanation.network import BATCH, Explainable, Pass
from kclass.parallel import in_parallel

_AHEAD: Final = 1
"""Threads that mask photos while the network looks at those masked before."""


def score_cam_maps(network: Explainable, found: Pass) -> NDArray[np.float32]:
    """The maps of Score-CAM, in the units of the activations.

    The photo X is seen through each channel A[k] of the layer: brought to the photo's size by
    bilinear interpolation, and from its own range to 0 to 1. Channels are weighed by the softmax,
    over the channels, of the class's logit y of what is left of the photo:

        M[k] = (U[k] - min U[k]) / (max U[k] - min U[k]),  U[k] the enlarged A[k]
        a[k] = exp(y(X M[k])) / sum over l of exp(y(X M[l]))
        map[i, j] = max(0, sum over k of a[k] A[i, j, k])

    The logit of a baseline, which the paper takes off every y, cancels in the softmax. Where M is
    0, the photo becomes 0: black for photos of 0 to 255. Channels that are the same everywhere
    have no M and are left out. It takes a pass of the photo for each channel, `BATCH` at a time.

    Args:
        network: made ready for one layer.
        found: a pass of some photos through it.

    Returns:
        float32 (n, h, w), 0 or more; 0 for a photo whose channels are all the same everywhere, not
        a number for one whose activations are not finite.

    Source: Wang et al., Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural
    Networks, CVPR Workshops 2020, definition 3, equations 6 and 7, algorithm 1.
    """
    maps = np.empty(found.activations.shape[:3], np.float32)
    for place, (photo, activations) in enumerate(zip(found.photos, found.activations, strict=True)):
        maps[place] = _map(network, photo, activations, found.targets[place])
    return maps


def _map(
    network: Explainable, photo: NDArray[np.generic], activations: NDArray[np.float32], target: np.int64
) -> NDArray[np.float32]:
    if not np.isfinite(activations).all():
        return np.full(activations.shape[:2], np.nan, np.float32)
    varied = activations[:, :, np.ptp(activations, axis=(0, 1)) > 0]
    if not varied.size:
        return np.zeros(activations.shape[:2], np.float32)
    parts = (varied[:, :, start : start + BATCH] for start in range(0, varied.shape[2], BATCH))
    with in_parallel(lambda part: seen_through(photo, part), parts, threads=_AHEAD) as seen:
        scores = np.concatenate([network.scores(photos)[:, target] for photos in seen])
    weights = np.exp(scores - scores.max())
    weighted: NDArray[np.float32] = varied @ (weights / weights.sum())
    return np.maximum(weighted, np.float32(0))


def seen_through(photo: NDArray[np.generic], channels: NDArray[np.float32]) -> NDArray[np.generic]:
    """A photo as each of some channels of a layer lets it through.

    Args:
        photo: (height, width, colours), of any type; whole numbers are rounded.
        channels: float32 (h, w, k), none of them the same everywhere.

    Returns:
        Of the photo's type, (k, height, width, colours).
    """
    down, across = (_interpolation(*sides) for sides in zip(channels.shape, photo.shape[:2], strict=False))
    enlarged = np.stack([down @ channel @ across.T for channel in np.moveaxis(channels, 2, 0)])
    low, high = (bound(enlarged, axis=(1, 2), keepdims=True) for bound in (np.min, np.max))
    masks = (enlarged - low) / (high - low)
    return np.stack([*_masked(photo, masks)])


def _masked(photo: NDArray[np.generic], masks: NDArray[np.float32]) -> Iterator[NDArray[np.generic]]:
    for mask in masks:
        masked = photo * mask[:, :, None]
        whole = np.issubdtype(photo.dtype, np.integer)
        yield (np.rint(masked) if whole else masked).astype(photo.dtype)


def _interpolation(places: int, pixels: int) -> NDArray[np.float32]:
    """Bilinear interpolation of so many places to so many pixels, both with their centres in the middle.

    Returns:
        float32 (pixels, places); each row sums to 1.
    """
    centres = (np.arange(pixels) + 0.5) * places / pixels - 0.5
    distances = np.abs(np.clip(centres, 0, places - 1)[:, None] - np.arange(places))
    weights: NDArray[np.float32] = np.maximum(1 - distances, 0).astype(np.float32)
    return weights
