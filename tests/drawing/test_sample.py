import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from kclass.drawing import SampleSet, draw_sample
from kclass.drawing.photo import draw_photo, encode_jpeg
from kclass.errors import OptionError, OutputError

SEED = 3


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    return draw_sample(tmp_path_factory.mktemp("drawn") / "cars", per_class=4, seed=SEED, masks=True)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_split_folders_hold_the_classes_and_test_photos_lie_loose(sample: SampleSet) -> None:
    found = sorted({Path(name).parent.as_posix() for name in files(sample.folder)})
    assert found == [
        ".",
        "test",
        "train/ferrari",
        "train/fiat-126",
        "validation/ferrari",
        "validation/fiat-126",
    ]
    assert sorted(path.name for path in sample.folder.iterdir()) == [
        "test",
        "test-labels.csv",
        "train",
        "validation",
    ]


def test_counts_and_records_agree_with_the_files(sample: SampleSet) -> None:
    assert sample.counts == {
        "train": {"ferrari": 3, "fiat-126": 3},
        "validation": {"ferrari": 1, "fiat-126": 1},
        "test": {"ferrari": 6, "fiat-126": 6},
    }
    assert {photo.path for photo in sample.photos} == files(sample.folder).keys() - {"test-labels.csv"}


def test_file_names_carry_the_colour_except_in_test_where_they_say_nothing(sample: SampleSet) -> None:
    for photo in sample.photos:
        name = Path(photo.path).stem
        if photo.split == "test":
            assert len(name) == 12
            assert int(name, 16) >= 0
        else:
            assert name.startswith(f"{photo.colour}_")


def test_the_answers_of_the_test_photos_lie_beside_them(sample: SampleSet) -> None:
    header, *rows = (sample.folder / "test-labels.csv").read_text(encoding="utf-8").splitlines()
    truth = {Path(photo.path).name: photo.label for photo in sample.photos if photo.split == "test"}
    assert header == "file,label"
    assert dict(row.split(",") for row in rows) == truth


def test_each_photo_has_a_mask_of_its_upright_size_in_a_folder_of_its_own(sample: SampleSet) -> None:
    assert sample.masks is not None
    assert sample.masks.name == "cars-masks"
    assert sample.masks.parent == sample.folder.parent
    expected = {Path(photo.path).with_suffix(".png").as_posix() for photo in sample.photos}
    assert files(sample.masks).keys() == expected
    for photo in sample.photos:
        with Image.open((sample.masks / photo.path).with_suffix(".png")) as mask:
            with Image.open(sample.folder / photo.path) as stored:
                upright = stored.size if photo.orientation in (1, 3) else stored.size[::-1]
            assert mask.size == upright
            values = np.asarray(mask)
        assert set(np.unique(values)) == {0, 255}


def test_the_car_takes_up_a_modest_part_of_the_photo(sample: SampleSet) -> None:
    assert sample.masks is not None
    shares = []
    for path in sample.masks.rglob("*.png"):
        with Image.open(path) as mask:
            shares.append(np.mean(np.asarray(mask) > 0))
    assert min(shares) > 0.01
    assert max(shares) < 0.45
    assert np.median(shares) <= 0.2


def test_the_same_seed_gives_the_same_bytes_with_masks_or_without(sample: SampleSet, tmp_path: Path) -> None:
    again = draw_sample(tmp_path / "again", per_class=4, seed=SEED)
    assert files(again.folder) == files(sample.folder)
    assert again.masks is None
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_another_seed_gives_other_photos(sample: SampleSet, tmp_path: Path) -> None:
    other = draw_sample(tmp_path / "other", per_class=4, seed=SEED + 1)
    assert not set(files(other.folder).values()) & set(files(sample.folder).values())


def test_more_photos_per_class_add_to_those_that_were_there(sample: SampleSet, tmp_path: Path) -> None:
    more = draw_sample(tmp_path / "more", per_class=5, seed=SEED)
    assert more.counts["train"] == {"ferrari": 4, "fiat-126": 4}
    assert files(sample.folder).items() <= files(more.folder).items()


