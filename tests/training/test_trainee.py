import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny_training import (
    FEATURES,
    LABELS,
    PHOTOS,
    STAGES,
    VECTORS,
    all_of,
    backbone,
    bright_and_dark,
    features,
    fine_tuned,
    head_alone,
    lesson,
    phase,
    same,
    scratch,
    weights_of,
    with_head,
)

from kclass.backbones.archive import Archive
from kclass.backbones.keras_archive import archive_of, keras_model
from kclass.backbones.registry import build_network, open_backbone
from kclass.engines.training_device import BFLOAT16
from kclass.keras_import import import_keras
from kclass.training.epochs import CPU, compiled
from kclass.training.stepping import seed_dropout
from kclass.training.trainee import Trainee, head_and_backbone, with_policy

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras's variables
)

PIXELS = PHOTOS.astype(np.float32)


def stepped(trainee: Trainee, given: NDArray[Any], *, rate: float, steps: int = 1) -> list[float]:
    """The losses of training steps."""
    sgd = phase(optimizer="sgd", momentum=0.0)
    trainer = compiled(trainee, features(lesson()), sgd, CPU)
    trainer.optimizer.learning_rate = rate
    losses = []
    for _ in range(steps):
        losses.append(float(trainer.train_on_batch(given, LABELS)))
    return losses


def changed(before: Archive, after: Archive) -> dict[str, list[bool]]:
    """Which weights differ, by layer."""
    pairs = {
        name: zip(old, after.layer_weights[name], strict=True) for name, old in before.layer_weights.items()
    }
    return {name: [bool((old != new).any()) for old, new in arrays] for name, arrays in pairs.items()}


def cross_entropy(logits: NDArray[Any]) -> float:
    exact = logits.astype(np.float64)
    own = exact[np.arange(len(exact)), LABELS] - np.log(np.exp(exact).sum(axis=1))
    return -float(own.mean())


def given_by(archive: Archive, layer: str, pixels: NDArray[Any] = PIXELS) -> NDArray[np.float32]:
    """What Keras itself says that a layer gives for photos."""
    network = keras_model(archive)
    up_to: NDArray[np.float32] = (
        import_keras().Model(network.inputs[0], network.get_layer(layer).output)(pixels).numpy()
    )
    return up_to


# Kernel and bias; and gamma, beta, mean and variance.
DENSE, NORM = [True, True], [True] * 4


def test_a_step_changes_the_head_alone_if_the_backbone_is_frozen() -> None:
    trainee = head_alone(with_head(dropout=0.0))
    stepped(trainee, VECTORS, rate=0.1)
    found = changed(trainee.archive, trainee.trained())
    assert found.pop("hidden1") == found.pop("logits") == DENSE
    assert len(found) == 6
    assert not any(any(arrays) for arrays in found.values())


@pytest.mark.parametrize("cut", [None, "relu1", "relu2"])
def test_a_step_changes_the_stages_asked_for_and_leaves_the_statistics_of_others(cut: str | None) -> None:
    trainee = fine_tuned(with_head(dropout=0.0), "stage3", cut=cut)
    given = PIXELS if cut is None else given_by(trainee.archive, cut)
    stepped(trainee, given, rate=0.1)
    assert changed(trainee.archive, trainee.trained()) == {
        **{name: [False, False] for name in ("conv1", "conv2")},
        **{name: [False] * 4 for name in ("norm1", "norm2")},
        "conv3": DENSE,
        "norm3": NORM,
        "hidden1": DENSE,
        "logits": DENSE,
    }


def single(layer: str, *, cut: str) -> Trainee:
    archive = with_head(dropout=0.0)
    return head_and_backbone(archive, FEATURES, stages={"stage3": (layer,)}, cut=cut, policy="float32")


def test_single_layers_can_be_learned() -> None:
    for layer, cut in (("norm3", "conv3"), ("conv3", "relu2")):
        trainee = single(layer, cut=cut)
        stepped(trainee, given_by(trainee.archive, cut), rate=0.1)
        found = changed(trainee.archive, trainee.trained())
        assert {name for name, arrays in found.items() if any(arrays)} == {layer, "hidden1", "logits"}


