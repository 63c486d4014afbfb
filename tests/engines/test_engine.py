import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kclass.backbones.archive import Archive
from kclass.backbones.efficientnet_lite import lite0_archive
from kclass.engines.engine import check_device, open_engine, resolve_device
from kclass.engines.network import convert
from kclass.engines.openvino import OpenVinoEngine
from kclass.engines.tensorflow import TensorFlowEngine
from kclass.errors import OptionError
from kclass.keras_import import import_tensorflow
from kclass.parallel import usable_cores

Gpus = Callable[..., None]


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Gpus:
    """Lets TensorFlow find certain GPUs."""
    config = import_tensorflow().config

    def find(*names: str) -> None:
        monkeypatch.setattr(config, "list_physical_devices", lambda kind: [*names] if kind == "GPU" else [])

    return find


def prepare_gpu(folder: Path, monkeypatch: pytest.MonkeyPatch, *, driver: bool, cuda: bool) -> None:
    """A machine that has NVIDIA's driver and the CUDA packages, or has them not."""
    (folder / "site/nvidia/cudnn").mkdir(parents=True)
    monkeypatch.setattr("kclass.engines.gpus.DRIVER", folder if driver else folder / "none")
    monkeypatch.delitem(sys.modules, "nvidia", raising=False)
    monkeypatch.setattr(sys, "path", [str(folder / "site")] if cuda else [])


def test_a_cpu_runs_openvino_on_every_core_it_may_use(lite0: Archive) -> None:
    engine = open_engine(lite0, device="cpu", precision="f32")
    assert isinstance(engine, OpenVinoEngine)
    assert engine.workers == usable_cores()


def test_a_gpu_runs_tensorflow(lite0: Archive, gpus: Gpus) -> None:
    gpus("GPU:0")
    assert isinstance(open_engine(lite0, device="gpu", precision="f32"), TensorFlowEngine)


def test_a_network_at_hand_is_not_converted_again(lite0: Archive) -> None:
    smaller = convert(lite0_archive(32))
    engine = open_engine(lite0, device="cpu", precision="f32", network=smaller)
    assert engine.run(np.zeros((1, 32, 32, 3), np.uint8)).shape == (1, 1280)


def test_the_precision_reaches_the_engine(lite0: Archive, cars: Any) -> None:
    with pytest.raises(RuntimeError, match="INFERENCE_PRECISION_HINT"):
        open_engine(lite0, device="cpu", precision="f12")


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_a_device_that_was_asked_for_is_taken(device: str) -> None:
    assert resolve_device(device) == device


@pytest.mark.parametrize("cuda", [True, False])
@pytest.mark.parametrize("driver", [True, False])
def test_otherwise_it_is_a_gpu_only_with_both_its_driver_and_the_cuda_packages(
    driver: bool, cuda: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_gpu(tmp_path, monkeypatch, driver=driver, cuda=cuda)
    assert resolve_device("auto") == ("gpu" if driver and cuda else "cpu")


@pytest.mark.parametrize(("found", "device"), [((), "cpu"), (("GPU:0",), "gpu")])
def test_otherwise_tensorflow_has_the_last_word(
    found: tuple[str, ...], device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpus: Gpus
) -> None:
    gpus(*found)
    prepare_gpu(tmp_path, monkeypatch, driver=True, cuda=True)
    assert check_device("auto") == device


def test_a_gpu_that_is_not_there_is_refused(
    gpus: Gpus, lite0: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus()
    prepare_gpu(tmp_path, monkeypatch, driver=False, cuda=True)
    monkeypatch.setattr(sys, "platform", "linux")
    for call in (
        lambda: check_device("gpu"),
        lambda: open_engine(lite0, device="gpu", precision="f32"),
    ):
        with pytest.raises(OptionError) as raised:
            call()
        assert raised.value.message == (
            "device is gpu, but TensorFlow finds no GPU: NVIDIA's driver is not loaded"
        )
        assert raised.value.fix == ("Install it, until `nvidia-smi` lists the GPU, or use --device cpu.")


@pytest.mark.parametrize(("device", "growing"), [("gpu", ["GPU:0"]), ("cpu", [])])
def test_a_gpu_that_is_there_is_taken_and_its_memory_grows(
    device: str, growing: list[str], gpus: Gpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus("GPU:0")
    config = import_tensorflow().config
    grown: list[str] = []
    monkeypatch.setattr(config, "get_visible_devices", config.list_physical_devices)
    monkeypatch.setattr(config.experimental, "get_memory_growth", lambda _: False)
    monkeypatch.setattr(config.experimental, "set_memory_growth", lambda gpu, _: grown.append(gpu))
    assert check_device(device) == device
    assert grown == growing
