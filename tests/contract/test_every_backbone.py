"""The battery that every backbone passes, at a size that no stride divides."""

import gc
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import backbone_battery as battery
import numpy as np
import pytest
from backbone_battery import CLASSES, IN_FLOAT32, PHOTOS, SIZE, Subject
from small_fits import write_photos

import kclass
from kclass.backbones.archive import LOGITS, read_archive
from kclass.backbones.keras_archive import keras_model
from kclass.backbones.registry import BACKBONES, SCRATCH_NETWORKS, open_backbone, weights_here
from kclass.backbones.stages import stages_of
from kclass.engines.direct import convertible
from kclass.engines.network import features_layer
from kclass.engines.runtime import core
from kclass.engines.tensorflow import TensorFlowEngine
from kclass.errors import OptionError
from kclass.explanation.explaining import explain_photos
from kclass.explanation.gradients import GradientNetwork
from kclass.explanation.layers import archive_graph, explained_layer, keras_graph
from kclass.explanation.methods import GRAD_CAM
from kclass.keras_import import import_keras

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)

# The default, with real weights, and one trained from scratch; every other one is `slow`.
SOON_DONE = ("efficientnet_lite0", "scratch-small")

# How far probabilities may be from those in float32, in the mean. With random weights the deepest networks
# come near these, 0.15 and 0.08; most are at a tenth of them.
HALVES = {"mixed_bfloat16": 0.2, "mixed_float16": 0.1}

# How far probabilities of two engines may be from each other; random weights let the last digit grow.
AGREEMENT = 2e-3

# How far single features may be apart, as a share of the largest; the deepest networks take a tenth.
DIGITS = 1e-2

# Steps that float16 skips at most, each time halving the scale of a loss whose gradient was too large.
MOST_SKIPPED = 12

EVEN_SIZE = 96
NO_BF16 = "BF16" not in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")

# The bars of engines. What bf16 costs depends on the network: random weights let small errors grow
# from layer to layer, so that TensorFlow's own bf16 gives MobileNetV2 a cosine of 0.970. There, and
# where real weights see photos of a third of their size, the engine may err as TensorFlow does, times
# this. benchmarks/precision.py holds the default network to the bar at its own size.
F32_BAR, BF16_BAR, AS_TENSORFLOW = 0.9999, 0.999, 2


