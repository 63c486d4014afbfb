import shutil
from pathlib import Path

import pytest
from small_fits import SmallFit, write_photos

import kclass

KERAS_ON_NUMPY = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)


def known(run: Path) -> set[str]:
    photos = kclass.load(run).training_photos
    return set() if photos is None else set(photos.paths)


def test_a_run_knows_the_photos_that_it_was_trained_on_by_their_names_in_its_tables(
    fitted: SmallFit,
) -> None:
    photos = kclass.load(fitted.run).training_photos
    assert photos is not None
    train = kclass.ImageFolder(fitted.data).split(valid=0.2, seed=0).train
    assert photos.paths == train.paths
    assert [photos.classes[label] for label in photos.labels] == [
        train.classes[label] for label in train.labels
    ]
    assert photos.root == fitted.data.resolve()
    assert set(train.paths) <= {line.partition(",")[0] for line in lines(fitted.run / "split.csv")}


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_copies_that_were_left_out_and_unreadable_photos_are_not_among_them(tmp_path: Path) -> None:
    for place, split in enumerate(("train", "valid")):
        write_photos(tmp_path / "trees" / split, {"ash": 4, "birch": 4}, seed=place)
    shutil.copy(tmp_path / "trees/valid/ash/1.png", tmp_path / "trees/train/ash/2.png")
    (tmp_path / "trees/train/birch/3.png").write_bytes(b"no photo")
    kclass.fit(tmp_path / "trees", out=tmp_path / "run")
    assert known(tmp_path / "run") == {
        *(f"train/ash/{name}.png" for name in (0, 1, 3)),
        *(f"train/birch/{name}.png" for name in (0, 1, 2)),
    }


@KERAS_ON_NUMPY
def test_a_network_that_was_trained_knows_its_photos_by_its_own_features(
    fitted: SmallFit, tmp_path: Path
) -> None:
    trained = kclass.fit(fitted.data, backbone="scratch", size=8, epochs=1, out=tmp_path / "run")
    train = kclass.ImageFolder(fitted.data).split(valid=0.2, seed=0).train
    assert known(tmp_path / "run") == set(train.paths)
    photos = trained.training_photos
    assert photos is not None
    assert photos.network == trained.archive.fingerprint
    first = trained.nearest(train.path(0), number=1)[0]
    assert (first.path, first.similarity) == (train.path(0), pytest.approx(1, abs=2e-3))
