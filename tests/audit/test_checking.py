import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photographs import SIZE, pets, picture, save
from PIL import Image, ImageFilter, ImageOps

from kclass.audit.checking import check
from kclass.audit.findings import KINDS, Audit
from kclass.dataset.folder import ImageFolder
from kclass.dataset.opening import open_data
from kclass.errors import DataError, OptionError

NEW = 1000  # seeds from here on are of no photo of `pets`


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pets(tmp_path_factory.mktemp("sound") / "pets")


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """A sound data set for a test to spoil."""
    return Path(shutil.copytree(sound, tmp_path / "pets"))


@pytest.fixture
def split(tmp_path: Path) -> Path:
    """The same, split, for a test to spoil."""
    return pets(tmp_path / "pets", splits=("train", "val"))


def kinds(audit: Audit) -> set[str]:
    return {finding.kind for finding in audit.findings}


def paths(audit: Audit, kind: str) -> list[tuple[str, ...]]:
    """The paths of each finding of a kind."""
    return [tuple(audit.data.samples.paths[row] for row in finding.rows) for finding in audit.of(kind)]


def removed(audit: Audit) -> set[str]:
    return {audit.data.samples.paths[row] for row in audit.bad_rows}


def test_a_sound_data_set_has_no_findings(sound: Path) -> None:
    audit = check(sound)
    assert audit.findings == ()
    assert (audit.photos, audit.with_features) == (24, False)
    assert audit.seconds > 0
    assert audit.data.name == "pets"


def test_a_split_data_set_without_faults_has_no_findings(split: Path) -> None:
    assert check(split).findings == ()


def test_a_photo_that_cannot_be_read_is_taken_out(folder: Path) -> None:
    whole = folder / "cat/00.jpg"
    whole.write_bytes(whole.read_bytes()[:900])
    audit = check(folder)
    assert kinds(audit) == {"unreadable"}
    assert paths(audit, "unreadable") == [("cat/00.jpg",)]
    assert "truncated" in audit.findings[0].detail
    assert removed(audit) == {"cat/00.jpg"}


def test_identical_photos_are_found_and_one_is_kept(folder: Path) -> None:
    for name in ("copy.jpg", "more.jpg"):
        shutil.copy(folder / "cat/03.jpg", folder / "cat" / name)
    audit = check(folder)
    assert kinds(audit) == {"identical"}
    assert paths(audit, "identical") == [("cat/03.jpg", "cat/copy.jpg", "cat/more.jpg")]
    assert removed(audit) == {"cat/copy.jpg", "cat/more.jpg"}


@pytest.mark.parametrize(
    "changed",
    [
        lambda photo: photo.resize((110, 83)),
        lambda photo: photo.convert("P").convert("RGB"),
        ImageOps.mirror,
        lambda photo: photo.transpose(Image.Transpose.ROTATE_90),
        lambda photo: photo.crop((10, 8, 155, 116)),
    ],
    ids=["resized", "few colours", "mirrored", "turned", "cropped"],
)
def test_changed_copies_are_nearly_identical(
    folder: Path, changed: Callable[[Image.Image], Image.Image]
) -> None:
    with Image.open(folder / "dog/05.jpg") as photo:
        save(changed(photo), folder / "dog/copy.jpg")
    audit = check(folder)
    assert kinds(audit) == {"near-identical"}
    assert [set(each) for each in paths(audit, "near-identical")] == [{"dog/05.jpg", "dog/copy.jpg"}]
    assert removed(audit) == set()


def test_a_copy_in_validation_is_a_leak_and_leaves_training(split: Path) -> None:
    shutil.copy(split / "train/cat/01.jpg", split / "val/cat/same.jpg")
    with Image.open(split / "train/dog/02.jpg") as photo:
        save(photo.resize((120, 90)), split / "val/dog/small.jpg")
    audit = check(split)
    assert kinds(audit) == {"leak"}
    assert paths(audit, "leak") == [
        ("val/cat/same.jpg", "train/cat/01.jpg"),
        ("val/dog/small.jpg", "train/dog/02.jpg"),
    ]
    assert removed(audit) == {"train/cat/01.jpg", "train/dog/02.jpg"}


def test_one_photo_under_two_labels_is_left_for_a_person(folder: Path) -> None:
    shutil.copy(folder / "cat/01.jpg", folder / "dog/same.jpg")
    audit = check(folder)
    assert kinds(audit) == {"two-labels"}
    assert paths(audit, "two-labels") == [("cat/01.jpg", "dog/same.jpg")]
    assert removed(audit) == set()


def text(photo: Image.Image) -> Image.Image:
    """A placeholder: grey, with a thin line of black."""
    blank = Image.new("RGB", SIZE, (190, 190, 190))
    blank.paste((0, 0, 0), (20, 60, 140, 64))
    return blank


