"""Grad-CAM: channels weighted by how the class's score moves with them."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.explanation.gradients import GradientNetwork
from kclass.explanation.maps import Explanation, Method, explain


def grad_cam(
    model: Any,
    photos: NDArray[np.uint8],
    *,
    targets: NDArray[np.int64] | None = None,
    layer: str | None = None,
) -> Explanation:
    """Explain photos by Grad-CAM.

    Args:
        model: a Keras model whose score layer is called `logits`; or, where photos come a few at
            a time, a `GradientNetwork` made of one, since making it takes seconds.
        photos: raw RGB uint8 (n, size, size, 3).
        targets: int64 (n,), the class to explain for each; None for the class predicted.
        layer: the layer to explain; None for the last one with a spatial output.

    Returns:
        Maps of the layer's own grid; see `grad_cam_maps`.

    Raises:
        OptionError: the photos have another shape or type, or there is no such class or layer.
        ModelError: the network has no layer `logits`, or none with a spatial output.
    """
    return explain(_made_ready(model, layer), photos, method=GRAD_CAM, targets=targets)


def grad_cam_maps(activations: NDArray[np.float32], gradients: NDArray[np.float32]) -> NDArray[np.float32]:
    """The maps of Grad-CAM, in the units of the logits.

    The weight of channel k for class c is the mean over the Z places of the gradient (eq. 1), and
    the map what speaks for the class in the weighted sum of the channels (eq. 2):

        a[k] = 1/Z sum over i, j of d y[c] / d A[i, j, k]
        map[i, j] = max(0, sum over k of a[k] A[i, j, k])

    In a network that ends in global average pooling and one dense layer, the sum over all places
    before the maximum is taken is the logit less its bias.

    Args:
        activations: float32 (n, h, w, channels), A.
        gradients: likewise, the derivative of the class's logit y[c] with respect to A.

    Returns:
        float32 (n, h, w), 0 or more.

    Source: Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization, ICCV 2017, equations 1 and 2.
    """
    weights = gradients.mean(axis=(1, 2))
    maps: NDArray[np.float32] = np.einsum("nijk,nk->nij", activations, weights)
    return np.maximum(maps, np.float32(0))


GRAD_CAM: Final = Method("Grad-CAM", grad_cam_maps)


def _made_ready(model: Any, layer: str | None) -> GradientNetwork:
    if not isinstance(model, GradientNetwork):
        return GradientNetwork(model, layer=layer)
    if layer not in (None, model.layer):
        raise OptionError(f"layer is {layer!r}, but the network was made ready for {model.layer}")
    return model
