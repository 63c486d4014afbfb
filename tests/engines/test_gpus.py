import logging
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kclass.engines.gpus import GpuSearch, let_memory_grow, no_gpu
from kclass.keras_import import import_tensorflow

# A machine on which nothing seems to be missing, with the build of TensorFlow 2.21 for Linux.
BUILD = {"is_cuda_build": True, "cuda_version": "12.5.1", "cudnn_version": "9"}
COMPLETE = GpuSearch(platform="linux", driver=True, cuda=True, visible=None, version="2.21.0", build=BUILD)

# What `tf.sysconfig.get_build_info()` says of TensorFlow without CUDA.
FOR_CPUS = {"is_cuda_build": False, "is_rocm_build": False}


@pytest.mark.parametrize(
    ("lacking", "reason", "fix"),
    [
        ({"platform": "darwin"}, "it uses none under macOS", "Train on Linux with an NVIDIA GPU"),
        (
            {"platform": "win32"},
            "under Windows it uses one within WSL2 alone",
            "Install kclass[gpu] in WSL2",
        ),
        (
            {"driver": False, "cuda": False},
            "NVIDIA's driver is not loaded",
            "Install it, until `nvidia-smi` lists the GPU",
        ),
        (
            {"build": FOR_CPUS, "cuda": False},
            "TensorFlow 2.21.0 here was built for CPUs alone",
            "Replace it: `pip uninstall tensorflow-cpu`, then `pip install 'kclass[gpu]'`",
        ),
        ({"cuda": False}, "its CUDA packages are not installed", "Run `pip install 'kclass[gpu]'`"),
        ({"visible": "-1"}, "CUDA_VISIBLE_DEVICES is '-1', which hides them all", "Unset it"),
        ({"visible": ""}, "CUDA_VISIBLE_DEVICES is '', which hides them all", "Unset it"),
        (
            {"visible": "0"},
            "driver and CUDA packages are there, but do not serve TensorFlow 2.21.0, built with CUDA 12.5.1"
            " and cuDNN 9",
            "Update the driver to one for that CUDA and run `pip install --upgrade 'kclass[gpu]'`",
        ),
    ],
)
def test_the_error_says_what_keeps_tensorflow_from_a_gpu(
    lacking: dict[str, Any], reason: str, fix: str
) -> None:
    error = no_gpu(replace(COMPLETE, **lacking))
    assert error.message == f"device is gpu, but TensorFlow finds no GPU: {reason}"
    assert error.fix == f"{fix}, or use --device cpu."


def test_the_search_tells_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kclass.engines.gpus.DRIVER", tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    found = GpuSearch.here()
    assert (found.platform, found.driver, found.visible) == (sys.platform, True, "3")
    assert found.version == import_tensorflow().__version__
    assert "is_cuda_build" in found.build
    monkeypatch.setattr("kclass.engines.gpus.DRIVER", tmp_path / "none")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert (GpuSearch.here().driver, GpuSearch.here().visible) == (False, None)


class Growth:
    """Two GPUs of TensorFlow's, of which the first may have been told already how to take its memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, growing: bool, fails: Exception | None) -> None:
        self.gpus = [SimpleNamespace(name=name, growing=False) for name in ("GPU:0", "GPU:1")]
        self.gpus[0].growing = growing
        self.told: list[str] = []
        self.fails = fails
        config = import_tensorflow().config
        monkeypatch.setattr(config, "get_visible_devices", lambda kind: self.gpus if kind == "GPU" else [])
        monkeypatch.setattr(config.experimental, "get_memory_growth", lambda gpu: gpu.growing)
        monkeypatch.setattr(config.experimental, "set_memory_growth", self._set)

    def _set(self, gpu: Any, growing: bool) -> None:
        if self.fails:
            raise self.fails
        gpu.growing = growing
        self.told.append(gpu.name)


@pytest.mark.parametrize(("growing", "told"), [(False, ["GPU:0", "GPU:1"]), (True, ["GPU:1"])])
def test_memory_grows_on_every_gpu_that_was_not_told_so_before(
    growing: bool, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    growth = Growth(monkeypatch, growing=growing, fails=None)
    let_memory_grow()
    assert growth.told == told
    assert all(gpu.growing for gpu in growth.gpus)


def test_too_late_to_let_memory_grow_is_noted_and_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # TensorFlow's own words.
    late = RuntimeError("Physical devices cannot be modified after being initialized")
    Growth(monkeypatch, growing=True, fails=late)
    with caplog.at_level(logging.WARNING, "kclass"):
        let_memory_grow()
    (said,) = caplog.messages
    assert said == f"the memory of GPU:1 does not grow as needed: {late}"
