import csv
import json
import shutil
from pathlib import Path

import pytest
from small_fits import SmallFit, write_photos

import kclass

CODES = "training_photos.npz"


@pytest.fixture
def run(fitted: SmallFit, tmp_path: Path) -> Path:
    """A run whose training photos are no longer where they were."""
    run = shutil.copytree(fitted.run, tmp_path / "run")
    tell_root(run, tmp_path / "gone")
    return run


def tell_root(run: Path, root: Path | None) -> None:
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    config["data"].pop("root")
    if root is not None:
        config["data"]["root"] = str(root)
    (run / "config.json").write_text(json.dumps(config), encoding="utf-8")


def names(run: Path, split: str) -> list[str]:
    with (run / "split.csv").open(encoding="utf-8", newline="") as file:
        return [row["path"] for row in csv.DictReader(file) if row["split"] == split]


def renamed(fitted: SmallFit, run: Path, place: Path) -> dict[str, str]:
    """Copies of all photos of the fit below other paths; their new paths by their old ones."""
    paths = {}
    for name in (*names(run, "train"), *names(run, "valid")):
        paths[name] = f"{Path(name).parent}/new-{Path(name).name}"
        (place / paths[name]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(fitted.data / name, place / paths[name])
    return paths


def test_photos_that_are_gone_are_known_by_their_codes_below_other_paths(
    fitted: SmallFit, run: Path, tmp_path: Path
) -> None:
    paths = renamed(fitted, run, tmp_path / "moved")
    found = kclass.evaluate(tmp_path / "moved", model=run)
    assert set(found.trained_on or ()) == {paths[name] for name in names(run, "train")}
    assert set(found.samples.paths) == {paths[name] for name in names(run, "valid")}
    caution = (
        f"18 of 18 training photos are no longer in {tmp_path / 'gone'}; those were looked for by"
        " training_photos.npz, which tells the same photo, but not every copy that was saved anew."
    )
    assert (found.caution, found.to_dict()["caution"]) == (caution, caution)
    assert found.used == (
        "Scored: 6 photos. Left out: 18 that it was trained on, or copies of those, as"
        f" {run / 'split.csv'} says. {caution}"
    )


def test_other_photos_with_the_names_of_photos_that_are_gone_are_scored(run: Path, tmp_path: Path) -> None:
    others = write_photos(tmp_path / "trees", dict.fromkeys(("ash", "birch", "cedar"), 8), seed=9)
    found = kclass.evaluate(others, model=run)
    assert (found.trained_on, found.metrics.photos) == ((), 24)


def test_a_run_that_does_not_say_where_its_photos_were_is_helped_by_their_codes(
    fitted: SmallFit, run: Path
) -> None:
    tell_root(run, None)
    found = kclass.evaluate(fitted.data, model=run)
    assert set(found.trained_on or ()) == set(names(run, "train"))
    assert found.caution.startswith("config.json does not say where the 18 training photos were; those")


def test_where_some_are_gone_both_pictures_and_codes_tell(
    fitted: SmallFit, run: Path, tmp_path: Path
) -> None:
    paths = renamed(fitted, run, tmp_path / "moved")
    left = names(run, "train")[::2]
    for name in left:
        (tmp_path / "gone" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(fitted.data / name, tmp_path / "gone" / name)
    found = kclass.evaluate(tmp_path / "moved", model=run)
    assert set(found.trained_on or ()) == {paths[name] for name in names(run, "train")}
    assert found.caution.startswith("9 of 18 training photos are no longer in")

    (run / CODES).unlink()
    found = kclass.evaluate(tmp_path / "moved", model=run)
    assert set(found.trained_on or ()) == {paths[name] for name in left}
    assert found.caution == (
        f"9 of 18 training photos are no longer in {tmp_path / 'gone'}, so it cannot be told which of these"
        f" photos the model was trained on besides: there is no {CODES} beside {run / 'model.keras'} to know"
        " them by."
    )


def test_without_files_and_codes_it_cannot_be_told(fitted: SmallFit, run: Path, tmp_path: Path) -> None:
    (run / CODES).unlink()
    found = kclass.evaluate(fitted.data, model=run)
    assert (found.trained_on, found.metrics.photos) == (None, 24)
    assert found.used == (
        "It cannot be told whether the model was trained on any of the 24 photos scored: 18 of 18 training"
        f" photos are no longer in {tmp_path / 'gone'}, and there is no {CODES} beside"
        f" {run / 'model.keras'} to know them by. If it was, the scores flatter it."
    )
    assert found.to_dict()["trained_on"] is None


def test_training_photos_that_are_all_damaged_by_now_count_as_gone(
    fitted: SmallFit, run: Path, tmp_path: Path
) -> None:
    shutil.copytree(fitted.data, tmp_path / "gone")
    for name in names(run, "train"):
        (tmp_path / "gone" / name).write_bytes(b"no photo")
    assert set(kclass.evaluate(fitted.data, model=run).trained_on or ()) == set(names(run, "train"))
    (run / CODES).unlink()
    found = kclass.evaluate(fitted.data, model=run)
    assert found.trained_on is None
    assert "photos scored: 18 of 18 training photos are no longer in" in found.used


def test_damaged_codes_are_named_where_they_are_needed_and_do_no_harm_elsewhere(
    fitted: SmallFit, run: Path
) -> None:
    (run / CODES).write_bytes(b"no archive")
    found = kclass.evaluate(fitted.data, model=run)
    assert found.trained_on is None
    assert f"and {run / CODES} cannot be used: " in found.used
    tell_root(run, fitted.data)
    found = kclass.evaluate(fitted.data, model=run)
    assert (len(found.trained_on or ()), found.caution) == (18, "")


def test_codes_of_another_run_tell_nothing(fitted: SmallFit, run: Path, tmp_path: Path) -> None:
    others = write_photos(tmp_path / "others", {"oak": 3, "pine": 3}, seed=5)
    kclass.fit(others, out=tmp_path / "other-run")
    shutil.copy(tmp_path / "other-run" / CODES, run / CODES)
    found = kclass.evaluate(fitted.data, model=run)
    assert found.trained_on is None
    assert f"{run / CODES} is of another model" in found.used


def test_a_photo_that_could_never_be_read_was_not_trained_on_and_is_no_reason_for_doubt(
    tmp_path: Path,
) -> None:
    data = write_photos(tmp_path / "trees" / "train", {"ash": 4, "birch": 4}).parent
    write_photos(data / "valid", {"ash": 2, "birch": 2}, seed=1)
    (data / "train" / "birch" / "3.png").write_bytes(b"no photo")
    kclass.fit(data, out=tmp_path / "run")
    found = kclass.evaluate(data, model=tmp_path / "run")
    assert (len(found.trained_on or ()), found.metrics.photos, found.caution) == (7, 4, "")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("split.csv", b"\xff\xfe\x00", "split.csv: "),
        ("split.csv", b"path,class\na.png,ash\n", "has no column split"),
        ("config.json", b"{", "config.json: "),
        ("config.json", b"{}", "config.json: it has no 'data'"),
        ("config.json", b'{"data": {"fingerprint": 3}}', "its data are told in no known way"),
    ],
)
def test_a_damaged_run_is_named_and_what_to_do(
    name: str, content: bytes, reason: str, fitted: SmallFit, run: Path
) -> None:
    (run / name).write_bytes(content)
    with pytest.raises(kclass.DataError) as raised:
        kclass.evaluate(fitted.data, model=run)
    start = f"the run {run} is damaged, so it cannot be told which photos its model was trained on: {name}: "
    assert raised.value.message.startswith(start)
    assert reason in raised.value.message
    assert raised.value.fix == (
        "Copy its folder again if it was damaged on the way, or fit again. To score its model all the same,"
        " on photos that it was not trained on, copy model.keras alone to another folder."
    )


def test_a_run_without_its_configuration_is_told_from_one_without_its_split(
    fitted: SmallFit, run: Path
) -> None:
    (run / "config.json").unlink()
    used = kclass.evaluate(fitted.data, model=run).used
    assert f"there is no config.json of its run beside {run / 'model.keras'}" in used
