import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from planting import Plant, write_picture

from kclass.dataset.dataset import Dataset
from kclass.dataset.folder import ImageFolder
from kclass.dataset.names import TRAIN, VALID
from kclass.dataset.samples import Samples
from kclass.dataset.summary import MOST_ROWS
from kclass.errors import DataError, OptionError


def two_classes(plant: Plant, photos: int = 10) -> ImageFolder:
    return ImageFolder(plant(*(f"{name}/{k}.jpg" for name in ("01.cat", "dog") for k in range(photos))))


def three_splits(plant: Plant) -> ImageFolder:
    return ImageFolder(
        plant("train/a/1.jpg", "train/a/2.jpg", "train/b/1.jpg", "valid/a/3.jpg", "test/9.jpg")
    )


def test_a_split_gives_each_class_its_share(plant: Plant) -> None:
    data = two_classes(plant).split(valid=0.3, test=0.1)
    assert data.train.counts() == {"01.cat": 6, "dog": 6}
    assert data.valid.counts() == {"01.cat": 3, "dog": 3}
    assert data.test.counts() == {"01.cat": 1, "dog": 1}
    paths = data.train.paths + data.valid.paths + data.test.paths
    assert sorted(paths) == sorted(data.samples.paths)


def test_a_split_is_a_fifth_for_validation_unless_told_otherwise(plant: Plant) -> None:
    data = two_classes(plant).split()
    assert (len(data.train), len(data.valid)) == (16, 4)


def test_splitting_leaves_the_data_set_itself_as_it_is(plant: Plant) -> None:
    data = two_classes(plant)
    split = data.split()
    assert split.is_split
    assert not data.is_split
    assert data.splits is None
    assert split.splits is not None


def test_the_seed_decides_the_split(plant: Plant) -> None:
    data = two_classes(plant)
    assert data.split(seed=1).train.paths == data.split(seed=1).train.paths
    assert data.split(seed=1).train.paths != data.split(seed=2).train.paths


def test_a_fraction_out_of_range_is_refused(plant: Plant) -> None:
    with pytest.raises(OptionError, match="valid is a fraction"):
        two_classes(plant).split(valid=20)


def test_fractions_are_looked_at_before_any_file_is(tmp_path: Path) -> None:
    samples = Samples(
        paths=("cat/1.jpg",), labels=np.array([0], np.int32), classes=("cat", "dog"), root=tmp_path
    )
    with pytest.raises(OptionError, match="received 20"):
        Dataset(name="photos", samples=samples).split(valid=20)


def test_copies_stay_on_one_side(tmp_path: Path) -> None:
    # Of every cat there is a copy: the same file, or a smaller one, or one that is mirrored.
    for k in range(12):
        write_picture(tmp_path / f"dog/{k}.png", seed=k)
        write_picture(tmp_path / f"cat/{k}.png", seed=100 + k)
        original = tmp_path / f"cat/{k}.png"
        with Image.open(original) as photo:
            if k % 3 == 0:
                (tmp_path / f"cat/{k}-copy.png").write_bytes(original.read_bytes())
            elif k % 3 == 1:
                photo.resize((64, 48)).save(tmp_path / f"cat/{k}-copy.png")
            else:
                photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / f"cat/{k}-copy.png")
    for seed in range(5):
        data = ImageFolder(tmp_path).split(seed=seed)
        sides = dict(zip(data.samples.paths, data.samples.splits.tolist(), strict=True))
        assert set(sides.values()) == {TRAIN, VALID}
        parted = [k for k in range(12) if sides[f"cat/{k}.png"] != sides[f"cat/{k}-copy.png"]]
        assert parted == []


def test_copies_that_were_found_elsewhere_stay_on_one_side(plant: Plant) -> None:
    data = ImageFolder(plant(*(f"{name}/{k}.jpg" for name in ("cat", "dog") for k in range(10))))
    pairs = np.arange(20, dtype=np.int64) // 2
    split = data.split(valid=0.4, copies=pairs).samples.splits.reshape(10, 2)
    assert (split[:, 0] == split[:, 1]).all()
    apart = data.split(valid=0.4, copies=np.arange(20, dtype=np.int64)).samples.splits.reshape(10, 2)
    assert (apart[:, 0] != apart[:, 1]).any()