def test_batch_norm_that_is_frozen_works_as_in_inference_and_that_is_learned_as_in_training() -> None:
    # Steps of no size, so that the losses are those of the network as it is.
    archive = with_head(dropout=0.0)
    given = given_by(archive, "relu2")
    frozen = stepped(single("conv3", cut="relu2"), given, rate=0.0)[0]
    learned = stepped(single("norm3", cut="relu2"), given, rate=0.0)[0]
    logits = given_by(archive, "logits")
    assert frozen == pytest.approx(cross_entropy(logits), rel=1e-5)
    values = given_by(archive, "conv3")
    mean, variance = values.mean(axis=(0, 1, 2)), values.var(axis=(0, 1, 2))
    normed = np.maximum((values - mean) / np.sqrt(variance + 1e-3), 0).mean(axis=(1, 2))
    kernels = archive.layer_weights
    hidden = np.tanh(normed @ kernels["hidden1"][0] + kernels["hidden1"][1])
    own = cross_entropy(hidden @ kernels["logits"][0] + kernels["logits"][1])
    assert learned == pytest.approx(own, rel=1e-4)
    assert learned != pytest.approx(frozen, rel=1e-2)


def test_of_a_network_from_scratch_everything_changes_statistics_too() -> None:
    trainee = all_of(scratch(dropout=0.0))
    stepped(trainee, PIXELS, rate=0.1)
    assert changed(trainee.archive, trainee.trained()) == {"conv": DENSE, "norm": [True] * 4, "logits": DENSE}


def test_dropout_of_the_head_is_at_work_in_training_and_none_before_the_cut() -> None:
    # Steps of no size: losses differ only if something is drawn anew. The backbone's own dropout lies
    # before the cut.
    given = given_by(with_head(), "relu2")
    dropped, calm = (
        stepped(fine_tuned(with_head(dropout=dropout), cut="relu2"), given, rate=0.0, steps=3)
        for dropout in (0.5, 0.0)
    )
    assert len(set(dropped)) == 3
    assert len(set(calm)) == 1


def test_dropout_of_stages_that_are_learned_is_at_work_in_training() -> None:
    trainee = fine_tuned(with_head(dropout=0.0), "stage1", "stage2", "stage3")
    assert len(set(stepped(trainee, PIXELS, rate=0.0, steps=3))) == 3


def test_dropout_of_a_network_from_scratch_is_at_work_in_training() -> None:
    trainee = all_of(scratch(dropout=0.5))
    assert len(set(stepped(trainee, PIXELS, rate=0.0, steps=3))) == 3


def test_random_layers_draw_what_seed_and_epoch_say_each_its_own() -> None:
    trainee = head_alone(with_head(hidden=(4, 4)))

    def drawn(seed: int, epoch: int) -> list[float]:
        seed_dropout(trainee.whole, seed=seed, epoch=epoch)
        return [float(np.sum(trainee.trainer(VECTORS, training=True))) for _ in range(2)]

    first = drawn(0, 1)
    assert first[0] != first[1]
    assert drawn(0, 1) == first
    assert len({*first, *drawn(1, 1), *drawn(0, 2), *drawn(2**63 - 1, 1)}) == 8
    states = [layer.seed_generator.state.numpy() for layer in trainee.whole.layers if "dropout" in layer.name]
    assert len({tuple(state) for state in states}) == len(states) == 3


@pytest.mark.parametrize("cut", [None, "relu1", "relu2"])
def test_the_trainer_gives_the_logits_of_the_whole_network_from_the_cut_on(cut: str | None) -> None:
    trainee = fine_tuned(cut=cut)
    given = PIXELS if cut is None else given_by(trainee.archive, cut)
    logits = trainee.trainer(given).numpy()
    assert logits == pytest.approx(given_by(trainee.archive, "logits"), abs=1e-5)
    assert head_alone().trainer(given_by(trainee.archive, FEATURES)).numpy() == pytest.approx(
        logits, abs=1e-5
    )


# Rates


def test_rates_rise_from_stage_to_stage_by_the_same_factor_up_to_the_head() -> None:
    trainee = fine_tuned(with_head(), "stage1", "stage2", "stage3")
    names = [variable.path.split("/")[0] for variable in trainee.trainer.trainable_variables]
    assert set(names) == {*STAGES["stage1"], *STAGES["stage2"], *STAGES["stage3"], "hidden1", "logits"}
    wanted = {"conv1": 0.001, "norm1": 0.001, "conv2": 0.01, "norm2": 0.01, "conv3": 0.1, "norm3": 0.1}
    assert trainee.shares(0.001) == pytest.approx([wanted.get(name, 1.0) for name in names])
    assert trainee.shares(1.0) == [1.0] * len(names)


