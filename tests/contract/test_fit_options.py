"""Each option of a fit changes what it says it changes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_fits import CLASSES, SmallFit, write_photos

import kclass
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


@dataclass(frozen=True)
class ScratchFits:
    """Trainings that differ from the first in one option each."""

    usual: kclass.Fit
    by_option: dict[str, kclass.Fit]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> ScratchFits:
    folder = tmp_path_factory.mktemp("scratch")
    for place, split in enumerate(("train", "valid")):
        write_photos(folder / "trees" / split, {"ash": 10, "birch": 5}, seed=place)
    usual = {
        "backbone": "scratch",
        "size": 8,
        "epochs": 2,
        "batch_size": 6,
        "lr": 0.001,
        "augment": "flip",  # photos to be cropped are kept larger, and so a little otherwise on disk
    }
    changes: dict[str, dict[str, Any]] = {
        "epochs": {"epochs": 3},
        "batch_size": {"batch_size": 9},
        "lr": {"lr": 0.01},
        "seed": {"seed": 1},
        "augment": {"augment": "fiat-ferrari"},
        "mixup": {"mixup": 0.4},
        "cutmix": {"cutmix": 1.0},
        "balance": {"balance": "weights"},
        "sample": {"balance": "sample"},
        "memory": {"cache": "memory"},
        "none": {"cache": "none"},
    }
    fits = {
        name: kclass.run_fit(folder / "trees", kclass.FitOptions(**{**usual, **change}), out=folder / name)
        for name, change in {"usual": {}, **changes}.items()
    }
    return ScratchFits(fits.pop("usual"), fits)


@pytest.mark.parametrize(
    "option",
    ["epochs", "batch_size", "lr", "seed", "augment", "mixup", "cutmix", "balance", "sample"],
)
def test_each_option_of_training_changes_what_comes_of_it(option: str, scratch: ScratchFits) -> None:
    # The folder is split already, so the seed is that of weights, order and augmentation.
    histories = [
        (fit.folder / "history.csv").read_text().splitlines()
        for fit in (scratch.usual, scratch.by_option[option])
    ]
    losses = [[line.split(",")[1] for line in history[1:]] for history in histories]
    assert losses[0] != losses[1]
    if option != "epochs":  # the best of two epochs may be the best of three
        assert differ(scratch.usual, scratch.by_option[option])


@pytest.mark.parametrize("cache", ["memory", "none"])
def test_where_photos_are_kept_changes_nothing_that_is_learned(cache: str, scratch: ScratchFits) -> None:
    other = scratch.by_option[cache]
    assert other.classifier.record.trained["cache"] == cache
    assert np.array_equal(head(other), head(scratch.usual))


def test_epochs_is_how_often_each_photo_is_learned_from(scratch: ScratchFits) -> None:
    rows = [
        len((fit.folder / "history.csv").read_text().splitlines()) - 1
        for fit in (scratch.usual, scratch.by_option["epochs"])
    ]
    assert rows == [2, 3]
