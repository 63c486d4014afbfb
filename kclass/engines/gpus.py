"""GPUs that TensorFlow may use: whether there can be any, why there are none, and their memory."""

import importlib.util
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kclass.errors import OptionError
from kclass.keras_import import import_tensorflow

LOGGER = logging.getLogger("kclass")

# NVIDIA's driver for Linux makes this folder when it is loaded.
DRIVER = Path("/proc/driver/nvidia/gpus")

VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class GpuSearch:
    """What there was for TensorFlow to find a GPU by.

    Args:
        platform: as `sys.platform` names it.
        driver: whether NVIDIA's driver is loaded.
        cuda: whether the CUDA packages are installed that `tensorflow[and-cuda]` brings.
        visible: the environment variable CUDA_VISIBLE_DEVICES, if there is one.
        version: of TensorFlow.
        build: what TensorFlow was built with: `tf.sysconfig.get_build_info()`.
    """

    platform: str
    driver: bool
    cuda: bool
    visible: str | None
    version: str
    build: Mapping[str, Any] = field(repr=False)

    @classmethod
    def here(cls) -> "GpuSearch":
        """On this machine, in this process."""
        tf = import_tensorflow()
        return cls(
            platform=sys.platform,
            driver=driver_loaded(),
            cuda=cuda_installed(),
            visible=os.environ.get(VISIBLE),
            version=tf.__version__,
            build=tf.sysconfig.get_build_info(),
        )


def driver_loaded() -> bool:
    """Whether NVIDIA's driver is."""
    return DRIVER.is_dir()


def cuda_installed() -> bool:
    """Whether the packages are there that `tensorflow[and-cuda]` brings; nothing is imported."""
    nvidia = importlib.util.find_spec("nvidia")
    places = (nvidia.submodule_search_locations if nvidia else None) or ()
    return any((Path(place) / "cudnn").is_dir() for place in places)


def no_gpu(search: GpuSearch) -> OptionError:
    """The error for a GPU that was asked for and that TensorFlow does not find: why, and what to do.

    Source:
        What TensorFlow runs on: https://www.tensorflow.org/install/pip.
    """
    reason, fix = _reason(search)
    return OptionError(
        f"device is gpu, but TensorFlow finds no GPU: {reason}", fix=f"{fix}, or use --device cpu."
    )


def _reason(search: GpuSearch) -> tuple[str, str]:
    if search.platform == "darwin":
        return "it uses none under macOS", "Train on Linux with an NVIDIA GPU"
    if search.platform == "win32":
        return "under Windows it uses one within WSL2 alone", "Install kclass[gpu] in WSL2"
    if not search.driver:
        return "NVIDIA's driver is not loaded", "Install it, until `nvidia-smi` lists the GPU"
    if not search.build.get("is_cuda_build"):
        return (
            f"TensorFlow {search.version} here was built for CPUs alone",
            "Replace it: `pip uninstall tensorflow-cpu`, then `pip install 'kclass[gpu]'`",
        )
    if not search.cuda:
        return "its CUDA packages are not installed", "Run `pip install 'kclass[gpu]'`"
    if search.visible in ("", "-1"):
        return f"{VISIBLE} is {search.visible!r}, which hides them all", "Unset it"
    return (
        f"driver and CUDA packages are there, but do not serve TensorFlow {search.version}, built with"
        f" CUDA {search.build.get('cuda_version')} and cuDNN {search.build.get('cudnn_version')}",
        "Update the driver to one for that CUDA and run `pip install --upgrade 'kclass[gpu]'`",
    )


def let_memory_grow() -> None:
    """Have TensorFlow take the memory of GPUs as it needs it, rather than all of it at once.

    That can be chosen until TensorFlow first uses a device. Afterwards training works as well, so it
    is noted in the log and no error.
    """
    config = import_tensorflow().config
    for gpu in config.get_visible_devices("GPU"):
        if config.experimental.get_memory_growth(gpu):
            continue
        try:
            config.experimental.set_memory_growth(gpu, True)
        except (RuntimeError, ValueError) as error:  # in use already, or its memory was parted otherwise
            LOGGER.warning("the memory of %s does not grow as needed: %s", gpu.name, error)