def test_the_first_stage_that_is_trained_has_the_share_asked_for() -> None:
    assert sorted(set(fine_tuned().shares(0.25))) == [0.25, 1.0]
    assert sorted(set(fine_tuned(with_head(), "stage2", "stage3").shares(0.25))) == [0.25, 0.5, 1.0]


@pytest.mark.parametrize("trainee", [head_alone, all_of])
def test_without_stages_all_is_learned_at_the_same_rate(trainee: Any) -> None:
    assert set(trainee().shares(0.1)) == {1.0}


def test_shares_reach_the_steps_of_their_layers() -> None:
    def moved(stage_lr: float) -> dict[str, float]:
        trainee = fine_tuned(with_head(dropout=0.0))
        sgd = phase(optimizer="sgd", momentum=0.0, stage_lr=stage_lr)
        trainer = compiled(trainee, features(lesson()), sgd, CPU)
        trainer.optimizer.learning_rate = 0.1
        trainer.train_on_batch(PIXELS, LABELS)
        new = trainee.trained().layer_weights
        return {
            name: float(np.abs(new[name][0] - trainee.archive.layer_weights[name][0]).sum())
            for name in ("conv3", "norm3", "logits")
        }

    whole, half = moved(1.0), moved(0.5)
    assert half["conv3"] == pytest.approx(whole["conv3"] / 2, rel=1e-3)
    assert half["norm3"] == pytest.approx(whole["norm3"] / 2, rel=1e-3)
    assert half["logits"] == pytest.approx(whole["logits"], rel=1e-3)


# Precision


@pytest.mark.parametrize("archive", [with_head, scratch])
def test_in_bf16_all_layers_compute_but_the_logits_and_what_prepares_photos(archive: Any) -> None:
    network = keras_model(with_policy(archive(), BFLOAT16))
    spared = {layer.name for layer in network.layers if layer.compute_dtype != "bfloat16"} - {"photo"}
    assert spared == {"scaling", "logits", "probabilities"}
    assert {weight.dtype for layer in network.layers for weight in layer.weights} == {"float32"}
    assert network(PIXELS).dtype == "float32"


@pytest.mark.slow
def test_real_backbones_take_a_policy_too() -> None:
    archive = open_backbone("efficientnet_lite0", weights="none", size=32, seed=0)
    network = keras_model(with_policy(archive, BFLOAT16))
    kinds = {type(layer).__name__ for layer in network.layers if layer.compute_dtype == "bfloat16"}
    assert {"Conv2D", "DepthwiseConv2D", "BatchNormalization"} <= kinds


def test_in_float32_an_archive_stays_what_it_is() -> None:
    assert with_policy(with_head(), "float32") is with_head()


@pytest.mark.parametrize("make", [head_alone, fine_tuned, all_of])
def test_a_policy_leaves_no_trace_in_what_comes_back(make: Any) -> None:
    trainee = make(policy=BFLOAT16)
    found = trainee.trained()
    assert found.graph == trainee.archive.graph
    assert "bfloat16" not in json.dumps(found.graph)
    assert same(weights_of(found), weights_of(trainee.archive))
    assert {array.dtype for array in weights_of(found)} == {np.dtype("float32")}


def test_bf16_moves_logits_by_no_more_than_its_rounding() -> None:
    exact, rounded = (fine_tuned(policy=policy).trainer(PIXELS) for policy in ("float32", BFLOAT16))
    assert rounded.dtype == "float32"
    gap = np.abs(rounded.numpy() - exact.numpy()).max()
    assert 0 < gap < 0.05


def test_a_step_in_bf16_changes_weights_by_less_than_bf16_tells_apart() -> None:
    trainee = head_alone(with_head(dropout=0.0), policy=BFLOAT16)
    stepped(trainee, VECTORS, rate=1e-4)
    assert changed(trainee.archive, trainee.trained())["hidden1"] == DENSE


# Back to an archive


@pytest.mark.parametrize("cut", [None, "relu2", FEATURES])
def test_plain_keras_opens_what_was_trained_and_gives_the_trainers_predictions(
    cut: str | None, tmp_path: Path
) -> None:
    trainee = head_alone() if cut == FEATURES else fine_tuned(cut=cut)
    stepped(trainee, PIXELS if cut is None else given_by(trainee.archive, cut), rate=0.5)
    trainee.trained().write(tmp_path / "model.keras")
    opened = import_keras().saving.load_model(tmp_path / "model.keras")
    assert not opened.compiled
    given = PIXELS if cut is None else given_by(trainee.archive, cut)
    logits = trainee.trainer(given).numpy()
    wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert opened(PIXELS).numpy() == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("name", ["scratch", "scratch-small"])