def test_a_biased_set_draws_the_fiats_on_meadows(sample: SampleSet, tmp_path: Path) -> None:
    biased = draw_sample(tmp_path / "biased", per_class=4, seed=SEED, biased=True)
    pairs = [(before, after) for before, after in zip(sample.photos, biased.photos, strict=True)]
    moved = [after for before, after in pairs if before.background != after.background and not after.hard]
    assert moved
    for photo in moved:
        drawing = draw_photo(photo.label, photo.colour, photo.background, SEED, photo.index)
        stored = (biased.folder / photo.path).read_bytes()
        assert stored == encode_jpeg(drawing)
        assert stored != (sample.folder / photo.path).read_bytes()


def test_the_hard_files_are_listed(sample: SampleSet) -> None:
    kinds = sorted(sample.hard.values())
    original = next(photo.copy_of for photo in sample.photos if photo.copy_of)
    assert kinds == [
        "EXIF orientation 3",
        "EXIF orientation 6",
        "EXIF orientation 8",
        f"exact copy of {original}",
        "truncated: the JPEG breaks off",
    ]


def test_the_truncated_photo_cannot_be_decoded_and_all_others_can(sample: SampleSet) -> None:
    for photo in sample.photos:
        with Image.open(io.BytesIO((sample.folder / photo.path).read_bytes())) as stored:
            if photo.truncated:
                assert photo.split == "train"
                with pytest.raises(OSError, match="truncated"):
                    stored.load()
            else:
                stored.load()


def test_rotated_photos_are_upright_once_their_tag_is_honoured(sample: SampleSet) -> None:
    turned = [photo for photo in sample.photos if photo.orientation != 1]
    assert {photo.orientation for photo in turned} == {3, 6, 8}
    for photo in turned:
        drawn = draw_photo(photo.label, photo.colour, photo.background, SEED, photo.index).photo
        with Image.open(sample.folder / photo.path) as stored:
            assert stored.getexif()[0x0112] == photo.orientation
            raw = np.asarray(stored.resize(drawn.size), np.float64)
            upright = np.asarray(ImageOps.exif_transpose(stored), np.float64)
        target = np.asarray(drawn, np.float64)
        assert np.abs(upright - target).mean() < 8
        assert np.abs(upright - target).mean() < np.abs(raw - target).mean() / 2


def test_one_photo_of_train_is_in_validation_too(sample: SampleSet) -> None:
    (copy,) = (photo for photo in sample.photos if photo.copy_of)
    assert copy.copy_of is not None
    assert copy.copy_of.startswith("train/fiat-126/")
    assert copy.path.startswith("validation/fiat-126/")
    assert (sample.folder / copy.path).read_bytes() == (sample.folder / copy.copy_of).read_bytes()
    contents = list(files(sample.folder).values())
    assert len(contents) - len(set(contents)) == 1


def test_progress_counts_every_photo_of_an_empty_folder_that_is_filled(tmp_path: Path) -> None:
    (tmp_path / "cars").mkdir()
    calls: list[tuple[str, int, int]] = []
    drawn = draw_sample(tmp_path / "cars", per_class=4, progress=lambda *call: calls.append(call))
    assert calls == [("drawing photos", done, 20) for done in range(21)]
    assert len(files(drawn.folder)) == 21


