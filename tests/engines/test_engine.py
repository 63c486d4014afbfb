from typing import Any

import numpy as np
import pytest

from kclass.backbones.archive import Archive
from kclass.backbones.efficientnet_lite import lite0_archive
from kclass.engines.engine import open_engine, resolve_device
from kclass.engines.network import convert
from kclass.engines.openvino import OpenVinoEngine
from kclass.engines.tensorflow import TensorFlowEngine
from kclass.parallel import usable_cores


def test_a_cpu_runs_openvino_on_every_core_it_may_use(lite0: Archive) -> None:
    engine = open_engine(lite0, device="cpu", precision="f32")
    assert isinstance(engine, OpenVinoEngine)
    assert engine.workers == usable_cores()


def test_a_gpu_runs_tensorflow(lite0: Archive) -> None:
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


def test_otherwise_it_is_one_of_the_two() -> None:
    assert resolve_device("auto") in ("cpu", "gpu")