FAULTS: dict[str, tuple[str, Callable[[Image.Image], Image.Image]]] = {
    "enlarged from 40 x 30": ("tiny", lambda photo: photo.resize((40, 30))),
    "a placeholder": ("nearly-uniform", text),
    "of one colour": ("nearly-uniform", lambda _: Image.new("RGB", SIZE, (90, 140, 60))),
    "darkened": ("dark", lambda photo: photo.point(lambda value: value * 0.08)),
    "bleached": ("bright", lambda photo: photo.point(lambda value: 255 - (255 - value) * 0.1)),
    "blurred": ("blurred", lambda photo: photo.filter(ImageFilter.GaussianBlur(4))),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_photo_in_which_little_can_be_seen_is_found_for_what_it_is(folder: Path, fault: str) -> None:
    kind, changed = FAULTS[fault]
    save(changed(picture(NEW)), folder / "cat/bad.jpg")
    audit = check(folder)
    assert {name: paths(audit, name) for name in kinds(audit)} == {kind: [("cat/bad.jpg",)]}
    assert removed(audit) == set()


MILDER: dict[str, Callable[[Image.Image], Image.Image]] = {
    "small": lambda photo: photo.resize((96, 72)),
    "dim": lambda photo: photo.point(lambda value: value * 0.3),
    "pale": lambda photo: photo.point(lambda value: 255 - (255 - value) * 0.3),
    "flat": lambda photo: photo.point(lambda value: 100 + (value - 100) * 0.4),
    "soft": lambda photo: photo.filter(ImageFilter.GaussianBlur(0.5)),
}


@pytest.mark.parametrize("fault", MILDER)
def test_the_same_in_a_milder_form_is_let_pass(folder: Path, fault: str) -> None:
    save(MILDER[fault](picture(NEW)), folder / "cat/odd.jpg")
    assert check(folder).findings == ()


def test_a_wrong_suffix_and_photos_stored_turned_are_noted(folder: Path) -> None:
    save(picture(NEW), folder / "cat/odd.jpg", format="PNG")
    exif = Image.Exif()
    exif[0x0112] = 6
    for place in range(3):
        save(picture(NEW + 1 + place), folder / f"dog/side {place}.jpg", exif=exif)
    audit = check(folder)
    assert kinds(audit) == {"wrong-suffix", "turned"}
    assert audit.of("wrong-suffix")[0].detail == "cat/odd.jpg is PNG, not JPEG"
    assert paths(audit, "turned") == [("dog/side 0.jpg", "dog/side 1.jpg", "dog/side 2.jpg")]
    assert audit.of("turned")[0].detail == "3 of 28 photos: 3 on the left side"


def test_classes_out_of_proportion_empty_folders_and_loose_photos_are_told(folder: Path) -> None:
    for place in range(2, 12):
        (folder / f"cat/{place:02}.jpg").unlink()
    for place in range(8):
        save(picture(NEW + place), folder / f"dog/more {place}.jpg")
    (folder / "yeti").mkdir()
    save(picture(NEW + 50), folder / "stray.jpg")
    audit = check(folder)
    assert kinds(audit) == {"imbalance", "empty-class", "loose"}
    assert [finding.detail for finding in audit.findings] == [
        "dog has 20 photos, cat has 2 photos: 10.0 to 1",
        "fewer than 10 photos: cat (2)",
        "yeti",
        "1 photo: stray.jpg",
    ]


def framed(photo: Image.Image) -> Image.Image:
    return ImageOps.expand(photo.resize((136, 102)), (12, 9), (255, 255, 255))


def on_grass(photo: Image.Image) -> Image.Image:
    """The photo's centre in front of green."""
    green = Image.blend(photo, Image.new("RGB", photo.size, (40, 150, 30)), 0.7)
    green.paste(photo.crop((50, 40, 110, 80)), (50, 40))
    return green


def with_camera(photo: Image.Image) -> dict[str, Any]:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "One"
    return {"exif": exif}


SHORTCUTS: dict[
    str, tuple[set[str], Callable[[int], Image.Image], Callable[[Image.Image], dict[str, Any]]]
] = {
    "format": ({"file format"}, picture, lambda _: {"format": "PNG"}),
    "camera": ({"camera"}, picture, with_camera),
    "square": ({"aspect ratio"}, lambda seed: picture(seed, (139, 138)), lambda _: {}),
    "large": ({"size"}, lambda seed: picture(seed, (320, 240)), lambda _: {}),
    "white border": ({"border colour"}, lambda seed: framed(picture(seed)), lambda _: {}),
    "grass": ({"background colour"}, lambda seed: on_grass(picture(seed)), lambda _: {}),
    "poor quality": ({"compression"}, picture, lambda _: {"quality": 25}),
    "dim": ({"brightness"}, lambda seed: picture(seed).point(lambda value: value * 0.4), lambda _: {}),
}


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_a_property_that_all_photos_of_one_class_share_is_a_shortcut(tmp_path: Path, shortcut: str) -> None:
    properties, drawn, options = SHORTCUTS[shortcut]
    root = pets(tmp_path / "pets", each=24)
    for path in (root / "cat").iterdir():
        photo = drawn(NEW + int(path.stem))
        save(photo, path, **options(photo))
    details = [finding.detail for finding in check(root).of("shortcut")]
    assert properties <= {detail.partition(" alone")[0] for detail in details}
    assert all("cat" in detail for detail in details)


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_a_few_photos_a_class_raise_no_such_alarm(tmp_path: Path, shortcut: str) -> None:
    _, drawn, options = SHORTCUTS[shortcut]
    root = pets(tmp_path / "pets", each=6)
    for path in (root / "cat").iterdir():
        photo = drawn(NEW + int(path.stem))
        save(photo, path, **options(photo))
    assert check(root).of("shortcut") == ()


def test_findings_come_in_the_order_of_their_kinds(folder: Path) -> None:
    save(picture(NEW, (40, 30)), folder / "cat/tiny.jpg")
    save(picture(NEW + 1), folder / "cat/odd.jpg", format="PNG")
    shutil.copy(folder / "cat/01.jpg", folder / "cat/copy.jpg")
    (folder / "dog/bad.jpg").write_bytes(b"no photo")
    places = [list(KINDS).index(finding.kind) for finding in check(folder).findings]
    assert len(places) == 4
    assert places == sorted(places)


def test_a_data_set_is_taken_as_its_folder_its_name_or_itself(folder: Path) -> None:
    (folder / "dog/bad.jpg").write_bytes(b"no photo")
    audits = [check(folder), check(str(folder)), check(ImageFolder(folder))]
    assert [audit.findings for audit in audits] == [audits[0].findings] * 3


def test_a_table_of_photos_is_taken_too_and_its_groups_are_held_to(split: Path) -> None:
    names = sorted(path.relative_to(split).as_posix() for path in split.rglob("*.jpg"))
    lines = [f"{name},{name.split('/')[1]},{name.split('/')[0]},{Path(name).stem}" for name in names]
    table = split / "photos.csv"
    table.write_text("\n".join(["path,class,split,day", *lines]))
    audit = check(open_data(table, group="day"))
    assert kinds(audit) == {"leak"}
    assert len(audit.findings) == 12
    assert (
        audit.findings[0].detail
        == "val/cat/00.jpg (valid) and train/cat/00.jpg (train): of one group; and 2 more"
    )
    assert check(table).findings == ()


def test_a_group_says_nothing_again_of_copies_and_of_photos_that_cannot_be_read(split: Path) -> None:
    shutil.copy(split / "train/cat/01.jpg", split / "val/cat/same.jpg")
    (split / "val/dog/bad.jpg").write_bytes(b"no photo")
    days = {"train/cat/01.jpg": "one", "val/cat/same.jpg": "one"}
    days |= {"train/dog/02.jpg": "two", "val/dog/bad.jpg": "two"}
    names = sorted(path.relative_to(split).as_posix() for path in split.rglob("*.jpg"))
    lines = [f"{name},{name.split('/')[1]},{name.split('/')[0]},{days.get(name, name)}" for name in names]
    table = split / "photos.csv"
    table.write_text("\n".join(["path,class,split,day", *lines]))
    audit = check(open_data(table, group="day"))
    assert paths(audit, "leak") == [("val/cat/same.jpg", "train/cat/01.jpg")]
    assert kinds(audit) == {"leak", "unreadable"}


def test_no_file_is_changed(folder: Path) -> None:
    shutil.copy(folder / "cat/01.jpg", folder / "cat/copy.jpg")

    def states() -> dict[Path, tuple[int, int]]:
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}

    before = states()
    check(folder)
    assert states() == before