@pytest.mark.parametrize("masks", [False, True])
def test_a_failure_midway_leaves_nothing(tmp_path: Path, masks: bool) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_sample(tmp_path / "cars", per_class=4, masks=masks, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_appears_meanwhile_is_kept_and_no_masks_are_left(tmp_path: Path) -> None:
    def interfere(stage: str, done: int, total: int) -> None:
        if done == total:
            (tmp_path / "cars").mkdir()
            (tmp_path / "cars" / "mine.txt").write_text("mine")

    with pytest.raises(OutputError, match="cars is already there and not an empty folder"):
        draw_sample(tmp_path / "cars", per_class=4, masks=True, progress=interfere)
    assert files(tmp_path) == {"cars/mine.txt": b"mine"}


@pytest.mark.parametrize("name", ["cars", "cars-masks"])
def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "mine.txt").write_text("mine")
    with pytest.raises(OutputError) as refused:
        draw_sample(tmp_path / "cars", per_class=4, masks=True)
    assert refused.value.message == f"{tmp_path / name} is already there and not an empty folder"
    assert refused.value.fix == "Name a new folder, or remove this one."
    assert files(tmp_path) == {f"{name}/mine.txt": b"mine"}


def test_the_folder_one_stands_in_is_filled_and_stays_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o700)
    before = empty.stat()
    monkeypatch.chdir(empty)
    drawn = draw_sample(Path(), per_class=4, masks=True)
    after = empty.stat()
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
    Path("mine.txt").touch()
    assert sorted(path.name for path in empty.iterdir()) == [
        "mine.txt",
        "test",
        "test-labels.csv",
        "train",
        "validation",
    ]
    assert (drawn.folder, drawn.masks) == (empty, tmp_path / "empty-masks")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "empty-masks"]


def test_an_empty_folder_stays_empty_if_drawing_fails(tmp_path: Path) -> None:
    def interfere(stage: str, done: int, total: int) -> None:
        if done == total:
            (tmp_path / "cars-masks").touch()

    (tmp_path / "cars").mkdir()
    with pytest.raises(OutputError, match="cars-masks is already there"):
        draw_sample(tmp_path / "cars", per_class=4, masks=True, progress=interfere)
    assert list((tmp_path / "cars").iterdir()) == []


def test_what_appears_in_an_empty_folder_meanwhile_is_kept_and_not_mixed(tmp_path: Path) -> None:
    def interfere(stage: str, done: int, total: int) -> None:
        if done == total:
            (tmp_path / "cars" / "mine.txt").write_text("mine")

    (tmp_path / "cars").mkdir()
    with pytest.raises(OutputError, match="cars is already there and not an empty folder"):
        draw_sample(tmp_path / "cars", per_class=4, masks=True, progress=interfere)
    assert files(tmp_path) == {"cars/mine.txt": b"mine"}


@pytest.mark.parametrize("masks", [False, True])
def test_the_uppermost_folder_is_refused_like_any_other(masks: bool) -> None:
    top = Path(Path.cwd().anchor)
    with pytest.raises(OutputError) as refused:
        draw_sample(top, per_class=4, masks=masks)
    assert refused.value.message == f"{top} is already there and not an empty folder"


@pytest.mark.parametrize("out", [None, 7.5, "null\0"])
def test_what_is_no_path_is_refused(out: object) -> None:
    with pytest.raises(OptionError) as refused:
        draw_sample(out)  # type: ignore[arg-type]
    assert (refused.value.message, refused.value.fix) == (
        f"out is {out!r}; it must be a path",
        "Name a new folder.",
    )


def test_a_place_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="cannot write"):
        draw_sample(tmp_path / "file" / "cars", per_class=4)


@pytest.mark.parametrize(
    ("options", "message", "fix"),
    [
        ({"per_class": 3}, "per-class is 3", "Give 4 or more photos for each class."),
        ({"per_class": "9"}, "per-class is '9'", "Give 4 or more photos for each class."),
        ({"seed": -1}, "seed is -1", "Give 0 or a larger whole number."),
        ({"seed": 0.5}, "seed is 0.5", "Give 0 or a larger whole number."),
    ],
)
def test_numbers_that_are_too_small_are_refused(
    tmp_path: Path, options: dict[str, int], message: str, fix: str
) -> None:
    with pytest.raises(OptionError) as refused:
        draw_sample(tmp_path / "cars", **options)  # type: ignore[arg-type]
    assert (refused.value.message, refused.value.fix) == (message, fix)
    assert list(tmp_path.iterdir()) == []
