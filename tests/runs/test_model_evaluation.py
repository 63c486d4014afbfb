import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_fits import SmallFit, write_photos

import kclass


def paths(fitted: SmallFit, split: str) -> set[str]:
    with (fitted.run / "split.csv").open(encoding="utf-8", newline="") as file:
        return {row["path"] for row in csv.DictReader(file) if row["split"] == split}


def test_photos_that_the_model_was_trained_on_are_left_out(fitted: SmallFit) -> None:
    found = kclass.evaluate(fitted.data, model=fitted.run)
    assert set(found.trained_on or ()) == paths(fitted, "train")
    assert set(found.samples.paths) == paths(fitted, "valid")
    assert found.model == fitted.model
    assert found.used == (
        "Scored: 6 photos that the model was not trained on. Left out: 18 that it was trained on, or copies"
        f" of those, as {fitted.run / 'split.csv'} says."
    )


def test_the_scores_are_those_of_the_classifier(fitted: SmallFit) -> None:
    found = kclass.evaluate(fitted.data, model=str(fitted.model))
    data = kclass.ImageFolder(fitted.data).with_split(fitted.run / "split.csv")
    wanted = kclass.load(fitted.model).evaluate(data.valid)
    assert np.array_equal(found.probabilities, wanted.probabilities)
    assert found.metrics.to_dict() == wanted.metrics.to_dict()
    assert found.novelty is not None
    assert np.array_equal(found.novelty, wanted.novelty)


def test_photos_are_known_again_by_what_they_show_wherever_they_are(fitted: SmallFit, tmp_path: Path) -> None:
    trained, free = sorted(paths(fitted, "train")), sorted(paths(fitted, "valid"))
    for name in (*trained[:2], trained[-1], *free[:2]):
        place = tmp_path / "others" / Path(name).parent / f"new-{Path(name).name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(fitted.data / name, place)
    found = kclass.evaluate(tmp_path / "others", model=fitted.run)
    renamed = {str(Path(name).with_name(f"new-{Path(name).name}")) for name in (*trained[:2], trained[-1])}
    assert set(found.trained_on or ()) == renamed
    assert found.metrics.photos == 2


