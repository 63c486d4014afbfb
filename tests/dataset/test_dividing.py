from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from planting import Plant, write_picture

from kclass.dataset.dataset import Dataset
from kclass.dataset.folder import ImageFolder
from kclass.dataset.samples import Samples
from kclass.errors import DataError


def test_groups_stay_on_one_side_of_a_split(plant: Plant) -> None:
    names = [f"{name}/p{k}_{n}.jpg" for name in ("cat", "dog") for k in range(8) for n in range(3)]
    data = ImageFolder(plant(*names)).grouped(r"p\d")
    for seed in range(5):
        split = data.split(valid=0.3, seed=seed)
        people = [{path[4:6] for path in part.paths} for part in (split.train, split.valid)]
        assert not people[0] & people[1]
        assert len(people[0] | people[1]) == 8


def test_without_groups_the_same_photos_are_parted(plant: Plant) -> None:
    names = [f"{name}/p{k}_{n}.jpg" for name in ("cat", "dog") for k in range(8) for n in range(3)]
    split = ImageFolder(plant(*names)).split(valid=0.3)
    assert {path[4:6] for path in split.train.paths} & {path[4:6] for path in split.valid.paths}


def test_copies_and_groups_together_stay_on_one_side(plant: Plant) -> None:
    # a1 and b1 are one file, so that the groups a and b may not be parted either.
    root = plant(*(f"{name}/{g}{n}.jpg" for name in ("cat", "dog") for g in "abcdef" for n in (1, 2)))
    write_picture(root / "cat/a1.jpg", seed=1)
    (root / "cat/b1.jpg").write_bytes((root / "cat/a1.jpg").read_bytes())
    data = ImageFolder(root).grouped(lambda file: (file.parent.name, file.name[0]))
    for seed in range(10):
        split = data.split(valid=0.4, seed=seed)
        sides = dict(zip(split.samples.paths, split.samples.splits, strict=True))
        assert len({sides[f"cat/{name}.jpg"] for name in ("a1", "a2", "b1", "b2")}) == 1


def test_a_class_of_a_single_group_is_named(plant: Plant) -> None:
    data = ImageFolder(plant("cat/1.jpg", "cat/2.jpg", "dog/1.jpg", "dog/2.jpg"))
    with pytest.raises(DataError) as caught:
        data.grouped(lambda file: file.parent.name).split()
    assert caught.value.message == (
        "photos cannot be split, because all photos of a class are in one group: cat, dog"
    )
    assert "groups stay on one side" in caught.value.fix


def test_classes_that_share_all_their_groups_are_named(plant: Plant) -> None:
    # Two of the three groups are on one side, and they are all that one of the classes has.
    data = ImageFolder(plant("cat/1.jpg", "cat/2.jpg", "dog/2.jpg", "dog/3.jpg", "eel/1.jpg", "eel/3.jpg"))
    with pytest.raises(DataError, match="the groups of a class hold photos of others too") as caught:
        data.grouped(lambda file: file.name).split(valid=0.5)
    assert "Make the groups smaller" in caught.value.fix


def test_a_data_set_without_training_photos_is_not_split(tmp_path: Path) -> None:
    samples = Samples(("1.jpg", "2.jpg"), np.array([0, 1], np.int32), ("a", "b"), tmp_path)
    data = Dataset("photos", replace(samples, splits=np.array([2, 2], np.int8)))
    with pytest.raises(DataError, match=r"no labelled photo to be trained on or split: test \(2\)") as caught:
        data.split()
    assert caught.value.fix == "Give photos with their classes."


def test_photos_without_a_split_beside_others_are_not_dealt_out(tmp_path: Path) -> None:
    # A training photo that was taken out of training, as its copy is in test, stays out.
    labels = np.array([0, 0, 1, 1, 0, 1], np.int32)
    splits = np.array([0, 0, 0, 0, -1, 2], np.int8)
    names = tuple(f"{place}.jpg" for place in range(6))
    data = Dataset("photos", Samples(names, labels, ("a", "b"), tmp_path, splits)).split(valid=0.5)
    assert data.samples.splits[4:].tolist() == [-1, 2]
    assert (len(data.train), len(data.valid)) == (2, 2)