def test_kclass_own_networks_come_back_from_training(name: str, tmp_path: Path) -> None:
    archive = archive_of(build_network(name, size=32, classes=2, seed=0))
    trainee = all_of(archive)
    given = bright_and_dark(40, size=32)[0].astype(np.float32)
    first, *_, last = stepped(trainee, given, rate=0.05, steps=4)
    assert last < first
    trainee.trained().write(tmp_path / "model.keras")
    opened = import_keras().saving.load_model(tmp_path / "model.keras")
    logits = trainee.trainer(given[:4]).numpy()
    wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert opened(given[:4]).numpy() == pytest.approx(wanted, abs=1e-5)


# What is said of it


def test_the_summary_has_every_layer_with_its_axes_and_weights() -> None:
    # conv1 3 * 3 * 3 * 4 + 4 = 112, conv2 3 * 3 * 4 * 6 + 6 = 222, conv3 3 * 3 * 6 * 5 + 5 = 275; norms
    # have four numbers a channel, of which two are learned; hidden 5 * 4 + 4, logits 4 * 2 + 2.
    rows = [line.split() for line in fine_tuned(cut="relu2").summary().splitlines()]
    found = {row[0]: (row[1], " ".join(row[2:-2]), row[-2], row[-1]) for row in rows}
    assert found["layer"] == ("class", "output", "weights", "learned")
    assert found["photo"] == ("InputLayer", "8 x 8 x 3", "0", "0")
    assert found["conv1"] == ("Conv2D", "8 x 8 x 4", "112", "0")
    assert found["norm1"] == ("BatchNormalization", "8 x 8 x 4", "16", "0")
    assert found["conv2"] == ("Conv2D", "4 x 4 x 6", "222", "0")
    assert found["conv3"] == ("Conv2D", "2 x 2 x 5", "275", "275")
    assert found["norm3"] == ("BatchNormalization", "2 x 2 x 5", "20", "10")
    assert found["features"] == ("GlobalAveragePooling2D", "5", "0", "0")
    assert found["hidden1"] == ("Dense", "4", "24", "24")
    assert found["logits"] == ("Dense", "2", "10", "10")
    # 112 + 222 + 275 + 16 + 24 + 20 + 24 + 10, and 275 + 10 + 24 + 10.
    assert rows[-1] == ["all", "703", "319"]
    assert [row[0] for row in rows[1:-1]] == [layer.name for layer in with_head().layers]


def test_the_summary_of_a_network_from_scratch_counts_all_of_it() -> None:
    trainee = all_of()
    rows = [line.split() for line in trainee.summary().splitlines()]
    # conv 112, norm 16, and from 3 x 3 x 4 places 36 * 2 + 2 = 74; but the statistics, 8.
    assert rows[-1] == ["all", "202", "194"]
    assert trainee.learned == 194


def test_large_numbers_are_told_in_thousands() -> None:
    trainee = all_of(archive_of(build_network("scratch", size=16, classes=2, seed=0)))
    row = next(line.split() for line in trainee.summary().splitlines() if line.startswith("dense1024"))
    assert row == ["dense1024", "Dense", "1024", "263,168", "263,168"]  # 2 * 2 * 64 * 1024 + 1024


def test_what_is_learned_is_counted() -> None:
    assert head_alone().learned == 34
    assert fine_tuned().learned == 319


def test_layers_belong_to_their_stage_or_to_the_head() -> None:
    groups = fine_tuned(with_head(), "stage2", "stage3").groups
    assert groups["conv2"] == "stage2"
    assert groups["norm3"] == "stage3"
    assert groups["hidden1"] == groups["dropout1"] == groups["logits"] == "head"
    assert "conv1" not in groups
    assert list(dict.fromkeys(groups.values())) == ["stage2", "stage3", "head"]


def test_a_backbone_without_hidden_layers_has_its_logits_learned() -> None:
    kernel, bias = np.zeros((5, 2), np.float32), np.zeros(2, np.float32)
    trainee = head_alone(backbone().with_head(kernel, bias))
    stepped(trainee, VECTORS, rate=0.1)
    found = changed(trainee.archive, trainee.trained())
    assert [name for name, arrays in found.items() if any(arrays)] == ["logits"]
