import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from processes import python
from processes import run as run_process

from kclass.backbones.archive import Archive
from kclass.backbones.efficientnet_lite import embedded_weights
from kclass.backbones.keras_archive import keras_model
from kclass.backbones.torch_file import read_tensors
from kclass.engines.network import Network, convert
from kclass.engines.openvino import OpenVinoEngine
from kclass.engines.runtime import core
from kclass.engines.tensorflow import TensorFlowEngine
from kclass.keras_import import import_keras

NO_BF16 = "BF16" not in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
bf16 = pytest.mark.skipif(NO_BF16, reason="this processor does not compute in bf16")


@pytest.fixture(scope="module")
def network(lite0: Archive) -> Network:
    return convert(lite0)


@pytest.fixture(scope="module")
def in_f32(network: Network, cars: Any) -> NDArray[np.float32]:
    return features(OpenVinoEngine(network, precision="f32", streams=2), cars[0])


def features(engine: OpenVinoEngine, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.concatenate([engine.run(photo[None]) for photo in photos])


def cosines(one: Any, other: Any) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.sum(one * other, axis=1) / (
        np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    )
    return found


def test_in_f32_it_agrees_with_tensorflow_on_every_photo(
    reference_engine: TensorFlowEngine, cars: Any, in_f32: NDArray[np.float32]
) -> None:
    photos = cars[0][::4]
    assert len(photos) >= 60
    batches = [photos[at : at + 32] for at in range(0, len(photos), 32)]
    of_tensorflow = np.concatenate([reference_engine.run(batch) for batch in batches])
    assert cosines(of_tensorflow, in_f32[::4]).min() >= 0.9999
    tensors = read_tensors(embedded_weights())
    labels = [
        np.argmax(found @ tensors["_fc.weight"].T + tensors["_fc.bias"], axis=1)
        for found in (of_tensorflow, in_f32[::4])
    ]
    np.testing.assert_array_equal(*labels)
    assert len(set(labels[0])) > 10


@bf16
def test_in_bf16_it_keeps_the_direction_and_nearly_every_label(
    network: Network, cars: Any, in_f32: NDArray[np.float32]
) -> None:
    photos, names = cars
    in_bf16 = features(OpenVinoEngine(network, precision="bf16", streams=2), photos)
    assert not np.array_equal(in_bf16, in_f32)
    assert np.median(cosines(in_bf16, in_f32)) >= 0.999
    classes, labels = np.unique(names, return_inverse=True)
    assert len(classes) == 12
    head = ridge(in_f32, np.eye(12)[labels])
    changed = np.argmax(in_bf16 @ head, axis=1) != np.argmax(in_f32 @ head, axis=1)
    assert changed.mean() <= 0.01


def ridge(inputs: Any, targets: Any) -> Any:
    """Solves (X'X + I) W = X'Y."""
    return np.linalg.solve(inputs.T @ inputs + np.eye(inputs.shape[1]), inputs.T @ targets)


@pytest.mark.parametrize("precision", ["f32", pytest.param("bf16", marks=bf16)])
def test_up_to_a_cut_it_gives_the_places_in_float32(precision: str, lite0: Archive, cars: Any) -> None:
    photos, cut = cars[0][:2], "block4a_dwconv_pad"
    engine = OpenVinoEngine(convert(lite0, output=cut), precision=precision, streams=2)
    found = features(engine, photos)
    assert (found.shape, found.dtype) == ((2, 29, 29, 240), np.float32)
    whole = keras_model(lite0)
    model = import_keras().Model(whole.inputs[0], whole.get_layer(cut).output)
    expected = np.asarray(model(photos.astype(np.float32), training=False))
    close = cosines(found.reshape(2, -1), expected.reshape(2, -1))
    assert close.min() >= (0.9999 if precision == "f32" else 0.999)
    assert (np.abs(found - expected).max() < 1e-3) == (precision == "f32")


def test_features_stay_as_they_are_when_the_next_photo_passes(network: Network, cars: Any) -> None:
    engine = OpenVinoEngine(network, precision="f32", streams=1)
    first = engine.run(cars[0][:1])
    before = first.copy()
    engine.run(cars[0][1:2])
    assert np.array_equal(first, before)
    assert (first.shape, first.dtype) == ((1, 1280), np.float32)


def test_many_threads_get_what_one_gets(network: Network, cars: Any, in_f32: NDArray[np.float32]) -> None:
    engine = OpenVinoEngine(network, precision="f32", streams=2)
    start = threading.Barrier(6)

    def run(first: int) -> Any:
        start.wait()
        return features(engine, cars[0][first::6][:5])

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(run, range(6)))
    for first, of_thread in enumerate(found):
        np.testing.assert_allclose(of_thread, in_f32[first::6][:5], atol=1e-5)


def test_it_keeps_as_many_threads_busy_as_it_has_streams(network: Network) -> None:
    engine = OpenVinoEngine(network, precision="f32", streams=3)
    assert (engine.workers, engine.batch) == (3, 1)


FIRST_AT_ONCE = """
import sys, threading
import numpy as np
from kclass.backbones.registry import IMAGENET, open_backbone
from kclass.engines.network import convert
from kclass.engines.openvino import OpenVinoEngine
network = convert(open_backbone("efficientnet_lite0", weights=IMAGENET, size=64, seed=0))
engines = [OpenVinoEngine(network, precision="f32", streams=2) for _ in range(2)]
start = threading.Barrier(6)
def run(place):
    start.wait()
    found.append(engines[place % 2].run(np.full((1, 64, 64, 3), 100, np.uint8)))
found = []
threads = [threading.Thread(target=run, args=(place,), daemon=True) for place in range(6)]
[each.start() for each in threads]
[each.join() for each in threads]
print(len(found), len({each.tobytes() for each in found}))
"""


def test_threads_that_are_the_first_in_a_process_do_not_wait_for_each_other(tmp_path: Path) -> None:
    ended = run_process(*python(FIRST_AT_ONCE), cwd=tmp_path)
    assert (ended.stdout, ended.stderr) == ("6 1\n", "")
