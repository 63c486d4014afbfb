from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planting import Plant

from kclass.dataset.dataset import Dataset
from kclass.dataset.folder import ImageFolder
from kclass.dataset.manifest import write_manifest
from kclass.dataset.manifest_file import read_rows
from kclass.dataset.samples import Samples
from kclass.errors import DataError, OptionError


@pytest.fixture
def data(plant: Plant) -> ImageFolder:
    return ImageFolder(plant(*(f"{name}/{k}.jpg" for name in ("cat", "dog") for k in range(10))))


def test_a_data_set_is_split_as_a_manifest_says(data: ImageFolder, tmp_path: Path) -> None:
    split = data.split(valid=0.3, test=0.1, seed=5)
    write_manifest(split, tmp_path / "split.csv")
    again = data.with_split(tmp_path / "split.csv")
    assert again.fingerprint() == split.fingerprint()
    assert again.remarks == ()
    assert not data.is_split


def test_a_split_is_replaced_by_that_of_a_manifest(data: ImageFolder, tmp_path: Path) -> None:
    first, second = data.split(seed=1), data.split(seed=2)
    write_manifest(second, tmp_path / "split.csv")
    assert first.with_split(str(tmp_path / "split.csv")).valid.paths == second.valid.paths


def test_rows_of_a_manifest_may_be_in_any_order(data: ImageFolder, tmp_path: Path) -> None:
    split = data.split()
    write_manifest(split, tmp_path / "split.csv")
    head, *rows = (tmp_path / "split.csv").read_text().splitlines()
    (tmp_path / "split.csv").write_text("\n".join([head, *reversed(rows)]))
    assert data.with_split(tmp_path / "split.csv").fingerprint() == split.fingerprint()


def test_photos_that_a_manifest_does_not_list_are_in_no_split_and_told(
    data: ImageFolder, tmp_path: Path
) -> None:
    (tmp_path / "some.csv").write_text(
        "path,class,split\ncat/0.jpg,cat,train\ndog/0.jpg,dog,train\ncat/1.jpg,cat,valid\n"
    )
    split = data.with_split(tmp_path / "some.csv")
    assert split.train.paths == ("cat/0.jpg", "dog/0.jpg")
    assert split.valid.paths == ("cat/1.jpg",)
    assert len(split) == 20
    told = "In no split, as some.csv does not list them: cat/2.jpg, cat/3.jpg, cat/4.jpg and 14 more."
    assert split.remarks == (told,)
    assert told in repr(split)


def test_groups_of_a_manifest_are_taken_too(data: ImageFolder, tmp_path: Path) -> None:
    grouped = data.grouped(lambda file: file.stem).split()
    write_manifest(grouped, tmp_path / "split.csv")
    assert (data.with_split(tmp_path / "split.csv").samples.groups == grouped.samples.groups).all()


def test_groups_stay_where_a_manifest_has_none(data: ImageFolder, tmp_path: Path) -> None:
    write_manifest(data.split(), tmp_path / "split.csv")
    grouped = data.grouped(lambda file: file.stem)
    split = grouped.with_split(tmp_path / "split.csv")
    assert (split.samples.groups == grouped.samples.groups).all()


@pytest.mark.parametrize(
    ("rows", "message", "fix"),
    [
        ("cat/0.jpg,cat,train\ncat/x.jpg,cat,valid\n", "1 of 2 photos in {} are not in", "Put them back"),
        ("cat/0.jpg,cat,\n", "the manifest {} gives no photo a split", "split.csv of a run"),
        (
            "cat/0.jpg,cat,train\ndog/0.jpg,dog,valid\n",
            "valid has photos of classes that train lacks: dog (1)",
            "Give",
        ),
        ("cat/0.jpg,cat,train\ncat/0.jpg,cat,valid\n", "the manifest {} lists a photo twice", "Leave one"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    data: ImageFolder, tmp_path: Path, rows: str, message: str, fix: str
) -> None:
    path = tmp_path / "split.csv"
    path.write_text(f"path,class,split\n{rows}")
    with pytest.raises(DataError) as caught:
        data.with_split(path)
    assert message.format(path) in caught.value.message
    assert fix in caught.value.fix


# What file systems take in a name: anything but NUL and slash; also what is no Unicode.
wild_names = st.text(st.characters(exclude_characters="\0/"), min_size=1, max_size=8)


@given(st.lists(wild_names, min_size=2, max_size=6, unique=True), st.integers(0, 3))
def test_names_of_any_kind_come_back_from_a_manifest(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], seed: int
) -> None:
    splits = np.random.default_rng(seed).integers(-1, 3, len(names))
    classes = tuple(sorted(names))
    samples = Samples(
        paths=tuple(f"{name}/{name}.jpg" for name in names),
        labels=np.arange(len(names), dtype=np.int32),
        classes=tuple(names),
        root=Path("/photos"),
        splits=splits.astype(np.int8),
    )
    path = tmp_path_factory.mktemp("wild") / "split.csv"
    write_manifest(Dataset("wild", samples), path)
    rows = read_rows(path)
    assert tuple(rows.paths) == samples.paths
    assert tuple(sorted(rows.classes)) == classes
    assert rows.splits.tolist() == splits.tolist()


def test_what_is_no_path_of_a_manifest_is_refused(data: ImageFolder) -> None:
    with pytest.raises(OptionError, match="manifest is None; it must be text or a Path") as caught:
        data.with_split(None)  # type: ignore[arg-type]
    assert caught.value.fix == "Give the split.csv of a run."


def test_a_manifest_may_come_from_another_system(plant: Plant, tmp_path: Path) -> None:
    data = ImageFolder(plant("Cafe\u0301/1.jpg", "Cafe\u0301/2.jpg", "bar/1.jpg", "bar/2.jpg"))
    rows = ["Caf\u00e9/1.jpg,,train", "Caf\u00e9\\2.jpg,,valid", "bar\\1.jpg,,train", "bar/2.jpg,,valid"]
    table = tmp_path / "split.csv"
    table.write_text("\n".join(["path,class,split", *rows]), encoding="utf-8")
    split = data.with_split(table)
    assert split.train.paths == ("Cafe\u0301/1.jpg", "bar/1.jpg")
    assert split.valid.paths == ("Cafe\u0301/2.jpg", "bar/2.jpg")
    table.write_text("\n".join(["path,class,split", *rows, "bar/1.jpg,,valid"]), encoding="utf-8")
    with pytest.raises(DataError, match=r"lists a photo twice: bar\\1\.jpg, bar/1\.jpg"):
        data.with_split(table)
