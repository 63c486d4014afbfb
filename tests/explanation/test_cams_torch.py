import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.backbones.efficientnet_lite import embedded_weights, lite0_archive
from kclass.backbones.keras_archive import keras_model
from kclass.backbones.torch_file import read_tensors
from kclass.engines.network import convert
from kclass.explanation.explaining import explain_photos
from kclass.explanation.gradients import GradientNetwork
from kclass.explanation.methods import METHODS
from kclass.explanation.network import Explainable
from kclass.explanation.pooled import PooledNetwork

pytestmark = pytest.mark.filterwarnings(
    # Keras reads models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
)

REFERENCE = Path(__file__).parents[1] / "reference"
SCRIPT = runpy.run_path(str(REFERENCE / "make_cams_torch.py"))
POOLED, INNER = SCRIPT["LAYERS"]


@pytest.fixture(scope="module")
def expected() -> dict[str, NDArray[Any]]:
    with np.load(REFERENCE / "cams_torch.npz") as file:
        return dict(file)


def imagenet_network(side: int) -> Archive:
    """The embedded backbone with its own head of the 1,000 classes of ImageNet."""
    tensors = read_tensors(embedded_weights())
    return lite0_archive(side).with_head(tensors["_fc.weight"].T, tensors["_fc.bias"])


def compare(network: Explainable, side: int, asked: str, expected: dict[str, NDArray[Any]]) -> None:
    """Hold the maps of each method to those of grad-cam, place by place."""
    case = f"{network.layer}-{side}-{asked}"
    classes = expected[f"{case}-targets"]
    for key in SCRIPT["METHODS"]:
        found = explain_photos(
            network,
            SCRIPT["pictures"](side),
            method=METHODS[key],
            targets=None if asked == "predicted" else classes,
        )
        assert found.targets.tolist() == classes.tolist()
        wanted = expected[f"{case}-{key}"]
        if key == "grad-cam++":
            # The library adds 1e-6 to denominators that are about as small: values differ by up to 35 %
            # of the largest, the places' order does not. Correlations measured: .9977 and above.
            for heat, other in zip(found.maps, wanted, strict=True):
                assert np.corrcoef(heat.ravel(), other.ravel())[0, 1] > 0.997
                assert heat.sum() > other.sum()
        else:  # 1.2e-5 of the largest measured, where the map is a small difference of large sums
            np.testing.assert_allclose(found.maps, wanted, rtol=0, atol=5e-5 * wanted.max())


@pytest.mark.parametrize("asked", ["predicted", "bee"])
@pytest.mark.parametrize("side", SCRIPT["SIDES"])
def test_maps_without_a_tape_are_those_of_grad_cam_in_pytorch(
    side: int, asked: str, expected: dict[str, NDArray[Any]]
) -> None:
    network = imagenet_network(side)
    compare(PooledNetwork(network, POOLED, convert(network, output=POOLED)), side, asked, expected)


def test_maps_of_a_layer_within_are_those_of_grad_cam_in_pytorch(expected: dict[str, NDArray[Any]]) -> None:
    # Here, unlike at the pooled layer, gradients differ from place to place, and so do the methods.
    network = GradientNetwork(keras_model(imagenet_network(97)), layer=INNER)
    compare(network, 97, "bee", expected)
    grad_cam, hirescam = (expected[f"{INNER}-97-bee-{key}"] for key in ("grad-cam", "hirescam"))
    assert np.corrcoef(grad_cam.ravel(), hirescam.ravel())[0, 1] < 0.9
