import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import processes
import pytest

from kclass.engines.runtime import core
from kclass.engines.training_device import (
    TrainingDevice,
    evenly_shared,
    memory_used,
    strategy_of,
    training_device,
)
from kclass.errors import OptionError
from kclass.keras_import import import_tensorflow

CPU = TrainingDevice("cpu", "float32", False, ("CPU:0",))
TWO = TrainingDevice("cpu", "float32", False, ("CPU:0", "CPU:1"))

BF16_HERE = "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")

TURING = {"device_name": "Tesla T4", "compute_capability": (7, 5)}
AMPERE = {"device_name": "NVIDIA A100", "compute_capability": (8, 0)}
PASCAL = {"device_name": "GTX 1080", "compute_capability": (6, 1)}
APPLE: dict[str, Any] = {"device_name": "METAL"}


def find_gpus(monkeypatch: pytest.MonkeyPatch, *details: dict[str, Any], hidden: bool = False) -> None:
    """Lets TensorFlow find GPUs of which it knows these details."""
    gpus = [SimpleNamespace(name=f"GPU:{place}", details=each) for place, each in enumerate(details)]
    config = import_tensorflow().config

    def listed(kind: str) -> list[Any]:
        return gpus if kind == "GPU" else []

    monkeypatch.setattr(config, "list_physical_devices", listed)
    monkeypatch.setattr(config, "get_visible_devices", lambda kind: [] if hidden else listed(kind))
    monkeypatch.setattr(config.experimental, "get_device_details", lambda gpu: gpu.details)
    monkeypatch.setattr(config.experimental, "get_memory_growth", lambda gpu: True)


@pytest.mark.parametrize(
    ("precision", "policy"),
    [
        ("f32", "float32"),
        ("bf16", "mixed_bfloat16"),
        ("auto", "mixed_bfloat16" if BF16_HERE else "float32"),
    ],
)
def test_a_cpu_trains_in_the_precision_asked_for_and_never_by_xla(precision: str, policy: str) -> None:
    assert training_device("cpu", precision) == TrainingDevice("cpu", policy, False, ("CPU:0",))


