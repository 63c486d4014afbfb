"""Class activation maps: formulas that make a map of a layer's activations and their gradients.

In all of them A is the activations, float32 (n, h, w, channels), and y[c] the logit of the class.
Every map ends with the maximum with 0: what speaks against the class is left out.
"""

import numpy as np
from numpy.typing import NDArray


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
    return _weighted(activations, gradients.mean(axis=(1, 2)))


def grad_cam_plus_plus_maps(
    activations: NDArray[np.float32], gradients: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The maps of Grad-CAM++, on a scale of their own.

    The score is exp(y[c]), whose higher derivatives have a closed form where all after the layer is
    linear but for ReLUs. With g = d y[c] / d A[i, j, k] and S the sum of channel k over all places:

        b[i, j, k] = g^2 / (2 g^2 + S g^3)                          (eq. 19)
        a[k] = sum over i, j of b[i, j, k] max(0, g)                (eq. 5)
        map[i, j] = max(0, sum over k of a[k] A[i, j, k])           (eq. 7)

    The factor exp(y[c]) of the derivative, common to all places and channels of a photo, is left
    out. So is g^2 above and below: b = 1 / (2 + S g) needs no small number against a division by
    zero, which would outweigh the squares of a wide layer's gradients, about 1e-6. Only b where g is
    above 0 matters, and there it lies between 0 and 1/2, because the paper's activations are 0 or
    more. For layers whose activations are not, a sum S below 0 counts as 0, which keeps that so.

    Args:
        activations: float32 (n, h, w, channels), A.
        gradients: likewise, g.

    Returns:
        float32 (n, h, w), 0 or more.

    Source: Chattopadhay et al., Grad-CAM++: Generalized Gradient-Based Visual Explanations for Deep
    Convolutional Networks, WACV 2018, equations 5, 7 and 19.
    """
    sums = np.maximum(activations.sum(axis=(1, 2), keepdims=True), np.float32(0))
    positive = np.maximum(gradients, np.float32(0))
    return _weighted(activations, (positive / (2 + sums * positive)).sum(axis=(1, 2)))


def hirescam_maps(activations: NDArray[np.float32], gradients: NDArray[np.float32]) -> NDArray[np.float32]:
    """The maps of HiResCAM, in the units of the logits.

    Each place has its own weights, so the map shows only places that the score depends on:

        map[i, j] = max(0, sum over k of d y[c] / d A[i, j, k] A[i, j, k])

    Where one dense layer reads all places, the sum over them before the maximum is taken is the
    logit less its bias; after global average pooling it is Grad-CAM's map.

    Args:
        activations: float32 (n, h, w, channels), A.
        gradients: likewise, the derivative of the class's logit y[c] with respect to A.

    Returns:
        float32 (n, h, w), 0 or more.

    Source: Draelos and Carin, Use HiResCAM instead of Grad-CAM for faithful explanations of
    convolutional neural networks, 2020 (arXiv 2011.08891), the definition of HiResCAM. The paper
    keeps negative values; they are cut off here as in the other maps.
    """
    return _multiplied(activations, gradients)


def layercam_maps(activations: NDArray[np.float32], gradients: NDArray[np.float32]) -> NDArray[np.float32]:
    """The maps of LayerCAM, in the units of the logits.

    Each place has its own weights, of which the positive ones count:

        map[i, j] = max(0, sum over k of max(0, d y[c] / d A[i, j, k]) A[i, j, k])

    Args:
        activations: float32 (n, h, w, channels), A.
        gradients: likewise, the derivative of the class's logit y[c] with respect to A.

    Returns:
        float32 (n, h, w), 0 or more.

    Source: Jiang et al., LayerCAM: Exploring Hierarchical Class Activation Maps for Localization,
    IEEE Transactions on Image Processing 30, 2021, the section on LayerCAM: weights, weighted
    activations and their sum.
    """
    return _multiplied(activations, np.maximum(gradients, np.float32(0)))


def eigen_cam_maps(activations: NDArray[np.float32]) -> NDArray[np.float32]:
    """The maps of Eigen-CAM, in the units of the activations; the class has no say in them.

    With the places of a photo as the rows of a matrix O and the channels as its columns, the
    singular value decomposition O = U S V' gives the direction V[:, 0] along which the layer is
    most active, and the map is how far each place lies that way:

        map = max(0, O V[:, 0])

    As in the paper, the columns are not centred. The decomposition leaves the sign open; here it
    is the one for which the sum of O V[:, 0] is not below 0. Of activations that are 0 or more, no
    place of that map is below 0.

    Args:
        activations: float32 (n, h, w, channels).

    Returns:
        float32 (n, h, w), 0 or more; not a number for a photo whose activations are not finite.

    Source: Muhammad and Yeasin, Eigen-CAM: Class Activation Map using Principal Components, IJCNN
    2020 (arXiv 2008.00299), the section on Eigen-CAM.
    """
    number, rows, columns, channels = activations.shape
    finite = np.isfinite(activations).all(axis=(1, 2, 3))
    places = activations[finite].reshape(-1, rows * columns, channels)
    left, singular, _ = np.linalg.svd(places, full_matrices=False)
    along = left[:, :, 0] * singular[:, :1]
    signs = np.where(along.sum(axis=1, keepdims=True) < 0, np.float32(-1), np.float32(1))
    maps = np.full((number, rows, columns), np.nan, np.float32)
    maps[finite] = np.maximum(signs * along, 0).reshape(-1, rows, columns)
    return maps


def _weighted(activations: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is positive in the sum of the channels, each with its weight: float32 (n, channels)."""
    maps: NDArray[np.float32] = np.einsum("nijk,nk->nij", activations, weights)
    return np.maximum(maps, np.float32(0))


def _multiplied(activations: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is positive in the sum of the channels, each with its weight at every place."""
    maps: NDArray[np.float32] = np.einsum("nijk,nijk->nij", activations, weights)
    return np.maximum(maps, np.float32(0))
