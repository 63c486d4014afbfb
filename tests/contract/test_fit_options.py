"""Each option of a fit changes what it says it changes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_fits import CLASSES, SmallFit, write_photos

import kclass
from kclass.backbones.archive import Archive
from kclass.backbones.registry import build_network, open_backbone
from kclass.backbones.stages import WEIGHTED, graph_of, stages_of
from kclass.engines.runtime import resolve_precision
from kclass.runs.run_folder import MODEL

pytestmark = pytest.mark.filterwarnings(
    # Keras writes models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
)

Fitting = Callable[..., kclass.Fit]


@pytest.fixture
def fit(tmp_path: Path, fitted: SmallFit) -> Fitting:
    def run(data: Path | None = None, **options: Any) -> kclass.Fit:
        chosen = kclass.FitOptions(**options)
        return kclass.run_fit(
            data or fitted.data, chosen, out=tmp_path / f"run-{len(list(tmp_path.iterdir()))}"
        )

    return run


def chances(fitted: kclass.Fit, split: str = "valid") -> NDArray[np.float64]:
    return fitted.evaluations[split].probabilities


def head(fitted: kclass.Fit) -> NDArray[np.float32]:
    """What the training photos led to."""
    kernel: NDArray[np.float32] = fitted.classifier.archive.layer_weights["logits"][0]
    return kernel


def differ(*fits: kclass.Fit) -> bool:
    """Whether no two of the fits learned the same, or say the same of the validation photos."""
    pairs = [(a, b) for place, a in enumerate(fits) for b in fits[:place]]
    learned = all(head(a).shape != head(b).shape or not np.allclose(head(a), head(b)) for a, b in pairs)
    return learned and not any(np.allclose(chances(a), chances(b), atol=1e-5) for a, b in pairs)


# Three classes of eight photos.
def test_valid_is_the_share_of_the_photos_for_validation(fit: Fitting) -> None:
    assert len(fit(valid=0.25).evaluations["valid"].samples) == 6
    assert len(fit(valid=0.5).evaluations["valid"].samples) == 12


def test_test_is_the_share_of_the_photos_for_test_which_are_evaluated_too(fit: Fitting) -> None:
    assert set(fit().evaluations) == {"valid"}
    both = fit(test=0.25).evaluations
    assert {split: len(each.samples) for split, each in both.items()} == {"valid": 6, "test": 6}
    paths = [set(each.samples.paths) for each in both.values()]
    assert not paths[0] & paths[1]


def test_size_is_the_side_of_the_photos_as_the_network_sees_them(fit: Fitting) -> None:
    usual, small = fit(), fit(size=96)
    assert (usual.classifier.size, small.classifier.size) == (320, 96)
    assert small.classifier.archive.layers[0].config["batch_shape"][1:] == [96, 96, 3]
    assert differ(usual, small)


def test_resize_is_how_photos_become_square(fit: Fitting) -> None:
    fits = [fit(resize=how) for how in ("squash", "crop", "pad")]
    assert [each.classifier.record.resize for each in fits] == ["squash", "crop", "pad"]
    assert differ(*fits)


def test_balance_lets_a_rare_class_count_as_much_in_a_solved_head(fit: Fitting, tmp_path: Path) -> None:
    for place, split in enumerate(("train", "valid")):
        write_photos(tmp_path / "trees" / split, {"ash": 20, "birch": 3}, seed=place)
    usual, balanced = (fit(tmp_path / "trees", balance=each) for each in (None, "weights"))
    assert differ(usual, balanced)
    assert chances(balanced)[:, 1].mean() > chances(usual)[:, 1].mean()


def test_precision_is_what_photos_are_embedded_in(fit: Fitting) -> None:
    if resolve_precision("auto", device="cpu") != "bf16":
        pytest.skip("this processor has no bf16")
    exact, rounded = fit(precision="f32"), fit(precision="bf16")
    assert [each.classifier.record.precision for each in (exact, rounded)] == ["f32", "bf16"]
    assert not np.array_equal(chances(exact), chances(rounded))
    assert not np.array_equal(head(exact), head(rounded))
    assert np.allclose(chances(exact), chances(rounded), atol=0.1)


def test_auto_precision_is_what_the_processor_has(fit: Fitting) -> None:
    best = resolve_precision("auto", device="cpu")
    automatic, chosen = fit(device="cpu", precision="auto"), fit(device="cpu", precision=best)
    assert automatic.classifier.record.precision == best
    assert np.array_equal(chances(automatic), chances(chosen))


def test_device_decides_who_computes_and_so_which_precisions_there_are(fit: Fitting) -> None:
    # bf16 belongs to the CPU's engine. That photos may be in the cache makes no difference.
    with pytest.raises(kclass.OptionError) as raised:
        fit(device="gpu", precision="bf16")
    assert raised.value.message == "precision is bf16, which the gpu has not"


def test_the_seed_decides_the_split(fit: Fitting) -> None:
    paths = [fit(seed=seed).evaluations["valid"].samples.paths for seed in (0, 0, 1)]
    assert paths[0] == paths[1] != paths[2]


def test_out_is_the_folder_of_the_run(fitted: SmallFit, tmp_path: Path) -> None:
    classifier = kclass.fit(fitted.data, out=tmp_path / "deep" / "here")
    assert classifier.run == tmp_path / "deep" / "here"
    assert (tmp_path / "deep" / "here" / MODEL).is_file()


def test_a_photo_that_cannot_be_read_is_left_out_or_refused_if_strict(fit: Fitting, tmp_path: Path) -> None:
    data = write_photos(tmp_path / "broken", dict.fromkeys(CLASSES, 5))
    (data / "ash" / "6.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    (left_out,) = fit(data).unreadable
    assert str(data / "ash" / "6.jpg") in left_out.message
    with pytest.raises(kclass.PhotoError) as raised:
        fit(data, strict=True)
    assert raised.value.message == f"1 of the photos cannot be read. The first: {left_out.message}"


@pytest.mark.parametrize("name", ["valid", "test"])
def test_a_fraction_is_refused_for_a_data_set_that_has_split_folders(
    name: str, tmp_path: Path, fit: Fitting
) -> None:
    data = tmp_path / "split"
    for place, split in enumerate(("train", "valid")):
        write_photos(data / split, {"ash": 2, "birch": 2}, seed=place)
    with pytest.raises(kclass.OptionError) as raised:
        fit(data, **{name: 0.3})
    assert raised.value.message == f"{name} is a fraction, but split is split already"
    assert raised.value.fix == f"Leave --{name} out, or give a data set without splits."
    assert len(fit(data).evaluations["valid"].samples) == 4


def test_a_fit_without_validation_is_refused(fit: Fitting) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        fit(valid=0.0)
    assert raised.value.message == "valid is 0; without validation photos nobody knows how good the result is"


@pytest.mark.slow
def test_backbone_and_weights_decide_the_network(fit: Fitting, tmp_path: Path) -> None:
    other = {"backbone": "mobilenet_v2", "weights": "none", "size": 32}
    first = fit(**other)
    assert first.classifier.record.backbone == "mobilenet_v2"
    assert "Conv1" in first.classifier.archive.layer_weights
    from_file = fit(backbone="mobilenet_v2", weights=str(mobilenet_weights(tmp_path)), size=32)
    assert set(from_file.classifier.archive.layer_weights["Conv1"][0].ravel().tolist()) == {0.25}
    assert differ(first, from_file)


def mobilenet_weights(folder: Path) -> Path:
    """A weight file with 1/4 all over the first kernel."""
    from kclass.keras_import import import_keras

    shape = (32, 32, 3)
    net = import_keras().applications.MobileNetV2(shape, include_top=False, weights=None, pooling="avg")
    net.get_layer("Conv1").set_weights([np.full((3, 3, 3, 32), 0.25, np.float32)])
    net.save_weights(folder / "net.weights.h5")
    return folder / "net.weights.h5"


# Trainings with epochs


class Fits:
    """Fits on a folder, each made once."""

    def __init__(self, data: Path, runs: Path) -> None:
        self._data, self._runs = data, runs
        self._made: dict[str, tuple[kclass.Fit, int]] = {}

    def __call__(self, **options: Any) -> kclass.Fit:
        return self._fit(options)[0]

    def steps(self, **options: Any) -> int:
        """How many steps the fit took."""
        return self._fit(options)[1]

    def _fit(self, options: dict[str, Any]) -> tuple[kclass.Fit, int]:
        key = repr(sorted(options.items()))
        if key not in self._made:
            told: dict[str, int] = {}
            fit = kclass.run_fit(
                self._data,
                kclass.FitOptions(**options),
                out=self._runs / str(len(self._made)),
                progress=lambda stage, done, total, note="": told.update({stage: done}),
            )
            self._made[key] = (fit, told.get("training", 0))
        return self._made[key]


def losses(fitted: kclass.Fit) -> list[float | None]:
    return [each.train_loss for each in fitted.epochs]


def rates(fitted: kclass.Fit) -> list[float | None]:
    return [each.learning_rate for each in fitted.epochs]


Weights = dict[str, list[NDArray[Any]]]


def weights(fitted: kclass.Fit) -> Weights:
    """As the epochs left them: a temperature is folded into the logits of the classifier."""
    assert fitted.network is not None
    return weights_of(fitted.network.archive)


def weights_of(network: Archive) -> Weights:
    """By layer, of those that have any."""
    return {name: list(arrays) for name, arrays in network.layer_weights.items() if arrays}


def changes(before: Weights, after: Weights) -> Weights:
    return {name: [b - a for a, b in zip(before[name], after[name], strict=True)] for name in before}


# Two classes of ten and five photos: one of each is held out, so that thirteen are learned from.
SCRATCH: dict[str, Any] = {
    "backbone": "scratch",
    "size": 8,
    "epochs": 2,
    "batch_size": 6,
    "lr": 0.001,
    "augment": "flip",  # photos to be cropped are kept larger, and so a little otherwise on disk
}
# One step an epoch, by the gradient alone.
STEP: dict[str, Any] = {
    **SCRATCH,
    "epochs": 1,
    "batch_size": 32,
    "optimizer": "sgd",
    "momentum": 0.0,
    "lr": 0.1,
}


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Fits:
    folder = tmp_path_factory.mktemp("scratch")
    for place, split in enumerate(("train", "valid")):
        write_photos(folder / "trees" / split, {"ash": 10, "birch": 5}, seed=place)
    return Fits(folder / "trees", folder)


@pytest.fixture(scope="module")
def start() -> Weights:
    """The network that `SCRATCH` begins with."""
    network = build_network("scratch", size=8, classes=2, seed=0)
    return {layer.name: layer.get_weights() for layer in network.layers if layer.weights}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"batch_size": 9}, marks=pytest.mark.slow),
        pytest.param(
            {"seed": 1}, marks=pytest.mark.slow
        ),  # the folder is split already, so it is that of weights, order and augmentation
        pytest.param({"augment": "fiat-ferrari"}, marks=pytest.mark.slow),
        pytest.param({"mixup": 0.4}, marks=pytest.mark.slow),
        pytest.param({"cutmix": 1.0}, marks=pytest.mark.slow),
        {"balance": "weights"},
        pytest.param({"balance": "sample"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_each_option_of_the_batches_changes_what_comes_of_it(change: dict[str, Any], scratch: Fits) -> None:
    usual, changed = scratch(**SCRATCH), scratch(**{**SCRATCH, **change})
    assert [each.held_out_loss for each in usual.epochs] != [each.held_out_loss for each in changed.epochs]
    assert differ(usual, changed)


@pytest.mark.slow
def test_the_backbones_that_are_trained_are_two_networks(scratch: Fits) -> None:
    plain, small = (
        scratch(**SCRATCH),
        scratch(**{**SCRATCH, "backbone": "scratch-small", "size": 32, "epochs": 1}),
    )
    kinds = [
        {layer.config["name"]: layer.kind for layer in each.classifier.archive.layers}
        for each in (plain, small)
    ]
    assert "Flatten" in kinds[0].values()
    assert {"BatchNormalization", "GlobalAveragePooling2D"} <= set(kinds[1].values())
    assert small.classifier.record.backbone == "scratch-small"


def test_epochs_is_how_often_each_photo_is_learned_from(scratch: Fits) -> None:
    two, three = scratch(**SCRATCH), scratch(**{**SCRATCH, "epochs": 3})
    assert len(three.epochs) == 3
    assert losses(three)[:2] == losses(two)  # at a constant rate those to come change nothing


def test_batch_size_is_how_many_photos_a_step_has(scratch: Fits) -> None:
    # Of thirteen photos in two epochs.
    assert scratch.steps(**SCRATCH) == 2 * 3
    assert scratch.steps(**{**SCRATCH, "batch_size": 9}) == 2 * 2


COSINE = [0.05, 0.1, 0.075, 0.025]  # of four steps one rises, and (1 + cos(k pi / 3)) / 2 follow
RATES = [
    pytest.param({"schedule": "constant", "lr": 0.03}, [0.03, 0.03, 0.03, 0.03], marks=pytest.mark.slow),
    ({"schedule": "cosine", "warmup": 0.25}, COSINE),
    pytest.param(
        {"schedule": "cosine", "warmup": 0.5}, [0.1 / 3, 0.2 / 3, 0.1, 0.05], marks=pytest.mark.slow
    ),
    # From a 25th of the peak up to it at the second step, and down to a 250,000th at the last.
    ({"schedule": "one-cycle", "warmup": 0.5}, [0.004, 0.1, (0.1 + 4e-7) / 2, 4e-7]),
    # At such a rate the loss does not fall by 0.0001, so that each epoch after the first is on a plateau.
    ({"schedule": "plateau", "lr": 1e-8, "plateau_patience": 1}, [1e-8, 1e-8, 1e-9, 1e-10]),
    pytest.param(
        {"schedule": "plateau", "lr": 1e-8, "plateau_patience": 2},
        [1e-8, 1e-8, 1e-8, 1e-9],
        marks=pytest.mark.slow,
    ),
]


@pytest.mark.parametrize(("options", "wanted"), RATES, ids=str)
def test_rate_schedule_warmup_and_patience_decide_the_rate_of_each_step(
    options: dict[str, Any], wanted: list[float], scratch: Fits
) -> None:
    assert rates(scratch(**{**STEP, "epochs": 4, **options})) == pytest.approx(wanted)


@pytest.mark.slow
def test_weight_decay_shrinks_kernels_and_nothing_else(scratch: Fits, start: Weights) -> None:
    plain, shrunk = weights(scratch(**STEP)), weights(scratch(**STEP, weight_decay=0.5))
    for name, (kernel, bias) in changes(plain, shrunk).items():
        # By 0.5 times the rate of 0.1.
        assert np.allclose(kernel, -0.05 * start[name][0], rtol=1e-3, atol=1e-6)
        assert np.array_equal(bias, np.zeros_like(bias))


@pytest.mark.slow
def test_adamw_is_adam_with_weight_decay(scratch: Fits) -> None:
    chosen = {**SCRATCH, "optimizer": "adamw"}
    adam, without, usual = scratch(**SCRATCH), scratch(**chosen, weight_decay=0.0), scratch(**chosen)
    assert losses(adam) == losses(without) != losses(usual)


@pytest.mark.slow
def test_sgd_goes_down_the_gradient_and_momentum_remembers_it(scratch: Fits) -> None:
    three = {**STEP, "epochs": 3}
    without, usual = (
        [each.held_out_loss for each in scratch(**{**three, "momentum": momentum}).epochs]
        for momentum in (0.0, None)
    )
    assert without[0] == usual[0]  # there is nothing to remember yet
    assert without[1] != usual[1]


@pytest.mark.slow
def test_clip_norm_is_the_length_of_the_longest_step(scratch: Fits, start: Weights) -> None:
    def length(fitted: kclass.Fit) -> float:
        moved = changes(start, weights(fitted)).values()
        return float(
            np.sqrt(sum(np.square(array.astype(np.float64)).sum() for each in moved for array in each))
        )

    free = length(scratch(**STEP))
    assert length(scratch(**STEP, clip_norm=0.01)) == pytest.approx(0.1 * 0.01, rel=1e-2)
    assert free > 0.1 * 0.01
    assert length(scratch(**STEP, clip_norm=1000.0)) == pytest.approx(free, rel=1e-6)


@pytest.mark.slow
def test_ema_keeps_an_average_of_the_weights(scratch: Fits) -> None:
    fast = {**STEP, "lr": 0.8}
    one, two = scratch(**fast), scratch(**{**fast, "epochs": 2})
    average = scratch(**{**fast, "epochs": 2}, ema=0.75)
    best = [fit.classifier.record.trained["best_epoch"] for fit in (one, two, average)]
    assert best == [1, 2, 2]
    pairs = zip(weights(one).values(), weights(two).values(), weights(average).values(), strict=True)
    for first, second, kept in pairs:
        for a, b, c in zip(first, second, kept, strict=True):
            assert np.allclose(c, 0.75 * a + 0.25 * b, atol=1e-7)
    assert losses(average) == losses(two)  # what is learned is the same


@pytest.mark.slow
def test_label_smoothing_spreads_its_share_of_each_label(scratch: Fits) -> None:
    # The loss of the first step is linear in it: (1 - s) times that of the labels and s times the mean
    # over all classes.
    none, some, twice = (
        scratch(**STEP, **options).epochs[0].train_loss
        for options in ({}, {"label_smoothing": 0.2}, {"label_smoothing": 0.4})
    )
    assert none is not None
    assert some is not None
    assert twice is not None
    assert twice - none == pytest.approx(2 * (some - none), rel=1e-3)
    assert abs(some - none) > 1e-4


@pytest.mark.slow
def test_patience_ends_a_training_that_gains_nothing(scratch: Fits) -> None:
    rough = {**STEP, "epochs": 8, "lr": 0.8}
    free = [each.held_out_loss for each in scratch(**rough).epochs]
    for patience in (1, 2):
        # After the first epoch that is so many after the best before it.
        wanted = next(n for n in range(1, 9) if n - 1 - int(np.argmin(free[:n])) >= patience)
        assert wanted < 8
        impatient = scratch(**rough, patience=patience)
        assert [each.held_out_loss for each in impatient.epochs] == free[:wanted]


@pytest.mark.slow
@pytest.mark.parametrize("cache", ["memory", "none"])
def test_where_photos_are_kept_changes_nothing_that_is_learned(cache: str, scratch: Fits) -> None:
    other = scratch(**SCRATCH, cache=cache)
    assert other.classifier.record.trained["cache"] == cache
    assert np.array_equal(head(other), head(scratch(**SCRATCH)))


@pytest.mark.slow
def test_tensorboard_leaves_its_files_and_changes_nothing_else(scratch: Fits) -> None:
    usual, told = scratch(**SCRATCH), scratch(**SCRATCH, tensorboard=True)
    assert [path.name.split(".")[2] for path in (told.folder / "tensorboard").iterdir()] == ["tfevents"]
    assert not (usual.folder / "tensorboard").exists()
    assert losses(usual) == losses(told)


def test_precision_is_what_steps_are_computed_in(scratch: Fits) -> None:
    if resolve_precision("auto", device="cpu") != "bf16":
        pytest.skip("this processor has no bf16")
    exact, rounded = scratch(**SCRATCH), scratch(**SCRATCH, precision="bf16")
    assert exact.training.endswith("on cpu in float32")
    assert rounded.training.endswith("on cpu in mixed_bfloat16")
    assert losses(exact) != losses(rounded)
    assert losses(exact) == pytest.approx(losses(rounded), abs=0.05)
    assert all(array.dtype == np.float32 for arrays in weights(rounded).values() for array in arrays)


# Heads and fine-tuning, at 64 pixels


@pytest.fixture(scope="module")
def lite(fitted: SmallFit, tmp_path_factory: pytest.TempPathFactory) -> Fits:
    return Fits(fitted.data, tmp_path_factory.mktemp("lite"))


DENSE: dict[str, Any] = {"head": "dense", "size": 64, "epochs": 1}
# A head that has learned next to nothing, so that what follows makes it better and is kept.
TUNED: dict[str, Any] = {
    **DENSE,
    "lr": 1e-6,
    "fine_tune": 1,
    "fine_tune_lr": 0.05,
    "optimizer": "sgd",
    "momentum": 0.0,
    "schedule": "constant",
    "dropout": 0.0,
    "augment": "none",
}
STAGE5: dict[str, Any] = {**TUNED, "unfreeze": "stage5"}
LAST_TWO: dict[str, Any] = {**TUNED, "unfreeze": "last-2", "stage_lr": 0.25}


@pytest.fixture(scope="module")
def backbone() -> Archive:
    return open_backbone("efficientnet_lite0", weights="imagenet", size=64, seed=0)


def head_of(fitted: kclass.Fit, backbone: Archive) -> list[tuple[Any, ...]]:
    """The kinds of the layers after the features, with what options decide of them."""
    own = {"Dense": ("units", "activation"), "Dropout": ("rate",), "Softmax": ()}
    layers = fitted.classifier.archive.layers[len(backbone.layers) :]
    return [(layer.kind, *(layer.config[each] for each in own[layer.kind])) for layer in layers]


@pytest.mark.slow
def test_head_is_solved_or_has_epochs(lite: Fits, backbone: Archive) -> None:
    solved, trained = lite(size=64), lite(**DENSE)
    assert solved.epochs == ()
    assert [each.phase for each in trained.epochs] == ["head"]
    assert differ(solved, trained)
    for fit in (solved, trained):
        assert head_of(fit, backbone)[-2:] == [("Dense", 3, "linear"), ("Softmax",)]


@pytest.mark.slow
def test_hidden_activation_and_dropout_are_the_layers_of_a_dense_head(lite: Fits, backbone: Archive) -> None:
    end = [("Dense", 3, "linear"), ("Softmax",)]
    assert head_of(lite(**DENSE), backbone) == [("Dropout", 0.25), *end]
    assert head_of(lite(**STAGE5), backbone) == end  # it has no dropout
    deep = lite(size=64, epochs=1, hidden=(6, 4), activation="tanh", dropout=0.5)
    assert head_of(deep, backbone) == [
        *(("Dense", 6, "tanh"), ("Dropout", 0.5), ("Dense", 4, "tanh"), ("Dropout", 0.5), *end)
    ]


@pytest.mark.slow
def test_dropout_leaves_out_a_share_in_training(lite: Fits) -> None:
    assert losses(lite(**DENSE)) != losses(lite(**DENSE, dropout=0.5))


@pytest.mark.slow
def test_fine_tuning_follows_the_head_at_a_rate_of_its_own(lite: Fits) -> None:
    fit = lite(**STAGE5)
    assert [(each.phase, each.epoch, each.learning_rate) for each in fit.epochs] == [
        ("head", 1, pytest.approx(1e-6)),
        ("fine-tuning", 2, pytest.approx(0.05)),
    ]
    assert fit.classifier.record.trained["best_epoch"] == 2
    solved_first = lite(size=64, fine_tune=2, unfreeze="last-1", fine_tune_lr=0.002, schedule="constant")
    assert [each.phase for each in solved_first.epochs] == ["start", "fine-tuning", "fine-tuning"]
    assert rates(solved_first) == [None, pytest.approx(0.002), pytest.approx(0.002)]


@pytest.mark.slow
@pytest.mark.parametrize("options", [LAST_TWO, STAGE5], ids=lambda options: options["unfreeze"])
def test_unfreeze_is_the_part_of_the_backbone_that_changes(
    options: dict[str, Any], lite: Fits, backbone: Archive
) -> None:
    moved = changes(weights_of(backbone), weights(lite(**options)))
    weighted = [layer.name for layer in graph_of(backbone) if layer.kind in WEIGHTED]
    stage = set(stages_of(backbone)["stage5"]) & set(weighted)
    # Batch norm of frozen layers works as in inference, so that its means and variances stay too.
    assert {name for name, arrays in moved.items() if any(array.any() for array in arrays)} == (
        set(weighted[-2:]) if options is LAST_TWO else stage
    )


@pytest.mark.slow
def test_stage_lr_is_the_share_of_the_rate_that_the_first_stage_has(lite: Fits, backbone: Archive) -> None:
    quarter, full = weights(lite(**LAST_TWO)), weights(lite(**{**LAST_TWO, "stage_lr": 1.0}))
    assert all(np.array_equal(a, b) for a, b in zip(full["logits"], quarter["logits"], strict=True))
    before = weights_of(backbone)
    moved, less = changes(before, full), changes(before, quarter)
    learned = [(name, place) for name, arrays in moved.items() for place in range(min(len(arrays), 2))]
    shares = [
        float((less[name][place] * moved[name][place]).sum() / np.square(moved[name][place]).sum())
        for name, place in learned
        if moved[name][place].any()
    ]
    assert shares == pytest.approx([0.25] * 3, rel=1e-2)  # a kernel, and a batch norm's scale and shift
