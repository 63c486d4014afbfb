"""The methods of explaining, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.explanation import cams
from kclass.explanation.defaults import DEFAULT_METHOD as DEFAULT_METHOD
from kclass.explanation.integrated_gradients import integrated_gradients_maps
from kclass.explanation.network import Pass
from kclass.explanation.occlusion import occlusion_maps
from kclass.explanation.score_cam import score_cam_maps

LOGIT: Final = "in units of the logit"
OWN_SCALE: Final = "on the method's own scale"
ACTIVATION: Final = "in units of the layer's output"
ANY_CLASS: Final = f"{ACTIVATION}, whatever the class"

PHOTO: Final = "photo"
"""The layer that methods explain which look at the photo itself."""

Maps = Callable[[Any, Pass], NDArray[np.float32]]
"""How a method makes maps, float32 (n, h, w), 0 or more, of a network and a pass through it."""


@dataclass(frozen=True)
class Method:
    """A way of explaining.

    Args:
        key: as options call it.
        name: as people call it.
        maps: how it makes maps.
        unit: what a map's numbers are, as a colour bar says it.
        pixels: whether it asks for gradients of the pixels, which only Keras gives.
        layered: whether it looks at a layer's activations, not at the photo itself.
    """

    key: str
    name: str
    maps: Maps
    unit: str = LOGIT
    pixels: bool = False
    layered: bool = True


def _of_pass(
    formula: Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]],
) -> Maps:
    """Maps by a formula of activations and gradients."""

    def maps(_: Any, found: Pass) -> NDArray[np.float32]:
        return formula(found.activations, found.gradients)

    return maps


def _eigen_cam(_: Any, found: Pass) -> NDArray[np.float32]:
    return cams.eigen_cam_maps(found.activations)


GRAD_CAM: Final = Method(DEFAULT_METHOD, "Grad-CAM", _of_pass(cams.grad_cam_maps))

_ALL: Final = (
    GRAD_CAM,
    Method("grad-cam++", "Grad-CAM++", _of_pass(cams.grad_cam_plus_plus_maps), OWN_SCALE),
    Method("hirescam", "HiResCAM", _of_pass(cams.hirescam_maps)),
    Method("layercam", "LayerCAM", _of_pass(cams.layercam_maps)),
    Method("eigen-cam", "Eigen-CAM", _eigen_cam, ANY_CLASS),
    Method("score-cam", "Score-CAM", score_cam_maps, ACTIVATION),
    Method(
        "integrated-gradients", "Integrated gradients", integrated_gradients_maps, pixels=True, layered=False
    ),
    Method("occlusion", "Occlusion", occlusion_maps, layered=False),
)

METHODS: Final[Mapping[str, Method]] = {each.key: each for each in _ALL}
"""Every method by its key."""


def method_named(key: Any, *, layer: str | None = None) -> Method:
    """The method of a name, for a layer if one is asked for.

    Raises:
        OptionError: there is none, or it looks at no layer though one is asked for.
    """
    if key not in METHODS:
        raise OptionError.unknown("method", str(key), [*METHODS])
    method = METHODS[key]
    if layer is not None and not method.layered:
        layered = ", ".join(each.key for each in METHODS.values() if each.layered)
        raise OptionError(
            f"layer is {layer!r}, but {key} looks at the photo itself and at no layer",
            fix=f"Leave the layer out, or take one of {layered}.",
        )
    return method