@pytest.mark.parametrize(
    ("precision", "gpu", "policy"),
    [
        ("f32", AMPERE, "float32"),
        ("auto", AMPERE, "mixed_float16"),
        ("auto", {"compute_capability": (7, 0)}, "mixed_float16"),
        ("auto", PASCAL, "float32"),
        ("auto", APPLE, "float32"),
        ("bf16", AMPERE, "mixed_bfloat16"),
    ],
)
def test_a_gpu_trains_in_what_it_is_fast_in_and_by_xla_where_that_can_be(
    precision: str, gpu: dict[str, Any], policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_gpus(monkeypatch, gpu)
    assert training_device("gpu", precision) == TrainingDevice("gpu", policy, "auto", ("GPU:0",))


def test_several_gpus_share_batches_in_what_all_of_them_are_fast_in(monkeypatch: pytest.MonkeyPatch) -> None:
    find_gpus(monkeypatch, AMPERE, PASCAL)
    assert training_device("gpu", "auto") == TrainingDevice("gpu", "float32", "auto", ("GPU:0", "GPU:1"))


@pytest.mark.parametrize(
    ("gpus", "whose"),
    [
        ((TURING,), "Tesla T4 has not: its compute capability is 7.5"),
        ((AMPERE, PASCAL), "GTX 1080 has not: its compute capability is 6.1"),
        ((APPLE,), "METAL has not: its compute capability is unknown"),
    ],
)
def test_bf16_on_a_gpu_without_it_is_refused(
    gpus: tuple[dict[str, Any], ...], whose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_gpus(monkeypatch, *gpus)
    with pytest.raises(OptionError) as raised:
        training_device("gpu", "bf16")
    assert raised.value.message == f"precision is bf16, which {whose}, and bf16 needs 8.0"
    assert raised.value.fix == (
        "Use --precision auto, which takes float16 where it is fast, or --precision f32."
    )


def test_gpus_that_the_program_has_hidden_are_not_taken_for_there(monkeypatch: pytest.MonkeyPatch) -> None:
    find_gpus(monkeypatch, AMPERE, hidden=True)
    with pytest.raises(
        OptionError, match=r"hidden every GPU from TensorFlow \(set_visible_devices\)"
    ) as raised:
        training_device("gpu", "f32")
    assert raised.value.fix == "Leave one visible, or use --device cpu."


@pytest.mark.parametrize(
    ("device", "precision", "message"),
    [
        ("tpu", "f32", "device is 'tpu'; it must be one of auto, cpu, gpu"),
        ("cpu", "f16", "precision is 'f16'; it must be one of auto, bf16, f32"),
    ],
)
def test_other_words_are_refused(device: str, precision: str, message: str) -> None:
    with pytest.raises(OptionError) as raised:
        training_device(device, precision)
    assert raised.value.message == message


def test_one_device_needs_no_strategy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert strategy_of(CPU) is None
    find_gpus(monkeypatch, AMPERE)
    assert strategy_of(training_device("gpu", "f32")) is None


def test_a_cpu_is_taken_where_tensorflow_would_take_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    find_gpus(monkeypatch, AMPERE)
    (device,) = strategy_of(CPU).extended.worker_devices
    assert device.endswith("CPU:0")


def test_memory_is_that_of_the_gpu_which_used_most(monkeypatch: pytest.MonkeyPatch) -> None:
    used = {"GPU:0": {"current": 1, "peak": 2**30}, "GPU:1": {"current": 2, "peak": 2**31}}
    monkeypatch.setattr(import_tensorflow().config.experimental, "get_memory_info", lambda name: used[name])
    assert memory_used(TrainingDevice("gpu", "float32", "auto", ("GPU:0", "GPU:1"))) == 2**31
    assert memory_used(CPU) is None


def test_one_replica_gets_batches_as_they_are() -> None:
    batches = import_tensorflow().data.Dataset.from_tensor_slices([1, 2, 3]).batch(2)
    assert evenly_shared(batches, CPU) is batches


@pytest.mark.parametrize("weighed", [False, True])
def test_a_batch_is_filled_up_with_photos_that_count_nothing(weighed: bool) -> None:
    tf = import_tensorflow()
    photos, labels = np.arange(10, dtype=np.uint8).reshape(5, 2), np.arange(5, dtype=np.int32)
    weights = np.array([1, 2, 3, 4, 5], np.float32)
    arrays = (photos, labels, weights) if weighed else (photos, labels)
    shared = evenly_shared(tf.data.Dataset.from_tensor_slices(arrays).batch(4), TWO)
    (_, whole), (last_photos, last) = [(batch[0], batch[1:]) for batch in shared.as_numpy_iterator()]
    assert whole[0].tolist() == [0, 1, 2, 3]
    assert whole[1].tolist() == ([1, 2, 3, 4] if weighed else [1, 1, 1, 1])
    assert (last_photos.tolist(), last_photos.dtype) == ([[8, 9], [8, 9]], np.uint8)
    assert last[0].tolist() == [4, 4]
    assert last[1].tolist() == ([10, 0] if weighed else [2, 0])
    assert shared.element_spec[0].shape.as_list() == [None, 2]


# Trains the same small network with and without a strategy, and prints the losses of the epochs and the
# weights in the end. 113 photos in batches of 16 leave one for the last, which two replicas cannot share.
TRAIN = """
import contextlib, json, sys
import numpy as np
from kclass.batches.rows import batches_of
from kclass.engines.training_device import TrainingDevice, evenly_shared, strategy_of
from kclass.keras_import import import_keras, import_tensorflow

tf, keras = import_tensorflow(), import_keras()
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
random = np.random.default_rng(1)
photos = random.integers(0, 256, (113, 8, 8, 3), dtype=np.uint8)
labels = random.integers(0, 3, len(photos)).astype(np.int32)
photos[labels == 1] //= 2
photos[labels == 2, :, :, 0] //= 3


def batches():
    like = tf.TensorSpec((None, 8, 8, 3), tf.uint8), tf.TensorSpec((None,), tf.int32)
    return batches_of(len(photos), lambda places: (photos[places], labels[places]), like, batch_size=16)


class Staged(keras.optimizers.Adam):
    def update_step(self, gradient, variable, learning_rate):
        slower = 0.3 if self._get_variable_index(variable) == 0 else 1.0
        super().update_step(gradient, variable, learning_rate * slower)


def trained(device):
    strategy = strategy_of(device)
    keras.utils.set_random_seed(1)
    with contextlib.nullcontext() if strategy is None else strategy.scope():
        layers = [keras.layers.Rescaling(1 / 127.5, -1), keras.layers.Conv2D(8, 3, activation="relu")]
        layers += [keras.layers.Flatten(), keras.layers.Dense(3)]
        network = keras.Sequential([keras.Input((8, 8, 3)), *layers])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        network.compile(Staged(3e-3, use_ema=True, ema_momentum=0.8), loss, jit_compile=device.jit)
        fitted = network.fit(evenly_shared(batches(), device), epochs=4, shuffle=False, verbose=0)
        shown = network.predict(batches(), verbose=0)
    replicas = 1 if strategy is None else strategy.num_replicas_in_sync
    weights = np.concatenate([array.ravel() for array in network.get_weights()])
    return fitted.history["loss"], weights.tolist(), len(shown), replicas


for replicas in (("CPU:0",), ("CPU:0", "CPU:1")):
    print(json.dumps(trained(TrainingDevice("cpu", "float32", False, replicas))))
"""


@pytest.mark.slow
def test_two_replicas_learn_what_one_device_does(tmp_path: Path) -> None:
    """By an optimizer with a rate for each layer and moving averages, which Keras leaves as the weights."""
    variables = {"TF_NUM_INTRAOP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = processes.run(*processes.python(TRAIN), cwd=tmp_path, variables=variables)
    assert done.returncode == 0, done.stderr
    one, two = (json.loads(line) for line in done.stdout.splitlines())
    (losses, weights, *counted), (shared_losses, shared_weights, *shared_counted) = one, two
    assert (counted, shared_counted) == ([113, 1], [113, 2])
    np.testing.assert_allclose(shared_losses, losses, rtol=0.02)
    assert losses[-1] < 0.9 * losses[0]
    np.testing.assert_allclose(shared_weights, weights, atol=1e-5)
