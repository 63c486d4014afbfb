"""Fits that are stopped in the middle, and end as if they never had been."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_fits import CLASSES, SmallFit, write_photos

import kclass
from kclass.progress import Progress

pytestmark = pytest.mark.filterwarnings(
    # Keras writes models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

FILES = {
    *("config.json", "confusion_matrix_valid.png", "curves.png", "findings.csv", "history.csv", "log.txt"),
    *("metrics.json", "model.keras", "predictions.csv", "report.html", "split.csv", "summary.txt"),
    "top_losses_valid.png",
    "training_photos.npz",
}
SCRATCH: dict[str, Any] = {"backbone": "scratch", "size": 8, "epochs": 3, "batch_size": 6}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def listed(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class StoppedError(Exception):
    """What ends a fit in the middle, as a full disk would."""


def ending(step: int, error: type[BaseException] = StoppedError) -> Progress:
    """Ends a training before its step of that number has been told."""

    def report(stage: str, done: int, total: int, note: str = "") -> None:
        if (stage, done) == ("training", step):
            raise error

    return report


def run_fit(data: Path | kclass.Dataset, out: Path, **options: Any) -> kclass.Fit:
    return kclass.run_fit(data, kclass.FitOptions(**options), out=out)


def stopped(data: Path | kclass.Dataset, out: Path, step: int = 7, **options: Any) -> Path:
    """A fit with three epochs of three steps that was stopped, in the third if not told otherwise."""
    with pytest.raises(StoppedError):
        kclass.fit(data, out=out, progress=ending(step), **{**SCRATCH, **options})
    return out.with_name(f"{out.name}.unfinished")


def results(run: Path) -> tuple[list[bytes], list[dict[str, str]], dict[str, list[Any]]]:
    """All that a fit comes to, without the time it took."""
    files = [(run / name).read_bytes() for name in ("metrics.json", "predictions.csv", "split.csv")]
    history = [{**row, "seconds": ""} for row in rows(run / "history.csv")]
    weights = kclass.load(run / "model.keras").archive.layer_weights
    return files, history, {name: [each.tolist() for each in arrays] for name, arrays in weights.items()}


@pytest.fixture(scope="module")
def whole(fitted: SmallFit, tmp_path_factory: pytest.TempPathFactory) -> kclass.Fit:
    """A fit that was never stopped."""
    return run_fit(fitted.data, tmp_path_factory.mktemp("whole") / "run", **SCRATCH)


@pytest.mark.parametrize("step", [4, *(pytest.param(step, marks=pytest.mark.slow) for step in (6, 7, 9))])
def test_a_fit_that_was_stopped_ends_as_if_it_never_had_been(
    step: int, whole: kclass.Fit, fitted: SmallFit, tmp_path: Path
) -> None:
    part = stopped(fitted.data, tmp_path / "run", step)
    assert listed(part) == {"begun.json", "checkpoint.npz", "log.txt"}
    fit = kclass.resume_fit(part)
    assert fit.folder == fit.classifier.run == tmp_path / "run"
    assert results(tmp_path / "run") == results(whole.folder)
    assert dict(fit.classifier.record.trained) == dict(whole.classifier.record.trained)
    assert listed(tmp_path / "run") == FILES
    assert not part.exists()
    log = (tmp_path / "run" / "log.txt").read_text()
    assert log.count(" INFO data trees: 24 photos, 3 classes\n") == 2


@pytest.mark.slow
def test_a_stopped_fit_is_named_by_its_folder_or_its_place_and_goes_on_in_any_working_folder(
    fitted: SmallFit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("here", "elsewhere"):
        (tmp_path / name).mkdir()
    write_photos(tmp_path / "here" / "others", dict.fromkeys(CLASSES, 2), seed=5)
    shutil.copytree(fitted.data, tmp_path / "here" / "trees")
    monkeypatch.chdir(tmp_path / "here")
    stopped(Path("trees"), Path("run"), valid="others")
    monkeypatch.chdir(tmp_path / "elsewhere")
    fit = kclass.resume_fit("../here/run")
    assert fit.folder.resolve() == tmp_path / "here" / "run"
    assert (len(fit.data.train), len(fit.data.valid)) == (24, 6)
    assert listed(tmp_path / "elsewhere") == set()


@pytest.mark.slow
def test_latest_names_a_run_without_a_name_when_it_has_come_to_its_end(
    fitted: SmallFit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoppedError) as raised:
        kclass.fit(fitted.data, **SCRATCH, progress=ending(4))
    (part,) = Path("runs").iterdir()
    assert raised.value.__notes__ == [f"The epochs so far are kept. Go on with: kclass fit --resume {part}"]
    fit = kclass.resume_fit(part)
    assert kclass.latest_model().resolve() == (fit.folder / "model.keras").resolve()


@pytest.mark.slow
def test_ctrl_c_ends_the_epochs_and_the_best_so_far_is_judged_and_kept(
    fitted: SmallFit, tmp_path: Path
) -> None:
    chosen = kclass.FitOptions(**SCRATCH)
    fit = kclass.run_fit(fitted.data, chosen, out=tmp_path / "run", progress=ending(8, KeyboardInterrupt))
    assert [each.epoch for each in fit.epochs] == [1, 2]
    assert fit.network is not None
    assert fit.network.interrupted
    assert fit.to_dict()["interrupted"] is True
    assert fit.epoch_remark.startswith("Stopped by Ctrl-C. Kept: epoch ")
    assert listed(tmp_path / "run") == FILES
    two = run_fit(fitted.data, tmp_path / "two", **{**SCRATCH, "epochs": 2})
    assert results(tmp_path / "run") == results(two.folder)


def test_ctrl_c_in_the_first_epoch_leaves_nothing(fitted: SmallFit, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        kclass.fit(fitted.data, out=tmp_path / "run", progress=ending(1, KeyboardInterrupt), **SCRATCH)
    assert listed(tmp_path) == set()


@pytest.mark.slow
def test_ctrl_c_in_the_first_epoch_of_fine_tuning_leaves_the_solved_head(
    fitted: SmallFit, tmp_path: Path
) -> None:
    chosen = kclass.FitOptions(size=64, fine_tune=2, unfreeze="last-1")
    fit = kclass.run_fit(fitted.data, chosen, out=tmp_path / "run", progress=ending(1, KeyboardInterrupt))
    assert fit.epoch_remark == (
        "Stopped by Ctrl-C. No epoch was better than the solved head by the photos held out: it is kept."
    )
    assert [row["phase"] for row in rows(tmp_path / "run" / "history.csv")] == ["start"]
    solved = kclass.fit(fitted.data, out=tmp_path / "solved", size=64)
    assert np.array_equal(
        fit.classifier.archive.layer_weights["logits"][0], solved.archive.layer_weights["logits"][0]
    )
    assert listed(tmp_path / "run") == FILES


def test_data_that_have_changed_are_no_longer_those_of_the_run(fitted: SmallFit, tmp_path: Path) -> None:
    data = shutil.copytree(fitted.data, tmp_path / "trees")
    part = stopped(data, tmp_path / "run")
    before = listed(part)
    (data / "ash/0.png").rename(data / "ash/00.png")
    with pytest.raises(kclass.DataError) as raised:
        kclass.resume_fit(part)
    assert raised.value.message == f"the data of {part} are not those that it was begun with"
    assert raised.value.fix == "Bring them back as they were, or start again."
    shutil.rmtree(data)
    with pytest.raises(kclass.DataError, match=f"there is no folder or file {data}"):
        kclass.resume_fit(part)
    assert listed(part) == before


@pytest.mark.parametrize("name", ["manifest", "valid"])
def test_photos_that_have_another_split_than_the_run_began_with_are_refused(
    name: str, fitted: SmallFit, tmp_path: Path
) -> None:
    if name == "manifest":
        shutil.copy(fitted.run / "split.csv", tmp_path / "place")
    else:
        write_photos(tmp_path / "place", dict.fromkeys(CLASSES, 2), seed=5)
    part = stopped(fitted.data, tmp_path / "run", **{name: tmp_path / "place"})
    if name == "manifest":  # photos that have been learned from would validate
        table = (tmp_path / "place").read_text()
        swapped = table.replace(",train", ",TRAIN").replace(",valid", ",train").replace(",TRAIN", ",valid")
        (tmp_path / "place").write_text(swapped)
    else:
        shutil.rmtree(tmp_path / "place")
        write_photos(tmp_path / "place", dict.fromkeys(CLASSES, 3), seed=6)
    with pytest.raises(kclass.DataError, match="are not those that it was begun with"):
        kclass.resume_fit(part)


@pytest.mark.slow
def test_data_that_were_made_in_python_are_given_again(fitted: SmallFit, tmp_path: Path) -> None:
    data = kclass.ImageFolder(fitted.data).split(valid=0.5, seed=3)
    part = stopped(data, tmp_path / "run", step=5)  # of two steps an epoch
    with pytest.raises(kclass.DataError) as raised:
        kclass.resume_fit(part)
    assert raised.value.message == (f"{part} does not say where its data come from: they were made in Python")
    assert raised.value.fix == "Give the data set: kclass.resume_fit(run, data=data)."
    with pytest.raises(kclass.DataError, match="are not those that it was begun with"):
        kclass.resume_fit(part, data=kclass.ImageFolder(fitted.data))
    wrong: Any = 5
    with pytest.raises(kclass.OptionError, match="data is 5; it must be a folder of photos or a data set"):
        kclass.resume_fit(part, data=wrong)
    fit = kclass.resume_fit(part, data=data)
    assert fit.evaluations["valid"].samples.paths == data.valid.paths


def test_a_checkpoint_that_is_damaged_is_named(fitted: SmallFit, tmp_path: Path) -> None:
    part = stopped(fitted.data, tmp_path / "run")
    (part / "checkpoint.npz").write_bytes(b"no checkpoint")
    with pytest.raises(kclass.ModelError) as raised:
        kclass.resume_fit(part)
    assert raised.value.message.startswith(f"{part / 'checkpoint.npz'} is no checkpoint that can be gone on")
    assert raised.value.fix == "Start again with `kclass fit DATA`."


def test_an_unfinished_run_is_in_the_way_of_another_fit_of_its_name(fitted: SmallFit, tmp_path: Path) -> None:
    part = stopped(fitted.data, tmp_path / "run")
    with pytest.raises(kclass.OutputError) as raised:
        kclass.fit(fitted.data, out=tmp_path / "run", **SCRATCH)
    assert raised.value.message == f"{part} is there already: a run that has not come to its end"


@pytest.mark.slow
def test_other_versions_than_the_run_began_with_are_told_in_its_log(fitted: SmallFit, tmp_path: Path) -> None:
    part = stopped(fitted.data, tmp_path / "run")
    begun = read_json(part / "begun.json")
    (part / "begun.json").write_text(json.dumps({**begun, "versions": {**begun["versions"], "keras": "3.0"}}))
    fit = kclass.resume_fit(part)
    assert "was begun with other versions" in (fit.folder / "log.txt").read_text()


@pytest.mark.parametrize("split", ["train", "valid"])
def test_a_photo_that_has_become_another_under_its_name_is_noticed(split: str, tmp_path: Path) -> None:
    data = write_photos(tmp_path / "trees", dict.fromkeys(CLASSES, 8))
    table = kclass.ImageFolder(data).split(valid=0.25, seed=1)
    part = stopped(table, tmp_path / "run")
    photo, other = getattr(table, split).path(0), write_photos(tmp_path / "others", {"ash": 1}, seed=9)
    shutil.copy(other / "ash" / "0.png", photo)
    with pytest.raises(kclass.DataError, match="are not those that it was begun with"):
        kclass.resume_fit(part, data=table)
    assert (part / "checkpoint.npz").exists()