def test_copies_must_be_one_number_a_photo(plant: Plant) -> None:
    data = ImageFolder(plant("cat/1.jpg", "cat/2.jpg", "dog/1.jpg", "dog/2.jpg"))
    for copies, received in (
        (np.arange(3, dtype=np.int64), "(3,) and the type int64"),
        ([0, 1], "(2,) and the type int64"),
        ([0.5, 1, 2, 3], "(4,) and the type float64"),
    ):
        with pytest.raises(OptionError) as caught:
            data.split(copies=copies)  # type: ignore[arg-type]
        assert caught.value.message == (
            f"copies has the shape {received}; it must be (4,), an integer for each photo"
        )
    assert data.split(valid=0.5, copies=[0, 1, 2, 3]).is_split  # type: ignore[arg-type]


def test_validation_photos_are_taken_from_training_photos_where_there_are_only_test_photos(
    plant: Plant,
) -> None:
    names = [f"train/{name}/{k}.jpg" for name in ("a", "b") for k in range(5)]
    data = ImageFolder(plant(*names, "test/a/9.jpg", "test/b/9.jpg"))
    assert not data.is_split
    split = data.split(valid=0.2)
    assert (len(split.train), len(split.valid)) == (8, 2)
    assert split.test.paths == data.test.paths == ("test/a/9.jpg", "test/b/9.jpg")


def test_unlabelled_photos_stay_out_of_a_split(plant: Plant) -> None:
    data = ImageFolder(plant(*(f"train/{c}/{k}.jpg" for c in "ab" for k in range(5)), "test/9.jpg"))
    assert data.split().unlabelled.paths == data.split().test.paths == ("test/9.jpg",)


def assert_refused(data: Dataset, message: str, fix: str, **options: float) -> None:
    with pytest.raises(DataError) as caught:
        data.split(**options)  # type: ignore[arg-type]
    assert message in caught.value.message
    assert fix in caught.value.fix


def test_a_data_set_is_split_once(plant: Plant) -> None:
    data = three_splits(plant)
    assert_refused(data, "photos is split already: train (3), valid (1), test (1)", "data.train")


def test_test_photos_are_not_asked_for_twice(plant: Plant) -> None:
    names = [f"train/{name}/{k}.jpg" for name in ("a", "b") for k in range(5)]
    data = ImageFolder(plant(*names, "test/a/9.jpg"))
    assert_refused(data, "photos has test photos already", "Leave test out", test=0.1)


def test_a_class_of_one_photo_is_named(plant: Plant) -> None:
    data = ImageFolder(plant("cat/1.jpg", "dog/1.jpg", "dog/2.jpg"))
    assert_refused(data, "a class has one photo only: cat", "Add photos to it")


def test_a_class_of_copies_of_one_photo_is_named(plant: Plant) -> None:
    root = plant("dog/1.jpg", "dog/2.jpg")
    write_picture(root / "cat/1.png", seed=1)
    (root / "cat/2.png").write_bytes((root / "cat/1.png").read_bytes())
    assert_refused(ImageFolder(root), "copies of one photo: cat", "Add other photos")


def test_a_split_that_is_missing_is_refused_with_what_to_do(plant: Plant) -> None:
    data = two_classes(plant)
    for part in ("train", "valid", "test"):
        with pytest.raises(DataError, match="photos is not split") as caught:
            getattr(data, part)
        assert caught.value.fix == "Call data.split(valid=0.2)."


def test_missing_test_photos_are_refused_with_what_there_is(plant: Plant) -> None:
    with pytest.raises(DataError, match=r"no test photos; it has train \(16\), valid \(4\)") as caught:
        _ = two_classes(plant).split().test
    assert "test=0.1" in caught.value.fix


def test_missing_validation_photos_are_refused_with_what_there_is(plant: Plant) -> None:
    data = ImageFolder(plant("train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg"))
    with pytest.raises(DataError, match=r"no valid photos; it has train \(2\), test \(1\)") as caught:
        _ = data.valid
    assert caught.value.fix == "Call data.split(valid=0.2) to take them out of the training photos."