def test_a_data_set_without_any_readable_photo_is_told_so(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "bad.jpg").write_bytes(b"no photo")
    audit = check(tmp_path)
    assert len(audit.of("unreadable")) == 2
    assert kinds(audit) == {"unreadable", "imbalance"}


def test_an_audit_is_ready_for_json(folder: Path) -> None:
    shutil.copy(folder / "cat/01.jpg", folder / "cat/copy.jpg")
    told = json.loads(json.dumps(check(folder).to_dict()))
    assert told["remove"] == ["cat/copy.jpg"]


def test_a_second_audit_of_the_same_seed_finds_the_same(folder: Path) -> None:
    shutil.copy(folder / "cat/01.jpg", folder / "dog/copy.jpg")
    assert check(folder, seed=3).findings == check(folder, seed=3).findings


def test_progress_is_told_of_photos_looked_at_and_compared(folder: Path) -> None:
    stages: dict[str, int] = {}
    check(folder, progress=lambda stage, done, total: stages.update({stage: done}))
    assert stages["inspecting"] == 24
    assert "matching" in stages


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": 1}, "features is 1; it must be True or False"),
        ({"seed": -1}, "seed is -1; it must be from 0 to 4294967295"),
        ({"seed": 2**32}, "seed is 4294967296; it must be from 0 to 4294967295"),
        ({"seed": 1.0}, "seed is 1.0; it must be a whole number"),
        ({"seed": True}, "seed is True; it must be a whole number"),
    ],
)
def test_options_that_cannot_be_used_are_refused(sound: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as raised:
        check(sound, **options)
    assert raised.value.message == message


def test_a_seed_of_numpy_is_taken(sound: Path) -> None:
    assert check(sound, seed=np.int64(5)).findings == ()


def test_a_folder_that_is_not_there_is_an_error_of_the_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no "):
        check(tmp_path / "pets")
