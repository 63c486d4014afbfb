"""Which learning rate to train with."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_fits import SmallFit

import kclass
from kclass.training.lr_sweep import HIGHEST, LOWEST, STEPS

pytestmark = pytest.mark.filterwarnings(
    # Keras writes models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SCRATCH: dict[str, Any] = {"backbone": "scratch", "size": 8, "batch_size": 2, "augment": "none"}
FINE_TUNED: dict[str, Any] = {"fine_tune": 2, "size": 64, "batch_size": 6, "unfreeze": "last-1"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stages(data: Path, **options: Any) -> dict[str, int]:
    """What the search says it is at, with the steps that this is to take."""
    told: dict[str, int] = {}
    kclass.lr_find(data, progress=lambda stage, done, total, note="": told.update({stage: total}), **options)
    return told


@pytest.fixture(scope="module")
def usual(fitted: SmallFit, tmp_path_factory: pytest.TempPathFactory) -> kclass.LrCurve:
    folder = tmp_path_factory.mktemp("nothing")
    with contextlib.chdir(folder):
        curve = kclass.lr_find(fitted.data, **SCRATCH)
    assert list(folder.iterdir()) == []
    return curve


def test_the_rate_rises_by_the_same_factor_until_the_loss_runs_away(usual: kclass.LrCurve) -> None:
    assert usual.rates[0] == pytest.approx(LOWEST)
    assert np.allclose(usual.rates[1:] / usual.rates[:-1], (HIGHEST / LOWEST) ** (1 / (STEPS - 1)))
    assert 10 < len(usual.rates) == len(usual.losses) < STEPS
    assert usual.losses[0] == pytest.approx(np.log(3), abs=0.3)  # of three classes it knows nothing yet
    assert not usual.losses[-1] < 2 * np.log(3)


@pytest.mark.slow
def test_a_search_gives_the_same_curve_again(fitted: SmallFit, usual: kclass.LrCurve) -> None:
    again = kclass.lr_find(str(fitted.data), **SCRATCH)
    assert np.array_equal(again.losses, usual.losses, equal_nan=True)
    assert again.suggestion == usual.suggestion


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"optimizer": "sgd"}, {"label_smoothing": 0.3}, {"seed": 1}], ids=str)
def test_what_training_would_be_like_decides_the_curve(
    change: dict[str, Any], fitted: SmallFit, usual: kclass.LrCurve
) -> None:
    other = kclass.lr_find(fitted.data, **SCRATCH, **change)
    assert not np.array_equal(usual.losses[:40], other.losses[:40])


@pytest.mark.slow
def test_of_fine_tuning_it_is_the_rate_after_the_solved_head(fitted: SmallFit) -> None:
    told = stages(fitted.data, **FINE_TUNED)
    assert "training" not in told
    assert list(told)[-2:] == ["choosing the penalty", "raising the learning rate"]


@pytest.mark.slow
def test_of_a_head_that_is_fine_tuned_it_is_the_rate_after_its_own_epochs(fitted: SmallFit) -> None:
    told = stages(fitted.data, **FINE_TUNED, head="dense", epochs=3)
    assert list(told)[-2:] == ["training", "raising the learning rate"]
    assert told["training"] == 3 * 3  # 15 photos in batches of 6; none of fine-tuning's own


def test_a_head_that_is_solved_has_no_rate(fitted: SmallFit) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.lr_find(fitted.data)
    assert raised.value.message == (
        "efficientnet_lite0 has no learning rate here: its head is solved, without steps"
    )
    assert (
        raised.value.fix == "To train by steps, use --fine-tune EPOCHS, --head dense or --backbone scratch."
    )


def test_a_search_that_keeps_no_run_has_no_files_for_tensorboard(fitted: SmallFit) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.lr_find(fitted.data, **SCRATCH, tensorboard=True)
    assert raised.value.message == "tensorboard has no effect on lr_find: it keeps no run"
    assert raised.value.fix == "Leave it out."


def test_data_that_cannot_be_used_are_refused_as_by_a_fit(here: Path) -> None:
    with pytest.raises(kclass.DataError, match="there is no folder or file photos"):
        kclass.lr_find("photos", **SCRATCH)
    wrong: Any = 5
    with pytest.raises(kclass.OptionError, match="data is 5; it must be a folder of photos or a data set"):
        kclass.lr_find(wrong, **SCRATCH)


@pytest.mark.slow
def test_ctrl_c_ends_the_search_whatever_it_is_at(fitted: SmallFit) -> None:
    def interrupt(stage: str, done: int, total: int, note: str = "") -> None:
        if (stage, done) == ("training", 4):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kclass.lr_find(fitted.data, progress=interrupt, **FINE_TUNED, head="dense", epochs=3)
