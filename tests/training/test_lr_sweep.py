from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tiny_training import (
    LABELS,
    PHOTOS,
    VECTORS,
    all_of,
    features,
    fine_tuned,
    head_alone,
    lesson,
    phase,
    photos,
    same,
    with_head,
)

from kclass.batches.augmentation import PRESETS
from kclass.batches.opening import open_photos
from kclass.errors import PhotoError
from kclass.progress import silent
from kclass.training.epochs import Phase
from kclass.training.lr_suggestion import LrCurve, diverged
from kclass.training.lr_sweep import HIGHEST, LOWEST, STEPS, sweep
from kclass.training.shown import Shown, ShownFeatures, ShownPhotos
from kclass.training.trainee import Trainee

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras's variables
)

SGD = phase(optimizer="sgd", momentum=0.0)


def swept(
    trainee: Trainee | None = None, shown: Shown | None = None, what: Phase = SGD, progress: Any = silent
) -> LrCurve:
    trainee = trainee or head_alone(with_head(dropout=0.0))
    return sweep(trainee, shown or features(), what, progress=progress)


def cross_entropy(logits: NDArray[Any], labels: NDArray[np.int32]) -> float:
    exact = logits.astype(np.float64)
    own = np.log(np.exp(exact).sum(axis=1)) - exact[np.arange(len(labels)), labels]
    return float(own.mean())


def test_rates_rise_by_the_same_factor_from_step_to_step() -> None:
    curve = swept()
    factors = curve.rates[1:] / curve.rates[:-1]
    assert curve.rates[0] == LOWEST == 1e-6
    assert factors == pytest.approx((HIGHEST / LOWEST) ** (1 / (STEPS - 1)))
    assert len(curve.rates) == len(curve.losses) <= STEPS


def test_losses_are_those_of_single_batches() -> None:
    # In the first two epochs the rates are too small to change a loss in its third place.
    shown = features()
    trainer = head_alone(with_head(dropout=0.0)).trainer
    wanted = [
        cross_entropy(trainer(vectors).numpy(), labels.numpy())
        for epoch in (1, 2)
        for vectors, labels in shown.training(epoch)
    ]
    losses = swept(shown=shown).losses[:8]
    assert losses == pytest.approx(wanted, rel=1e-3)
    assert np.ptp(wanted) > 0.05  # running means would lie closer together
    assert wanted[:4] != pytest.approx(wanted[4:], rel=1e-2)  # and the second epoch has an order of its own


def test_each_step_is_taken_at_its_rate() -> None:
    # At features of 0 the biases of the logits alone are learned; while probabilities stay near a half,
    # they have gone by half the sum of the rates.
    labels = np.zeros(40, np.int32)
    trainee = head_alone(with_head(hidden=(), dropout=0.0))
    shown = ShownFeatures(lesson(labels=labels, size=2), np.zeros_like(VECTORS))
    seen: list[float] = []

    def note(stage: str, done: int, total: int, note: str = "") -> None:
        seen.append(float(trainee.trainer.get_weights()[1][0]))

    curve = swept(trainee, shown, progress=note)
    far = int(np.searchsorted(curve.rates, 1e-3))
    assert seen[far] - seen[0] == pytest.approx(curve.rates[:far].sum() / 2, rel=0.02)


def test_a_test_ends_when_the_loss_has_run_away() -> None:
    curve = swept(
        shown=ShownFeatures(lesson(), 30 * VECTORS), trainee=head_alone(with_head(hidden=(), dropout=0.0))
    )
    assert len(curve.losses) < STEPS
    assert diverged(curve.losses)
    assert not any(diverged(curve.losses[:end]) for end in range(len(curve.losses) - 9, len(curve.losses)))


