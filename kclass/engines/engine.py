"""What every engine does, and which one a machine gets."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.engines.gpus import GpuSearch, cuda_installed, driver_loaded, let_memory_grow, no_gpu
from kclass.engines.kept import converted
from kclass.engines.network import Network
from kclass.keras_import import import_tensorflow
from kclass.parallel import usable_cores

DEVICES = ("auto", "cpu", "gpu")


@dataclass(frozen=True)
class EngineShape:
    """What is known of an engine before it is opened.

    Args:
        batch: how many photos it wants at a time, at most.
        workers: how many threads keep it busy, decoding included.
    """

    batch: int
    workers: int


class Engine(Protocol):
    """Runs a frozen network. Any number of threads may call `run` at once."""

    @property
    def batch(self) -> int:
        """How many photos `run` wants at a time, at most."""

    @property
    def workers(self) -> int:
        """How many threads keep it busy, decoding included."""

    def run(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of photos: raw RGB uint8 (n, size, size, 3) to float32 (n, features), n <= `batch`."""


def resolve_device(wanted: str) -> str:
    """The device to run on, as far as can be told without importing TensorFlow.

    "auto" is "gpu" where NVIDIA's driver is loaded and TensorFlow's CUDA packages are installed,
    else "cpu".
    """
    if wanted != "auto":
        return wanted
    return "gpu" if driver_loaded() and cuda_installed() else "cpu"


def check_device(wanted: str) -> str:
    """The device to run on, after a look at what TensorFlow itself finds; ready to be used.

    Returns:
        "gpu" or "cpu"; "auto" is "cpu" where TensorFlow finds no GPU.

    Raises:
        OptionError: "gpu" was asked for, and TensorFlow finds none; it says why.
    """
    device = resolve_device(wanted)
    if device == "cpu":
        return device
    if import_tensorflow().config.list_physical_devices("GPU"):
        let_memory_grow()
        return device
    if wanted == "auto":
        return "cpu"
    raise no_gpu(GpuSearch.here())


def engine_shape(device: str) -> EngineShape:
    """The shape of the engine that `open_engine` opens for "cpu" or "gpu"."""
    if device == "gpu":
        from kclass.engines.tensorflow import TensorFlowEngine

        return EngineShape(TensorFlowEngine.batch, TensorFlowEngine.workers)
    from kclass.engines.openvino import OpenVinoEngine

    return EngineShape(OpenVinoEngine.batch, usable_cores())


def open_engine(archive: Archive, *, device: str, precision: str, network: Network | None = None) -> Engine:
    """The engine that embeds many photos on this machine.

    Args:
        archive: the network, with or without head.
        device: "cpu" or "gpu".
        precision: "f32" or "bf16".
        network: the archive's network as converted before, if at hand.

    Raises:
        OptionError: TensorFlow finds no GPU.
    """
    if device == "gpu":
        from kclass.engines.tensorflow import TensorFlowEngine

        check_device(device)
        return TensorFlowEngine(archive, precision=precision)
    from kclass.engines.openvino import OpenVinoEngine

    return OpenVinoEngine(network or converted(archive), precision=precision, streams=usable_cores())