def test_a_photo_trained_on_that_was_saved_anew_is_left_out(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for place in range(12):
        folder = tmp_path / "photos" / ("ash", "birch")[place % 2]
        folder.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(random.integers(0, 255, (6, 8, 3)).astype(np.uint8))
        coarse.resize((160, 120), Image.Resampling.BICUBIC).save(folder / f"{place}.png")
    kclass.fit(tmp_path / "photos", out=tmp_path / "run", size=64)
    with (tmp_path / "run" / "split.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    others = {row["path"]: f"{Path(row['path']).with_suffix('.jpg')}" for row in rows}
    for original, other in others.items():
        (tmp_path / "others" / other).parent.mkdir(parents=True, exist_ok=True)
        with Image.open(tmp_path / "photos" / original) as photo:
            photo.resize((120, 90)).save(tmp_path / "others" / other, quality=85)
    found = kclass.evaluate(tmp_path / "others", model=tmp_path / "run")
    trained = {others[row["path"]] for row in rows if row["split"] == "train"}
    assert set(found.trained_on or ()) == trained
    assert 0 < found.metrics.photos == 12 - len(trained)


def test_a_model_alone_does_not_tell_what_it_was_trained_on_and_that_is_said(
    fitted: SmallFit, tmp_path: Path
) -> None:
    model = shutil.copy(fitted.model, tmp_path / "model.keras")
    found = kclass.evaluate(fitted.data, model=model)
    assert found.trained_on is None
    assert found.metrics.photos == 24
    assert found.used == (
        "It cannot be told whether the model was trained on any of the 24 photos scored: there is no"
        f" split.csv of its run beside {model}. If it was, the scores flatter it."
    )
    assert found.to_dict()["trained_on"] is None


def test_the_split_of_another_run_tells_nothing(fitted: SmallFit, tmp_path: Path) -> None:
    run = shutil.copytree(fitted.run, tmp_path / "run")
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    config["data"]["fingerprint"] = "another"
    (run / "config.json").write_text(json.dumps(config), encoding="utf-8")
    found = kclass.evaluate(fitted.data, model=run)
    assert found.trained_on is None
    assert f": config.json and split.csv beside {run / 'model.keras'} are of another run. If" in found.used


def test_a_data_set_that_is_split_as_the_one_trained_on_tells(fitted: SmallFit, tmp_path: Path) -> None:
    model = shutil.copy(fitted.model, tmp_path / "model.keras")
    data = kclass.ImageFolder(fitted.data).with_split(fitted.run / "split.csv")
    found = kclass.evaluate(data, model=model)
    assert set(found.trained_on or ()) == paths(fitted, "train")
    assert found.used == (
        "Scored: 6 photos. Left out: 18 that it was trained on, or copies of those, as its data had the same"
        " names and splits. Names alone tell that, and not what the photos show."
    )


def test_nothing_is_scored_on_what_it_was_trained_on_also_if_asked(fitted: SmallFit) -> None:
    data = kclass.ImageFolder(fitted.data).with_split(fitted.run / "split.csv")
    assert kclass.evaluate(data, model=fitted.run, split="valid").metrics.photos == 6
    with pytest.raises(kclass.DataError) as raised:
        kclass.evaluate(data, model=fitted.run, split="train")
    assert raised.value.message.startswith("the model was trained on all 18 photos of trees that it is to be")
    assert "--folds 5" in raised.value.fix


def test_photos_without_a_class_and_those_that_cannot_be_read_are_told(
    fitted: SmallFit, tmp_path: Path
) -> None:
    root = write_photos(tmp_path / "new", {"ash": 3, "birch": 2}, seed=7)
    (root / "ash" / "0.png").write_bytes(b"no photo")
    photos = sorted(str(path) for path in root.rglob("*.png"))
    labels = [Path(path).parent.name for path in photos]
    data = kclass.from_lists(photos, [*labels[:-1], None])
    found = kclass.evaluate(data, model=fitted.run)
    assert (found.metrics.photos, len(found.unreadable)) == (3, 1)
    assert found.used.endswith("Not scored, without a class: 1.")


def test_a_class_that_the_model_does_not_know_is_refused(fitted: SmallFit, tmp_path: Path) -> None:
    root = write_photos(tmp_path / "new", {"ash": 2, "willow": 2}, seed=7)
    with pytest.raises(kclass.DataError, match="the model does not know the class willow"):
        kclass.evaluate(root, model=fitted.run)


def test_the_latest_run_is_the_model_if_none_is_given(
    fitted: SmallFit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kclass.ModelError, match="there is no run in"):
        kclass.evaluate(fitted.data)
    shutil.copytree(fitted.run, tmp_path / "runs" / "some")
    (tmp_path / "runs" / "latest").write_text("some\n", encoding="utf-8")
    assert kclass.evaluate(fitted.data).metrics.photos == 6


def test_an_option_that_cannot_be_used_is_refused(fitted: SmallFit) -> None:
    with pytest.raises(kclass.OptionError, match="split is 'validation'; it must be one of all, test, train"):
        kclass.evaluate(fitted.data, model=fitted.run, split="validation")


def test_it_tells_what_it_is_in_words_plain_data_and_a_table(fitted: SmallFit, tmp_path: Path) -> None:
    found = kclass.evaluate(fitted.data, model=fitted.run)
    assert isinstance(found, kclass.Evaluation)
    assert repr(found).startswith(f"Evaluation of {fitted.model} on trees: {found.metrics}")
    assert repr(found).endswith(found.used)
    content = json.loads(json.dumps(found.to_dict()))
    assert content["accuracy"] == found.metrics.accuracy
    assert content["model"] == str(fitted.model)
    assert len(content["trained_on"]) == 18
    assert content["caution"] == ""
    with found.write_csv(tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == list(found.samples.paths)
    assert [float(row["p(ash)"]) for row in rows] == pytest.approx(found.probabilities[:, 0], abs=1e-6)