def test_a_test_that_never_runs_away_takes_all_its_steps() -> None:
    # Of a single class every loss is 0.
    labels = np.zeros(40, np.int32)
    shown = ShownFeatures(lesson(labels=labels, classes=1, size=2), np.zeros_like(VECTORS))
    curve = swept(head_alone(with_head(classes=1, dropout=0.0)), shown)
    assert curve.losses.tolist() == [0.0] * STEPS
    assert curve.rates[-1] == pytest.approx(HIGHEST)


def test_losses_that_are_not_finite_end_it() -> None:
    vectors = VECTORS.copy()
    vectors[8:] = np.nan
    curve = swept(shown=ShownFeatures(lesson(), vectors))
    assert len(curve.losses) == 1
    assert np.isnan(curve.losses[0])
    assert curve.suggestion is None


def test_a_rate_is_suggested_where_the_loss_falls_and_none_where_it_does_not() -> None:
    easy = np.zeros_like(VECTORS)
    easy[:, 0] = 4 * LABELS - 2
    curve = swept(
        shown=ShownFeatures(lesson(size=2), easy), trainee=head_alone(with_head(hidden=(), dropout=0.0))
    )
    assert curve.suggestion is not None
    assert 1e-3 < curve.suggestion < HIGHEST
    assert swept(shown=ShownFeatures(lesson(size=2), np.zeros_like(VECTORS))).suggestion is None


@pytest.mark.slow
def test_the_same_seed_gives_the_same_losses_with_dropout_and_augmentation_too() -> None:
    def losses(seed: int) -> NDArray[np.float64]:
        what = lesson(size=2, augment=PRESETS["flip"], mixup=0.4, balance="weights", seed=seed)
        return swept(all_of(), photos(what), phase()).losses

    first = losses(0)
    assert same([losses(0)], [first])
    assert not same([losses(1)[:8]], [first[:8]])


def test_dropout_does_not_depend_on_what_was_drawn_before() -> None:
    used = head_alone(with_head(dropout=0.5))
    used.trainer(VECTORS, training=True)
    fresh = head_alone(with_head(dropout=0.5))
    assert same([swept(used).losses], [swept(fresh).losses])


@pytest.mark.slow
def test_dropout_is_drawn_anew_in_each_epoch_of_the_test() -> None:
    # At rates that change nothing yet the mean of the four batches of an epoch is that of all photos.
    dropped, calm = (
        swept(head_alone(with_head(dropout=dropout))).losses[:12].reshape(3, 4).mean(axis=1)
        for dropout in (0.5, 0.0)
    )
    assert np.ptp(calm) < 1e-3
    assert np.ptp(dropped) > 1e-2


@pytest.mark.slow
def test_optimizer_and_stages_are_those_of_the_phase() -> None:
    def lowest(**options: Any) -> float:
        return float(
            swept(fine_tuned(with_head(dropout=0.0)), what=phase(**options), shown=photos(lesson(size=2)))
            .losses[60:100]
            .sum()
        )

    found = {lowest(optimizer="sgd"), lowest(optimizer="adam"), lowest(optimizer="sgd", stage_lr=0.01)}
    assert len(found) == 3


def test_progress_is_told_from_the_first_step_to_the_last() -> None:
    told: list[tuple[Any, ...]] = []
    curve = swept(progress=lambda *step: told.append(step))
    assert told == [("raising the learning rate", done, STEPS) for done in range(len(curve.losses) + 1)]


def test_ctrl_c_ends_the_test() -> None:
    def interrupt(stage: str, done: int, total: int, note: str = "") -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        swept(progress=interrupt)


def test_a_photo_that_goes_away_ends_the_test_with_its_name(tmp_path: Path) -> None:
    paths = [tmp_path / f"{place}.png" for place in range(40)]
    for path, pixels in zip(paths, PHOTOS, strict=True):
        Image.fromarray(pixels).save(path)
    opened = open_photos(paths, size=8, resize="squash", threads=2, cache="none")
    paths[20].unlink()
    with pytest.raises(PhotoError, match=r"20\.png.*it could be read before the first epoch"):
        swept(all_of(), ShownPhotos(lesson(), opened.photos))
