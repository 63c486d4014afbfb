from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planting import Plant

from kclass.dataset.dataset import Dataset
from kclass.dataset.folder import ImageFolder
from kclass.dataset.samples import Samples
from kclass.errors import DataError, OptionError


@pytest.fixture
def data(plant: Plant) -> ImageFolder:
    return ImageFolder(plant(*(f"{name}/{k}.jpg" for name in ("cat", "dog", "eel") for k in range(10))))


def other(plant: Plant, *names: str) -> ImageFolder:
    return ImageFolder(plant(*names, folder="elsewhere"))


def unlabelled(root: Path, *names: str) -> Dataset:
    return Dataset("new", Samples(names, np.full(len(names), -1, np.int32), (), root))


def test_photos_of_another_folder_become_the_validation_photos(data: ImageFolder, plant: Plant) -> None:
    added = other(plant, "eel/1.jpg", "cat/2.jpg")
    both = data.with_valid(added)
    assert both.train.paths == data.samples.paths
    assert both.valid.paths == tuple(str(added.root / name) for name in ("cat/2.jpg", "eel/1.jpg"))
    # eel is the second class there and the third here.
    assert both.valid.labels.tolist() == [0, 2]
    assert [sample.path.read_bytes() for sample in both.valid] == [b"cat/2.jpg", b"eel/1.jpg"]
    assert both.is_split
    assert (both.name, both.root, both.classes) == (data.name, data.root, data.classes)


def test_photos_of_another_folder_become_the_test_photos_of_what_is_then_split(
    data: ImageFolder, plant: Plant
) -> None:
    tested = data.with_test(other(plant, "eel/1.jpg", "cat/2.jpg")).split(valid=0.2)
    assert {name: sum(row.values()) for name, row in tested.to_dict()["counts"].items()} == {
        "train": 24,
        "valid": 6,
        "test": 2,
    }


def test_test_photos_are_added_to_a_data_set_that_is_split(data: ImageFolder, plant: Plant) -> None:
    split = data.split()
    both = split.with_test(other(plant, "eel/1.jpg", "cat/2.jpg"))
    assert (both.train.paths, both.valid.paths) == (split.train.paths, split.valid.paths)
    assert len(both.test) == 2


def test_test_photos_may_be_unlabelled(data: ImageFolder, plant: Plant) -> None:
    root = plant("new/1.jpg", "new/2.jpg", folder="elsewhere")
    both = data.with_test(unlabelled(root, "new/1.jpg", "new/2.jpg"))
    assert both.test.labels.tolist() == [-1, -1]
    assert both.test.path(1) == root / "new" / "2.jpg"


def test_validation_photos_may_not_be_unlabelled(data: ImageFolder, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1 of the 1 valid photos have no label") as caught:
        data.with_valid(unlabelled(tmp_path, "1.jpg"))
    assert "Label them" in caught.value.fix


def test_photos_below_the_same_root_stay_relative(plant: Plant) -> None:
    root = plant(*(f"{split}/{c}/{k}.jpg" for split in ("old", "new") for c in "ab" for k in range(2)))
    old, new = ImageFolder(root / "old"), ImageFolder(root / "new")
    samples = Samples(
        tuple(f"old/{path}" for path in old.samples.paths), old.samples.labels, old.classes, root
    )
    both = Dataset("all", samples).with_valid(new)
    assert both.valid.paths[0] == "new/a/0.jpg"


def test_groups_of_two_data_sets_have_nothing_to_do_with_each_other(data: ImageFolder, plant: Plant) -> None:
    added = other(plant, "cat/x.jpg", "cat/y.jpg", "dog/x.jpg").grouped(["one", None, "one"])
    both = data.grouped(lambda file: file.stem).with_valid(added)
    assert both.valid.groups.tolist() == [10, -1, 10]
    assert both.train.groups.max() == 9


def test_remarks_of_both_are_kept(data: ImageFolder, plant: Plant) -> None:
    added = other(plant, "cat/x.jpg", "dog/x.jpg")
    told = Dataset("told", added.samples, remarks=("Left out: y.jpg.",))
    assert data.with_valid(told).remarks == ("Left out: y.jpg.",)


def test_a_class_that_is_not_known_is_named(data: ImageFolder, plant: Plant) -> None:
    added = other(plant, "cat/1.jpg", "fly/1.jpg", "fly/2.jpg", "gnu/1.jpg")
    with pytest.raises(DataError) as caught:
        data.with_test(added)
    assert caught.value.message == "the test photos have classes that photos has not: fly (2), gnu (1)"
    assert caught.value.fix == "The classes are cat, dog, eel."


def test_a_photo_that_is_in_both_is_named(data: ImageFolder) -> None:
    with pytest.raises(DataError, match=r"30 photos are in photos and in what is added to it: cat/0\.jpg"):
        data.with_valid(data)


def test_a_photo_that_is_in_both_by_way_of_a_link_is_named(data: ImageFolder, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(data.root, target_is_directory=True)
    with pytest.raises(DataError, match="30 photos are in photos and in what is added"):
        data.with_test(ImageFolder(tmp_path / "link"))


@pytest.mark.parametrize("add", [Dataset.with_valid, Dataset.with_test])
def test_what_is_no_data_set_is_refused(data: ImageFolder, add: Any) -> None:
    with pytest.raises(OptionError) as caught:
        add(data, "elsewhere")
    assert caught.value.message == "other is 'elsewhere'; it must be a data set"
    assert caught.value.fix == "Open it first: kclass.ImageFolder(...) or another source."


def test_a_split_that_is_there_is_not_added_again(data: ImageFolder, plant: Plant) -> None:
    added = other(plant, "eel/1.jpg", "cat/2.jpg")
    with pytest.raises(DataError, match=r"photos has valid photos already: train \(24\), valid \(6\)"):
        data.split().with_valid(added)
