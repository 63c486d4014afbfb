import csv
import json
import logging
import os
import re
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_fits import CLASSES, SmallFit, write_photo, write_photos

import kclass
from kclass.classifier.model_file import versions
from kclass.dataset.manifest import read_manifest
from kclass.progress import silent
from kclass.runs.copies import copies_remark
from kclass.runs.preparing import prepare

pytestmark = pytest.mark.filterwarnings(
    # Keras writes models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

FILES = {
    "config.json",
    "confusion_matrix_valid.png",
    "findings.csv",
    "history.csv",
    "log.txt",
    "metrics.json",
    "model.keras",
    "predictions.csv",
    "report.html",
    "split.csv",
    "top_losses_valid.png",
    "training_photos.npz",
}

FILES_OF_EPOCHS = FILES | {"curves.png", "summary.txt"}

SCRATCH = {"backbone": "scratch", "size": 8, "epochs": 1}


def run_fit(data: Path | kclass.Dataset, out: Path, **options: Any) -> kclass.Fit:
    return kclass.run_fit(data, kclass.FitOptions(**options), out=out)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def listed(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


# What a run holds


def test_a_run_holds_all_that_tells_how_it_came_about(fitted: SmallFit) -> None:
    assert {path.name for path in fitted.run.iterdir()} == FILES
    assert all(path.stat().st_size for path in fitted.run.iterdir())


def test_labelled_test_photos_have_figures_of_their_own(fitted: SmallFit, tmp_path: Path) -> None:
    run_fit(fitted.data, tmp_path / "run", test=0.25)
    figures = {"confusion_matrix_test.png", "top_losses_test.png"}
    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES | figures
    assert set(read_json(tmp_path / "run" / "metrics.json")) == {"valid", "test"}
    assert {row["split"] for row in rows(tmp_path / "run" / "predictions.csv")} == {"valid", "test"}


def test_the_split_can_be_used_again(fitted: SmallFit) -> None:
    again = read_manifest(fitted.run / "split.csv", root=fitted.data)
    assert again.fingerprint() == fitted.classifier.record.data["fingerprint"]
    assert (len(again.train), len(again.valid)) == (18, 6)


def test_every_evaluated_photo_stands_in_the_predictions_with_every_class(fitted: SmallFit) -> None:
    found = rows(fitted.run / "predictions.csv")
    valid = read_manifest(fitted.run / "split.csv", root=fitted.data).valid
    assert [row["path"] for row in found] == list(valid.paths)  # as in split.csv, so they can be joined
    for row in found:
        assert row["split"] == "valid"
        assert row["label"] == Path(row["path"]).parent.name
        chances = {name: float(row[f"p({name})"]) for name in CLASSES}
        assert sum(chances.values()) == pytest.approx(1, abs=1e-5)
        assert row["prediction"] == max(chances, key=lambda name: chances[name])
        assert float(row["probability"]) == max(chances.values())
        assert float(row["novelty"]) >= 0
    assert list(found[0])[5:] == ["novelty", *(f"p({name})" for name in CLASSES)]


def test_the_metrics_follow_from_the_predictions(fitted: SmallFit) -> None:
    found = rows(fitted.run / "predictions.csv")
    metrics = read_json(fitted.run / "metrics.json")["valid"]
    correct = sum(row["label"] == row["prediction"] for row in found)
    assert (metrics["photos"], metrics["correct"]) == (6, correct)
    assert metrics["accuracy"] == pytest.approx(correct / 6)
    losses = [-np.log(float(row[f"p({row['label']})"])) for row in found]
    assert metrics["log_loss"] == pytest.approx(np.mean(losses), abs=1e-4)
    assert metrics["unreadable"] == []
    assert metrics["novel"] == sum(float(row["novelty"]) > 1 for row in found)
    assert metrics["calibration"]["photos"] == 6


def test_the_model_knows_how_it_came_about(fitted: SmallFit) -> None:
    record = kclass.load(fitted.model).record
    config = read_json(fitted.run / "config.json")
    metrics = read_json(fitted.run / "metrics.json")["valid"]
    assert config["options"] == dict(record.trained)
    data = {"name": "trees", "photos": 24, "fingerprint": record.data["fingerprint"]}
    assert dict(record.data) == data
    assert config["data"] == {
        **data,
        "root": str(fitted.data),
        "origin": kclass.open_data(fitted.data).origin,
    }
    assert config["versions"] == dict(record.versions) == versions()
    assert record.classes == CLASSES
    assert record.metrics["valid"]["accuracy"] == metrics["accuracy"]
    assert record.metrics["valid"]["interval"] == [metrics["interval"]["low"], metrics["interval"]["high"]]
    assert (config["options"]["head"], config["options"]["photos"]) == ("linear", 18)


def test_the_history_of_a_solved_head_is_its_path_of_penalties(fitted: SmallFit) -> None:
    history = rows(fitted.run / "history.csv")
    assert list(history[0]) == ["c", "log_loss", "accuracy", "chosen"]
    (chosen,) = (float(row["c"]) for row in history if row["chosen"] == "1")
    assert chosen == fitted.classifier.record.trained["c"]
    best = min(history, key=lambda row: float(row["log_loss"]))
    assert float(best["c"]) == chosen


def test_a_run_with_epochs_holds_them_as_a_table_as_curves_and_as_numbers(
    fitted: SmallFit, tmp_path: Path
) -> None:
    fit = run_fit(fitted.data, tmp_path / "run", **{**SCRATCH, "epochs": 2}, tensorboard=True)
    assert listed(tmp_path / "run") == FILES_OF_EPOCHS | {"tensorboard"}
    history = rows(tmp_path / "run" / "history.csv")
    assert list(history[0]) == [
        *("phase", "epoch", "learning_rate", "train_loss", "held_out_loss", "error_rate", "seconds")
    ]
    assert [(row["phase"], row["epoch"]) for row in history] == [("scratch", "1"), ("scratch", "2")]
    assert [float(row["held_out_loss"]) for row in history] == [each.held_out_loss for each in fit.epochs]
    best = min(fit.epochs, key=lambda each: each.held_out_loss)
    assert fit.classifier.record.trained["best_epoch"] == best.epoch
    assert fit.classifier.record.trained["photos"] == 18
    assert fit.epoch_table.splitlines()[2].startswith("scratch      2 ")
    assert fit.epoch_remark.startswith(f"Kept: epoch {best.epoch}, with the lowest loss (")
    assert fit.to_dict()["epochs"] == [asdict(each) for each in fit.epochs]
    assert fit.to_dict()["interrupted"] is False
    with Image.open(tmp_path / "run" / "curves.png") as curves:
        assert min(curves.size) > 300
    summary = (tmp_path / "run" / "summary.txt").read_text().splitlines()
    assert summary[0].split() == ["layer", "class", "output", "weights", "learned"]
    assert summary[2].split() == ["conv16", "Conv2D", "8", "x", "8", "x", "16", "448", "448"]
    assert summary[-1].split() == ["all", "616,483", "616,483"]
    assert scalars(tmp_path / "run" / "tensorboard")["held_out_loss"] == pytest.approx(
        [each.held_out_loss for each in fit.epochs]
    )
    assert kclass.load(tmp_path / "run/model.keras").predict(fitted.photo).label in CLASSES


def scalars(folder: Path) -> dict[str, list[float]]:
    """What TensorBoard reads of its files, by name."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    events = EventAccumulator(str(folder)).Reload()
    return {
        tag: [make_ndarray(event.tensor_proto).item() for event in events.Tensors(tag)]
        for tag in events.Tags()["tensors"]
    }


def test_a_solved_head_has_no_epochs_to_tell_of(fitted: SmallFit, tmp_path: Path) -> None:
    fit = run_fit(fitted.data, tmp_path / "run")
    assert (fit.epochs, fit.epoch_remark, fit.network, fit.training) == ((), "", None, "")
    assert (fit.to_dict()["epochs"], fit.to_dict()["interrupted"]) == ([], False)


def test_the_log_tells_what_was_done_and_when(fitted: SmallFit) -> None:
    first, second = (fitted.run / "log.txt").read_text().splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d [\d:,]+ INFO data trees: 24 photos, 3 classes", first)
    assert " INFO trained: {" in second


# What a fit gives back


def test_a_fit_gives_the_classifier_of_its_run(fitted: SmallFit, tmp_path: Path) -> None:
    fit = run_fit(fitted.data, tmp_path / "run")
    assert fit.folder == fit.classifier.run == tmp_path / "run"
    assert fit.unreadable == ()
    plain = fit.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert (plain["run"], plain["model"]) == (str(tmp_path / "run"), str(tmp_path / "run" / "model.keras"))
    assert plain["data"] == fit.data.to_dict()
    assert plain["metrics"]["valid"] == read_json(tmp_path / "run" / "metrics.json")["valid"]


def test_the_seconds_of_a_fit_last_until_its_page_is_made(fitted: SmallFit, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []

    def progress(stage: str, done: int, total: int) -> None:
        told.append((stage, time.monotonic()))

    fit = kclass.run_fit(fitted.data, kclass.FitOptions(), out=tmp_path / "run", progress=progress)
    (_, first), (stage, last) = told[0], told[-1]
    assert stage == "explaining"
    assert fit.seconds >= last - first


def test_a_loaded_classifier_has_no_run(fitted: SmallFit) -> None:
    assert fitted.classifier.run == fitted.run
    assert kclass.load(fitted.model).run is None


def test_a_data_set_can_be_given_and_is_used_as_it_is_split(fitted: SmallFit, tmp_path: Path) -> None:
    data = kclass.ImageFolder(fitted.data).split(valid=0.5, seed=9)
    fit = run_fit(data, tmp_path / "run")
    assert fit.data is data
    assert fit.evaluations["valid"].samples.paths == data.valid.paths
    for name in ("valid", "test"):
        with pytest.raises(kclass.OptionError, match=f"{name} is a fraction, but trees is split"):
            run_fit(data, tmp_path / "other", **{name: 0.2})


def test_a_folder_can_be_named_by_text(fitted: SmallFit, tmp_path: Path) -> None:
    classifier = kclass.fit(str(fitted.data), out=str(tmp_path / "run"))
    assert classifier.run == tmp_path / "run"


def test_progress_is_told_of_every_stage(fitted: SmallFit, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    kclass.fit(fitted.data, out=tmp_path / "run", progress=lambda *step: told.append(step))
    stages = ["embedding", "inspecting", "matching", "choosing the penalty", "thumbnails", "explaining"]
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == stages
    for stage in {stage for stage, _, _ in told}:
        last = [step for step in told if step[0] == stage][-1]
        assert last[1] == last[2]


def test_photos_of_every_split_that_cannot_be_read_are_named_once(tmp_path: Path) -> None:
    data = write_photos(tmp_path / "trees", dict.fromkeys(CLASSES, 5))
    for index in range(6):
        (data / "ash" / f"broken-{index}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes([index]))
    fit = run_fit(data, tmp_path / "run", valid=0.4)
    named = [error.message.split(" is truncated")[0] for error in fit.unreadable]
    assert sorted(named) == [str(data / "ash" / f"broken-{index}.jpg") for index in range(6)]
    log = (tmp_path / "run" / "log.txt").read_text()
    assert all(log.count(f"WARNING left out: {name} ") == 1 for name in named)
    in_valid = fit.evaluations["valid"].unreadable
    assert 0 < len(in_valid) < 6
    assert fit.classifier.record.trained["photos"] == len(fit.data.train) - (6 - len(in_valid))


def test_names_that_are_no_text_are_no_obstacle(tmp_path: Path) -> None:
    # As photos from an old archive have them: é in Latin-1, which is no UTF-8.
    data = write_photos(tmp_path / "trees", {"ash": 4, "birch": 4})
    for old, new in ((b"ash/0.png", b"ash/caf\xe9.png"), (b"ash", b"fr\xeane")):
        try:
            (data / os.fsdecode(old)).rename(data / os.fsdecode(new))
        except OSError:
            pytest.skip("this file system takes UTF-8 alone")
    fit = run_fit(data, tmp_path / "run", valid=0.5)
    assert kclass.load(tmp_path / "run/model.keras").classes == ("birch", "fr\udceane")
    split = read_manifest(tmp_path / "run/split.csv", root=data)
    assert split.fingerprint() == fit.data.fingerprint()
    table = (tmp_path / "run/predictions.csv").read_text(encoding="utf-8", errors="surrogatepass")
    assert "fr\udceane" in table
    assert "fr\udceane" in [
        each["name"] for each in read_json(tmp_path / "run/metrics.json")["valid"]["per_class"]
    ]


# Copies across splits


def split_folders(root: Path, *copies: tuple[str, str]) -> Path:
    """Split folders, and some of their photos copied over others."""
    for place, split in enumerate(("train", "valid")):
        write_photos(root / split, {"ash": 4, "birch": 4}, seed=place)
    for old, new in copies:
        (root / new).write_bytes((root / old).read_bytes())
    return root


def test_a_training_photo_that_is_in_validation_too_is_not_trained_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = split_folders(tmp_path / "trees", ("valid/ash/1.png", "train/ash/2.png"))
    fit = run_fit(data, tmp_path / "run")
    assert fit.left_out_copies == ("train/ash/2.png",)
    assert fit.to_dict()["left_out_copies"] == ["train/ash/2.png"]
    said = "1 training photo left out: the same picture is in validation (train/ash/2.png)"
    assert fit.remark == said
    assert said in (tmp_path / "run/log.txt").read_text()
    assert "identical" not in {row["kind"] for row in rows(tmp_path / "run/findings.csv")}
    assert fit.classifier.record.trained["photos"] == 7
    assert fit.evaluations["valid"].metrics.photos == 8
    splits = {row["path"]: row["split"] for row in rows(tmp_path / "run/split.csv")}
    assert [path for path, split in splits.items() if not split] == ["train/ash/2.png"]


def test_a_left_out_copy_under_another_label_is_named(tmp_path: Path) -> None:
    data = split_folders(tmp_path / "trees", ("valid/ash/1.png", "train/birch/2.png"))
    run_fit(data, tmp_path / "run")
    (named,) = (row for row in rows(tmp_path / "run/findings.csv") if row["kind"] == "two-labels")
    assert {named["path"], named["others"]} == {"valid/ash/1.png", "train/birch/2.png"}


def test_copies_are_left_out_of_a_network_that_is_trained_and_named_by_where_they_are(tmp_path: Path) -> None:
    data = split_folders(tmp_path / "trees", ("valid/ash/1.png", "train/birch/2.png"))
    (data / "test/ash").mkdir(parents=True)
    for index in range(2):
        with Image.open(data / "train/ash" / f"{index}.png") as photo:
            photo.transpose(Image.Transpose.ROTATE_90).save(data / f"test/ash/{index}.jpg")
    prepared = prepare(kclass.ImageFolder(data), kclass.FitOptions(**SCRATCH), silent)
    assert prepared.left_out == ("train/ash/0.png", "train/ash/1.png", "train/birch/2.png")
    assert copies_remark(prepared.data, prepared.left_out) == (
        "3 training photos left out: the same picture is in validation or test "
        "(train/ash/0.png, train/ash/1.png, train/birch/2.png)"
    )
    assert prepared.data.train.paths == tuple(
        path for path in kclass.ImageFolder(data).train.paths if path not in prepared.left_out
    )


def test_a_class_of_copies_alone_is_refused(tmp_path: Path) -> None:
    copies = [(f"valid/ash/{index}.png", f"train/ash/{index}.png") for index in range(4)]
    data = split_folders(tmp_path / "trees", *copies)
    with pytest.raises(kclass.DataError) as raised:
        run_fit(data, tmp_path / "run")
    assert raised.value.message == (
        "trees has validation or test photos that are copies of all training photos of a class: ash"
    )


def test_without_copies_a_data_set_is_used_as_it_is(tmp_path: Path) -> None:
    data = kclass.ImageFolder(split_folders(tmp_path / "trees", ("train/ash/0.png", "train/ash/1.png")))
    prepared = prepare(data, kclass.FitOptions(), silent)
    assert (prepared.data, prepared.left_out) == (data, ())
    assert copies_remark(data, ()) == ""


# Failures


@pytest.mark.parametrize(("options", "trained"), [({}, "choosing the penalty"), (SCRATCH, "training")])
@pytest.mark.parametrize("split", ["train", "valid"])
def test_strict_refuses_a_broken_photo_before_anything_is_trained(
    options: dict[str, Any], trained: str, split: str, tmp_path: Path
) -> None:
    data = split_folders(tmp_path / "trees")
    (data / split / "ash" / "9.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    told: list[str] = []
    with pytest.raises(kclass.PhotoError, match="1 of the photos cannot be read"):
        kclass.fit(
            data, out=tmp_path / "run", strict=True, progress=lambda stage, *_: told.append(stage), **options
        )
    assert told
    assert trained not in told
    assert not (tmp_path / "run").exists()


def test_data_and_places_that_are_none_are_refused(fitted: SmallFit) -> None:
    wrong: Any
    for wrong in (None, 5, [fitted.data]):
        with pytest.raises(kclass.OptionError) as raised:
            kclass.fit(wrong)
        assert raised.value.message == f"data is {wrong!r}; it must be a folder of photos or a data set"
    wrong = 5
    with pytest.raises(kclass.OptionError, match="out is 5; it must be the path of a folder"):
        kclass.fit(fitted.data, out=wrong)


def test_the_place_of_a_run_can_be_left_out_or_be_text(
    fitted: SmallFit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert kclass.run_fit(fitted.data, kclass.FitOptions()).folder.parent == Path("runs")
    assert kclass.run_fit(fitted.data, kclass.FitOptions(), out="run").folder == Path("run")


def test_a_failure_leaves_no_run(fitted: SmallFit, tmp_path: Path) -> None:
    for options in ({}, {"fine_tune": 1}):
        with pytest.raises(kclass.OptionError, match="size is 20; efficientnet_lite0 takes 32 or more"):
            run_fit(fitted.data, tmp_path / "deep" / "run", size=20, **options)
    assert [path for path in tmp_path.rglob("*") if path.name != "deep"] == []


def test_a_run_is_refused_before_anything_is_computed(fitted: SmallFit, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("in the way")
    told: list[str] = []
    for options in ({}, SCRATCH):
        with pytest.raises(kclass.OutputError, match="is there already"):
            kclass.fit(
                fitted.data, out=tmp_path / "run", progress=lambda stage, *_: told.append(stage), **options
            )
    assert told == []


def test_a_run_among_the_photos_is_refused(tmp_path: Path) -> None:
    data = write_photos(tmp_path / "trees", {"ash": 3, "birch": 3})
    folder = kclass.ImageFolder(data)
    for source in (data, str(data), folder, folder.split(valid=0.4)):
        with pytest.raises(kclass.OutputError, match="the run would lie among the photos"):
            kclass.fit(source, out=data / "run")
    assert {path.name for path in data.iterdir()} == {"ash", "birch"}


def test_a_run_may_lie_beside_photos_that_were_named_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(tmp_path, {"ash": 4, "birch": 4})
    monkeypatch.chdir(tmp_path)
    files = [f"{name}/{number}.png" for name in ("ash", "birch") for number in range(4)]
    data = kclass.from_lists(files, [file.split("/")[0] for file in files])
    assert data.root == tmp_path
    assert kclass.fit(data).run == Path("runs") / (tmp_path / "runs" / "latest").resolve().name
    (tmp_path / "labels.csv").write_text("path,label\n" + "".join(f"{f},{f.split('/')[0]}\n" for f in files))
    assert kclass.fit("labels.csv", out="run").run == Path("run")


def test_a_run_in_a_folder_that_a_table_labels_is_refused(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "trees", {"images": 4})
    rows = [f"{number}.png,{'ash' if number % 2 else 'birch'}\n" for number in range(4)]
    (folder / "labels.csv").write_text("path,label\n" + "".join(rows))
    with pytest.raises(kclass.OutputError, match="the run would lie among the photos"):
        kclass.fit(folder, out=folder / "run")


def test_the_logger_is_left_as_it_was(fitted: SmallFit, tmp_path: Path) -> None:
    logger = logging.getLogger("kclass")
    before = (logger.level, list(logger.handlers))
    run_fit(fitted.data, tmp_path / "run")
    with pytest.raises(kclass.OptionError):
        run_fit(fitted.data, tmp_path / "other", size=20)
    assert (logger.level, logger.handlers) == before


# Splitting


def split_by(data: kclass.Dataset, **options: Any) -> kclass.Dataset:
    return prepare(data, kclass.FitOptions(**options), silent).data


def test_a_data_set_without_a_split_is_split_by_the_options(fitted: SmallFit) -> None:
    data = kclass.ImageFolder(fitted.data)

    def sizes(**options: Any) -> tuple[int, ...]:
        codes = split_by(data, **options).samples.splits
        return tuple(int(np.count_nonzero(codes == code)) for code in range(3))

    # Eight photos a class: a fifth of them is 1.6, which is nearer to 2.
    assert sizes() == (18, 6, 0)
    assert sizes(valid=0.5) == (12, 12, 0)
    assert sizes(valid=0.25, test=0.25) == (12, 6, 6)


def test_a_test_folder_alone_leaves_validation_to_be_taken_from_training(tmp_path: Path) -> None:
    for place, split in enumerate(("train", "test")):
        write_photos(tmp_path / "trees" / split, {"ash": 5, "birch": 5}, seed=place)
    data = split_by(kclass.ImageFolder(tmp_path / "trees"))
    assert (len(data.train), len(data.valid), len(data.test)) == (8, 2, 10)
    with pytest.raises(kclass.DataError, match="has test photos already"):
        split_by(kclass.ImageFolder(tmp_path / "trees"), test=0.2)


def test_unlabelled_test_photos_are_not_evaluated(tmp_path: Path) -> None:
    data = tmp_path / "trees"
    for place, split in enumerate(("train", "valid", "test")):
        write_photos(data / split, {"ash": 4, "birch": 4}, seed=place)
    for name in ("ash", "birch"):
        for photo in sorted((data / "test" / name).iterdir()):
            photo.rename(data / "test" / f"{name}-{photo.name}")
        (data / "test" / name).rmdir()
    fit = run_fit(data, tmp_path / "run")
    assert set(fit.evaluations) == {"valid"}
    assert fit.data.unlabelled.paths == fit.data.test.paths
    assert len(fit.data.test) == 8


def test_a_manifest_given_back_gives_the_same_split_whatever_the_seed(tmp_path: Path) -> None:
    data = write_photos(tmp_path / "trees", dict.fromkeys(CLASSES, 8))
    first = run_fit(data, tmp_path / "run", seed=1)
    write_photo(data / "ash" / "new.png", (10, 90, 20), np.random.default_rng(9))
    again = run_fit(data, tmp_path / "again", seed=2, manifest=tmp_path / "run" / "split.csv")
    kept = [path for path in again.data.samples.paths if path != "ash/new.png"]
    assert kept == list(first.data.samples.paths)
    assert again.data.train.paths == first.data.train.paths
    assert again.data.valid.paths == first.data.valid.paths
    assert [remark for remark in again.data.remarks if "ash/new.png" in remark]


def test_other_folders_validate_and_test(tmp_path: Path) -> None:
    for seed, name in enumerate(("own", "valid", "test")):
        write_photos(tmp_path / name, {"ash": 4, "birch": 4}, seed=seed)
    fit = run_fit(tmp_path / "own", tmp_path / "run", valid=tmp_path / "valid", test=str(tmp_path / "test"))
    assert (len(fit.data.train), len(fit.data.valid), len(fit.data.test)) == (8, 8, 8)
    assert set(fit.evaluations) == {"valid", "test"}
    assert fit.classifier.record.trained["valid"] == str(tmp_path / "valid")


def test_another_test_folder_leaves_validation_to_be_taken_from_training(tmp_path: Path) -> None:
    for seed, name in enumerate(("own", "test")):
        write_photos(tmp_path / name, {"ash": 8, "birch": 8}, seed=seed)
    data = split_by(kclass.ImageFolder(tmp_path / "own"), valid=0.25, test=tmp_path / "test")
    assert (len(data.train), len(data.valid), len(data.test)) == (12, 4, 16)


@pytest.mark.parametrize("name", ["valid", "test"])
def test_a_manifest_and_another_split_contradict_each_other(name: str, tmp_path: Path) -> None:
    with pytest.raises(kclass.OptionError, match=f"{name} and manifest say the same thing twice"):
        kclass.FitOptions(**{name: 0.2}, manifest=tmp_path / "split.csv")


def test_a_fraction_of_a_data_set_that_another_folder_splits_is_refused(tmp_path: Path) -> None:
    for seed, name in enumerate(("own", "valid")):
        write_photos(tmp_path / name, {"ash": 4, "birch": 4}, seed=seed)
    with pytest.raises(kclass.OptionError, match="test is a fraction, but own is split already"):
        split_by(kclass.ImageFolder(tmp_path / "own"), valid=tmp_path / "valid", test=0.2)


@pytest.mark.parametrize("options", [{}, SCRATCH])
def test_copies_stay_on_one_side_of_a_random_split(options: dict[str, Any], tmp_path: Path) -> None:
    data = write_photos(tmp_path / "trees", {"ash": 8, "birch": 8})
    for index in range(8):
        with Image.open(data / "ash" / f"{index}.png") as photo:
            photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(data / "ash" / f"{index}-copy.jpg")
    for seed in range(3):
        table = split_by(kclass.ImageFolder(data), valid=0.4, seed=seed, **options)
        sides = dict(zip(table.samples.paths, table.samples.splits.tolist(), strict=True))
        assert all(sides[f"ash/{index}.png"] == sides[f"ash/{index}-copy.jpg"] for index in range(8))
        assert not prepare(table, kclass.FitOptions(**options), silent).left_out


def test_what_a_person_should_look_at_is_listed(tmp_path: Path) -> None:
    data = write_photos(tmp_path / "trees", {"ash": 12, "birch": 12})
    (data / "ash" / "0.png").rename(data / "birch" / "mistaken.png")
    (data / "birch" / "0-copy.png").write_bytes((data / "birch" / "0.png").read_bytes())
    fit = run_fit(data, tmp_path / "run", seed=3)
    listed = {row["kind"]: row for row in rows(tmp_path / "run" / "findings.csv")}
    assert listed["identical"]["path"] == "birch/0-copy.png"
    assert listed["identical"]["others"] == "birch/0.png"
    suspect = listed["label-suspect"]
    assert (suspect["path"], suspect["class"], suspect["split"]) == (
        "birch/mistaken.png", "birch", "train",
    )  # fmt: skip
    assert fit.findings_remark == "worth a look: identical photos (1), labels to look at (1)"
    assert [row["kind"] for row in fit.to_dict()["findings"]] == list(listed)


def test_options_are_not_changed_by_use(fitted: SmallFit) -> None:
    options = kclass.FitOptions(valid=0.5)
    prepare(kclass.ImageFolder(fitted.data), options, silent)
    assert options == kclass.FitOptions(valid=0.5) != replace(options, valid=0.4)
