import csv
from pathlib import Path

import pytest
from processes import KCLASS, run
from small_fits import SmallFit

import kclass

RESULTS = ("metrics.json", "predictions.csv", "split.csv", "history.csv")
OF_EPOCHS = ("--size", "64", "--batch-size", "4", "--mixup", "0.2", "--unfreeze", "last-4")
HEAD = ("--hidden", "8", "--epochs", "2", "--fine-tune", "1", "--augment", "standard")
FINE_TUNING = ("--fine-tune", "2", "--fine-tune-lr", "0.003", "--ema", "0.9")


def results(run_folder: Path) -> list[bytes]:
    return [(run_folder / name).read_bytes() for name in RESULTS]


def results_of_epochs(run_folder: Path) -> tuple[list[bytes], list[dict[str, str]], list[bytes]]:
    """All but the time that each epoch took, and the weights."""
    with (run_folder / "history.csv").open(newline="") as file:
        history = [{**row, "seconds": ""} for row in csv.DictReader(file)]
    weights = kclass.load(run_folder / "model.keras").archive.layer_weights.values()
    return results(run_folder)[:-1], history, [each.tobytes() for arrays in weights for each in arrays]


def fit_twice(data: Path, folder: Path, *options: str) -> None:
    """Fits in two processes.

    The first has to fill its cache, the second has all features there; and strings have other
    hashes, so that whatever is not sorted comes in another order.
    """
    for name in ("1", "2"):
        variables = {"KCLASS_CACHE": str(folder / "cache"), "PYTHONHASHSEED": name}
        ended = run(*KCLASS, "fit", str(data), "--out", name, *options, cwd=folder, variables=variables)
        assert ended.returncode == 0, ended.stderr


def test_fits_with_the_same_seed_give_the_same_numbers_to_the_last_digit(
    fitted: SmallFit, tmp_path: Path
) -> None:
    fit_twice(fitted.data, tmp_path)
    assert results(tmp_path / "1") == results(tmp_path / "2")


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(HEAD, id="head and fine-tuning", marks=pytest.mark.slow),
        pytest.param(FINE_TUNING, id="fine-tuning", marks=pytest.mark.slow),
    ],
)
def test_trainings_with_the_same_seed_give_the_same_weights_to_the_last_digit(
    options: tuple[str, ...], fitted: SmallFit, tmp_path: Path
) -> None:
    fit_twice(fitted.data, tmp_path, *OF_EPOCHS, *options)
    one, other = (results_of_epochs(tmp_path / name) for name in ("1", "2"))
    assert one == other
    assert len(one[1]) == 3


def test_a_fit_with_another_seed_gives_others(fitted: SmallFit, tmp_path: Path) -> None:
    kclass.fit(fitted.data, seed=1, out=tmp_path / "run")
    assert all(a != b for a, b in zip(results(tmp_path / "run"), results(fitted.run), strict=True))
