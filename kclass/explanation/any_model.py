"""Any Keras model of photos explained: `kclass.explain`."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kclass.errors import OptionError
from kclass.explanation.explaining import explain_photos
from kclass.explanation.flips import check_flips
from kclass.explanation.gradients import GradientNetwork
from kclass.explanation.maps import Explanation
from kclass.explanation.methods import DEFAULT_METHOD, method_named


def explain(
    model: Any,
    photos: ArrayLike,
    *,
    method: str = DEFAULT_METHOD,
    targets: ArrayLike | None = None,
    layer: str | None = None,
    flips: bool = False,
) -> Explanation:
    """Where a Keras model sees evidence for a class, in each of some photos.

    The score of a class is the number before the softmax. It is found by what the model ends in:

    - a softmax, as a layer or as the activation of a dense one: the score is what it reads;
    - a sigmoid of several units: likewise, each unit being a class that does not exclude the others;
    - a sigmoid of one unit: what it reads is the score of class 1, and its negative that of class 0;
    - a dense layer of several units without activation: its output, and the softmax of that is taken for
      the probabilities;
    - anything else, if a layer is called `logits`: likewise, of that layer.

    Dropout and augmentation within the model do nothing, and the model is left as it is.

    Args:
        model: a Keras 3 model, Functional or Sequential, with networks within it or without: it takes
            photos alone, channels last, and ends in a softmax, a sigmoid or a dense layer.
        photos: (n, height, width, channels) in the size, the channels and the range of values that the
            model takes; nothing is scaled. Of any type of number, but whole where it takes whole numbers.
        method: one of `METHODS`.
        targets: whole numbers (n,), the class to explain for each; None for the class predicted.
        layer: the layer to explain; None for the last one with a spatial output. A layer of a network
            within is called by its path, such as `mobilenetv2_1.00_160/Conv_1`, or by the end of it
            where that is no other layer's. Where a layer is called several times, `:1`, `:2` and so
            on follow its name. For methods that look at a layer alone.
        flips: whether each map is the mean with the mirrored photo's map turned back.

    Returns:
        Maps on the layer's own grid, or on the method's for those that look at the photo itself.

    Raises:
        OptionError: it is no Keras model, the photos have another shape or type, there is no such
            class, layer or method, the layer is asked for of a method that looks at none, or `flips` is
            neither True nor False.
        ModelError: the network is not built, has no graph to follow, no photo as its one input, channels
            first, nothing that is known to be scores of classes, or no layer with a spatial output.
    """
    chosen = method_named(method, layer=layer)
    check_flips(flips)
    network = GradientNetwork(model, layer=layer)
    wanted = None if targets is None else _classes(targets)
    return explain_photos(network, _array(photos), method=chosen, targets=wanted, flips=flips)


def _array(photos: ArrayLike) -> NDArray[np.generic]:
    try:
        return np.asarray(photos)
    except ValueError as error:
        raise OptionError(
            f"photos do not make one array: {error}", fix="Bring all to one size and one number of channels."
        ) from error


def _classes(targets: ArrayLike) -> NDArray[np.int64]:
    """Whole numbers of any type as int64; what else there may be is refused where the network is run."""
    found = np.asarray(targets)
    return found.astype(np.int64) if found.dtype.kind in "iu" else found