def test_an_unsplit_data_set_shows_classes_and_counts(plant: Plant) -> None:
    assert repr(two_classes(plant)) == (
        "ImageFolder photos: 20 photos, 2 classes\nclass  photos\ncat        10\ndog        10\ntotal      20"
    )


def test_a_split_data_set_shows_counts_for_each_split(plant: Plant) -> None:
    assert repr(three_splits(plant)) == (
        "ImageFolder photos: 5 photos, 2 classes\n"
        "class         train  valid  test\n"
        "a                 2      1     0\n"
        "b                 1      0     0\n"
        "(unlabelled)      0      0     1\n"
        "total             3      1     1"
    )


def test_of_many_classes_the_first_are_shown() -> None:
    classes = tuple(f"class{number:03}" for number in range(100))
    labels = np.arange(100, dtype=np.int32)
    samples = Samples(tuple(f"{name}/1.jpg" for name in classes), labels, classes, Path("/photos"))
    lines = repr(Dataset("many", samples)).splitlines()
    assert lines[MOST_ROWS + 1].startswith("class059")
    assert lines[MOST_ROWS + 2].strip() == f"and {100 - MOST_ROWS} more"


def test_the_html_of_a_data_set_is_escaped(plant: Plant) -> None:
    html = ImageFolder(plant("<b>bold/1.jpg", "a & b/1.jpg"))._repr_html_()
    assert "&lt;b&gt;bold" in html
    assert "a &amp; b" in html
    assert "<b>" not in html


def test_a_data_set_is_described_in_plain_values(plant: Plant) -> None:
    data = three_splits(plant)
    values = data.to_dict()
    assert json.loads(json.dumps(values)) == values
    assert values["counts"] == {
        "train": {"a": 2, "b": 1},
        "valid": {"a": 1, "b": 0},
        "test": {"a": 0, "b": 0},
    }
    assert values["unlabelled"] == 1
    assert values["fingerprint"] == data.fingerprint()
    assert (values["name"], values["photos"], values["classes"]) == ("photos", 5, ["a", "b"])


def test_the_fingerprint_stays_when_the_folder_moves(plant: Plant) -> None:
    names = ("a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg")
    here, there = (ImageFolder(plant(*names, folder=folder)) for folder in ("here", "there"))
    assert here.fingerprint() == there.fingerprint()
    assert int(here.fingerprint(), 16) >= 0


def test_the_fingerprint_changes_with_classes_paths_labels_and_splits() -> None:
    samples = Samples(("a/1.jpg", "b/1.jpg"), np.array([0, 1], dtype=np.int32), ("a", "b"), Path("/photos"))
    others = [
        samples,
        replace(samples, classes=("a", "c")),
        replace(samples, paths=("a/1.jpg", "b/2.jpg")),
        replace(samples, labels=np.array([0, 0], dtype=np.int32)),
        replace(samples, splits=np.array([0, 1], dtype=np.int8)),
    ]
    assert len({Dataset("data", other).fingerprint() for other in others}) == len(others)


def test_a_data_set_cannot_be_changed(plant: Plant) -> None:
    with pytest.raises(FrozenInstanceError):
        two_classes(plant).name = "other"  # type: ignore[misc]


def test_groups_are_counted_and_those_in_several_splits_told(plant: Plant) -> None:
    data = three_splits(plant).grouped(["anna", None, "ben", "anna", None])
    assert repr(data).splitlines()[0] == "Dataset photos: 5 photos, 2 classes, 2 groups"
    assert repr(data).splitlines()[-1] == "Groups with photos in several splits: 1."
    assert data.to_dict()["groups"] == 2


def test_what_was_left_out_is_still_told_once_a_data_set_is_split(plant: Plant) -> None:
    root = plant("cover.jpg", *(f"{name}/{k}.jpg" for name in ("cat", "dog") for k in range(5)))
    split = ImageFolder(root).split()
    assert split.loose_photos == ("cover.jpg",)
    assert "cover.jpg" in repr(split)