@pytest.fixture(
    scope="module",
    params=[name if name in SOON_DONE else pytest.param(name, marks=pytest.mark.slow) for name in BACKBONES],
)
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """One backbone after the other: of each, only one is in memory at a time."""
    name = request.param
    if BACKBONES[name].weights_package and not weights_here(name):
        pytest.skip(f"{BACKBONES[name].weights_package} is not installed")
    folder = tmp_path_factory.mktemp(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KCLASS_CACHE", str(folder / "cache"))
        yield battery.battery_subject(name, folder)
    import_keras().backend.clear_session()
    gc.collect()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def model(subject: Subject) -> Any:
    """With a head, as Keras opens it."""
    return keras_model(subject.headed)


def test_its_file_is_opened_by_plain_keras(
    subject: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {module.partition(".")[0] for module in modules(subject.headed.graph)} <= {"builtins", "keras"}
    subject.headed.write(tmp_path / "model.keras")
    monkeypatch.setitem(sys.modules, "keras_cv", None)
    opened = import_keras().saving.load_model(tmp_path / "model.keras", safe_mode=True)
    found = np.asarray(opened(battery.battery_photos().astype(np.float32), training=False))
    assert np.abs(found - subject.expected).max() < AGREEMENT
    assert np.ptp(found, axis=0).max() > 1e-3


def modules(config: Any) -> Iterator[str]:
    """Where Keras looks for the classes of a saved graph."""
    for part in config.values() if isinstance(config, dict) else config:
        if isinstance(part, dict | list):
            yield from modules(part)
    if isinstance(config, dict) and isinstance(config.get("module"), str):
        yield config["module"]


def test_its_file_does_not_depend_on_the_process_that_built_it(subject: Subject) -> None:
    assert "shared_object_id" not in json.dumps(subject.archive.graph)


def test_the_engines_agree(subject: Subject) -> None:
    reference = TensorFlowEngine(subject.archive, precision="f32").run(battery.battery_photos())
    assert battery.cosines(subject.features, reference).min() >= F32_BAR
    np.testing.assert_allclose(subject.features, reference, rtol=0, atol=DIGITS * np.abs(reference).max())
    assert np.ptp(reference, axis=0).max() > 1e-2 * np.abs(reference).max()


@pytest.mark.skipif(NO_BF16, reason="this processor does not compute in bf16")
def test_in_bf16_the_engine_keeps_the_direction(subject: Subject) -> None:
    kept = np.median(battery.cosines(subject.run("bf16"), subject.features))
    if kept < BF16_BAR:
        keras = import_keras()
        half = battery.open_for_training(subject, policy="mixed_bfloat16")
        of_tensorflow = keras.Model(half.inputs[0], half.get_layer(LOGITS).input)
        found = np.asarray(of_tensorflow(battery.battery_photos().astype(np.float32)), np.float32)
        assert 1 - kept <= AS_TENSORFLOW * (1 - np.median(battery.cosines(found, subject.features)))


def test_it_is_converted_without_keras(subject: Subject) -> None:
    assert convertible(subject.archive, features_layer(subject.archive))


def test_a_fit_leaves_its_weights_as_they_are(subject: Subject, tmp_path: Path) -> None:
    if subject.name in SCRATCH_NETWORKS:
        pytest.skip("none of its weights are frozen")
    data = write_photos(tmp_path / "trees", {"ash": 6, "birch": 6})
    chosen: dict[str, Any] = {"backbone": subject.name, "weights": subject.weights, "size": EVEN_SIZE}
    kclass.fit(data, **chosen, out=tmp_path / "run")
    opened = subject.archive.layer_weights
    found = read_archive(tmp_path / "run" / "model.keras").layer_weights
    assert found.pop(LOGITS)[0].shape == (BACKBONES[subject.name].features, 2)
    assert found.keys() == opened.keys()
    for name, arrays in opened.items():
        for array, of_fit in zip(arrays, found[name], strict=True):
            np.testing.assert_array_equal(array, of_fit)


def test_a_training_step_lowers_the_loss_and_moves_only_what_it_trains(subject: Subject) -> None:
    """A step along the gradient g lowers the loss by its length times |g|, if the gradient is right."""
    model = battery.open_for_training(subject, policy="float32")
    before = {weight.path: weight.numpy() for weight in model.weights}
    loss, gradients = battery.gradient(model)
    wanted = battery.LOWERED_BY * loss
    optimizer = import_keras().optimizers.SGD(battery.learning_rate(loss, gradients))
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    after, _ = battery.gradient(model)
    assert 0.5 * wanted < loss - after < 1.5 * wanted
    moved = {weight.path for weight in model.weights if not np.array_equal(before[weight.path], weight)}
    assert {path.split("/")[-2] for path in moved} <= subject.trained
    assert any(path.split("/")[-2] == LOGITS for path in moved) and len(moved) > 2


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_a_training_step_runs_in_mixed_precision(subject: Subject, model: Any, policy: str) -> None:
    half = battery.open_for_training(subject, policy=policy)
    computed = {layer.compute_dtype for layer in half.layers if layer.name not in IN_FLOAT32}
    assert computed == {policy.removeprefix("mixed_")}
    assert {weight.dtype for weight in half.trainable_variables} == {"float32"}
    photos = battery.battery_photos().astype(np.float32)
    found = half(photos, training=False)
    assert found.dtype == "float32"
    assert np.abs(np.asarray(found) - subject.expected).mean() < HALVES[policy]
    half.compile(import_keras().optimizers.SGD(battery.learning_rate(*battery.gradient(half))))
    scaled = type(half.optimizer).__name__ == "LossScaleOptimizer"
    assert scaled == (policy == "mixed_float16")
    for _ in range(MOST_SKIPPED + 1 if scaled else 1):
        _, gradients = battery.gradient(half, scale=half.optimizer.scale_loss)
        half.optimizer.apply(gradients, half.trainable_variables)
    after = np.asarray(half(photos, training=False))
    assert np.isfinite(after).all()
    assert not np.array_equal(after, found)


def test_an_explanation_looks_at_the_layer_that_the_registry_names(subject: Subject, model: Any) -> None:
    wanted = BACKBONES[subject.name].explained
    assert explained_layer(archive_graph(subject.headed)) == wanted
    assert explained_layer(keras_graph(model)) == wanted
    network = GradientNetwork(model)
    found = explain_photos(network, battery.battery_photos(), method=GRAD_CAM)
    assert found.layer == wanted
    assert found.maps.shape == (PHOTOS, *network.map_shape[:2])
    assert np.isfinite(found.maps).all()
    assert found.peaks.max() > 0
    np.testing.assert_allclose(found.probabilities, subject.expected, atol=AGREEMENT)


def test_the_registry_tells_the_truth_about_its_stages_and_features(subject: Subject) -> None:
    row = BACKBONES[subject.name]
    assert tuple(stages_of(subject.archive)) == row.stages
    assert subject.features.shape == (PHOTOS, row.features)


def test_a_photo_alone_gives_what_it_gives_among_others(subject: Subject, model: Any) -> None:
    photos = battery.battery_photos().astype(np.float32)
    alone = np.asarray(model(photos[2:3], training=False))
    assert alone.shape == (1, CLASSES)
    np.testing.assert_allclose(alone[0], subject.expected[2], atol=AGREEMENT)


@pytest.mark.parametrize("name", [name for name, row in BACKBONES.items() if row.frozen])
def test_photos_that_are_too_small_for_it_are_refused(name: str) -> None:
    row = BACKBONES[name]
    with pytest.raises(OptionError) as caught:
        open_backbone(name, weights="none", size=row.least_size - 1, seed=0)
    least, size = row.least_size, row.size
    assert caught.value.message == f"size is {least - 1}; {name} takes {least} or more"
    assert caught.value.fix == f"Leave it out, and photos of {size} pixels are used."
    assert least <= SIZE < size
