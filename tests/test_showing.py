import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from small_fits import write_photos

import kclass
from kclass.photos.loading import load
from kclass.showing import Shown, show

COUNTS = {"01.ash_tree": 6, "02.birch": 3, "03.cedar": 1}


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("show") / "trees", COUNTS)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("show") / "split"
    write_photos(root / "train", {"ash": 4, "birch": 4})
    write_photos(root / "valid", {"ash": 2, "birch": 2}, seed=1)
    (root / "test").mkdir()
    for path in (root / "valid" / "ash").iterdir():
        (root / "test" / f"0.seen_{path.name}").write_bytes(path.read_bytes())
    return root


def small(data: Any, **options: Any) -> Shown:
    return show(data, **{"size": 16, **options})


def counts(shown: Shown) -> dict[str | None, int]:
    return {label: shown.labels.count(label) for label in shown.labels}


def test_photos_are_those_that_a_network_sees(trees: Path) -> None:
    shown = small(trees, resize="pad")
    assert shown.photos.shape == (10, 1, 16, 16, 3)
    for path, photo in zip(shown.paths, shown.photos[:, 0], strict=True):
        assert (photo == load(path, size=16, how="pad")).all()
    assert small(trees, size=8).photos.shape == (10, 1, 8, 8, 3)
    assert (small(trees).photos != shown.photos).any()


def test_classes_come_equally_often_as_far_as_they_have_photos(trees: Path) -> None:
    assert counts(small(trees, number=3)) == dict.fromkeys(COUNTS, 1)
    assert counts(small(trees, number=5)) == {"01.ash_tree": 2, "02.birch": 2, "03.cedar": 1}
    assert counts(small(trees, number=9)) == {"01.ash_tree": 5, "02.birch": 3, "03.cedar": 1}
    assert counts(small(trees)) == COUNTS
    assert len(set(small(trees).paths)) == 10


def test_photos_of_a_class_stand_together(trees: Path) -> None:
    labels = small(trees, number=7).labels
    assert list(labels) == sorted(labels)  # type: ignore[type-var]


def test_another_seed_shows_other_photos(trees: Path) -> None:
    found = {small(trees, number=3, seed=seed).paths for seed in range(8)}
    assert len(found) > 2
    assert small(trees, number=3, seed=5).paths == small(trees, number=3, seed=5).paths


def test_with_more_classes_than_photos_asked_for_the_classes_are_drawn(trees: Path) -> None:
    assert len({small(trees, number=1, seed=seed).labels for seed in range(12)}) > 1


def test_each_photo_is_shown_as_it_is_and_then_augmented_each_time_anew(trees: Path) -> None:
    shown = small(trees, augment="light", number=3, views=4)
    assert shown.photos.shape == (3, 5, 16, 16, 3)
    assert shown.views == 4
    for path, views in zip(shown.paths, shown.photos, strict=True):
        assert (views[0] == load(path, size=16)).all()
        # Crops of so small a photo, in whole pixels, may be the same.
        assert len({view.tobytes() for view in views}) >= 4
    assert (small(trees, augment="light", number=3, views=4).photos == shown.photos).all()
    usual = small(trees, augment="light")
    assert usual.photos.shape[:2] == (6, 7)


@pytest.mark.parametrize("augment", ["flip", "landmarks"])
def test_augmentation_is_that_of_the_preset(augment: str, trees: Path) -> None:
    shown = small(trees, augment=augment, views=6)
    mirrored = shown.photos[:, :1, :, ::-1]
    kept = (shown.photos[:, 1:] == shown.photos[:, :1]).all(axis=(2, 3, 4))
    turned = (shown.photos[:, 1:] == mirrored).all(axis=(2, 3, 4))
    if augment == "flip":
        assert (kept ^ turned).all()
        assert 5 < turned.sum() < 31  # of 36
    else:
        assert not (kept | turned).any()
    assert augment in shown.augment


def test_a_split_can_be_chosen(split: Path) -> None:
    assert counts(small(split)) == {"ash": 6, "birch": 6}
    assert counts(small(split, split="train")) == {"ash": 4, "birch": 4}
    assert counts(small(split, split="valid")) == {"ash": 2, "birch": 2}
    with pytest.raises(kclass.OptionError, match="split is 'training'; it must be one of test, train, valid"):
        small(split, split="training")


def test_photos_of_no_known_class_are_named_by_their_files(split: Path) -> None:
    shown = small(split, split="test")
    assert shown.labels == (None, None)
    assert captions(shown) == ["0.seen_0.png", "0.seen_1.png"]


def test_a_data_set_and_a_table_can_be_given(trees: Path, tmp_path: Path) -> None:
    assert len(small(kclass.ImageFolder(trees)).paths) == 10
    table = tmp_path / "table.csv"
    table.write_text(f"path,label\n{trees}/02.birch/0.png,birch\n{trees}/03.cedar/0.png,cedar\n")
    assert small(table).labels == ("birch", "cedar")


def test_photos_that_cannot_be_read_are_passed_over_and_named(trees: Path, tmp_path: Path) -> None:
    data = write_photos(tmp_path / "trees", {"ash": 3, "birch": 3})
    for place in range(2):
        (data / "ash" / f"{place}.png").write_bytes(b"\x89PNG no more")
    shown = small(data)
    assert counts(shown) == {"ash": 1, "birch": 3}
    assert len(shown.unreadable) == 2
    assert all(str(data / "ash") in error.message for error in shown.unreadable)
    # Others of the class come in their place.
    assert counts(small(data, number=2)) == {"ash": 1, "birch": 1} or counts(small(data, number=2)) == {
        "birch": 2
    }
    for path in data.rglob("*.png"):
        path.write_bytes(b"\x89PNG no more")
    with pytest.raises(kclass.DataError) as raised:
        small(data)
    assert raised.value.message == "none of the 6 photos can be read"
    assert "The first: " in raised.value.fix


def captions(shown: Shown) -> list[str]:
    return [text.get_text() for text in shown.plot().axes[0].texts]


def test_labels_stand_above_as_people_read_them(trees: Path) -> None:
    assert captions(small(trees, number=3)) == ["ash tree", "birch", "cedar"]
    found = captions(small(trees, number=2, augment="light", views=2, seed=3))
    assert [bool(name) for name in found] == [True, False, False] * 2


def test_a_name_that_no_font_can_draw_is_the_place_of_its_class_in_the_data(tmp_path: Path) -> None:
    data = write_photos(tmp_path / "signs", {"ash": 1, "birch": 1, "\ue123": 1})
    alone = [small(data, number=1, seed=seed) for seed in range(12)]
    assert {captions(shown)[0] for shown in alone} == {"ash", "birch", "class 2"}


def test_the_heading_says_what_is_shown(trees: Path, split: Path) -> None:
    assert repr(small(trees)) == "trees: 10 photos, 16 × 16"  # noqa: RUF001
    assert repr(small(split, split="train", number=1)) == "split: 1 training photo, 16 × 16"  # noqa: RUF001
    assert repr(small(trees, augment="flip", number=2)).splitlines() == [
        "trees: 2 photos, 16 × 16; at the left as they are, then augmented",  # noqa: RUF001
        "flip: half mirrored left to right",
    ]
    heading = [text.get_text() for text in small(trees).plot().texts]
    assert heading == ["trees: 10 photos, 16 × 16"]  # noqa: RUF001


def test_the_picture_is_written_where_wanted(trees: Path, tmp_path: Path) -> None:
    shown = small(trees, out=tmp_path / "deep" / "grid.PNG")
    with Image.open(tmp_path / "deep" / "grid.PNG") as picture:
        assert picture.format == "PNG"
    assert shown.save(str(tmp_path / "again.png")) == tmp_path / "again.png"
    with Image.open(tmp_path / "again.png") as picture:
        assert picture.width > 500


def test_a_notebook_shows_the_picture(trees: Path) -> None:
    assert small(trees, number=1)._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize("place", ["grid.png", "01.ash_tree/grid.png"])
def test_a_picture_among_the_photos_is_refused(place: str, trees: Path) -> None:
    with pytest.raises(kclass.OutputError) as raised:
        small(trees, out=trees / place)
    assert raised.value.message == f"the picture would lie among the photos: {trees / place}"
    assert not (trees / place).exists()


def test_a_table_beside_the_picture_is_no_obstacle(trees: Path, tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", {"ash": 1, "birch": 1})
    table = tmp_path / "table.csv"
    table.write_text("path,label\nphotos/ash/0.png,ash\nphotos/birch/0.png,birch\n")
    small(table, out=tmp_path / "grid.png")
    assert (tmp_path / "grid.png").is_file()


def test_what_is_shown_is_plain_data(trees: Path) -> None:
    content = small(trees, augment="flip", number=1, views=2).to_dict()
    assert json.loads(json.dumps(content)) == content
    assert content["views"] == 2
    assert content["size"] == 16
    (photo,) = content["photos"]
    assert photo["label"] in COUNTS
    assert Path(photo["path"]).is_file()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"augment": "lite"}, "augment is 'lite'; it must be one of fiat-ferrari, flip, lakes"),
        ({"number": 0}, "number is 0; it must be from 1 to 500"),
        ({"number": 501}, "number is 501; it must be from 1 to 500"),
        ({"augment": "flip", "views": 21}, "views is 21; it must be from 1 to 20"),
        ({"views": 3}, "views has no effect without augmentation"),
        ({"size": 0}, "size is 0"),
        ({"resize": "squeeze"}, "resize is 'squeeze'"),
        ({"seed": -1}, "seed is -1; it must be from 0"),
        ({"out": "photos.jpg"}, "out is photos.jpg, which is no name of a PNG file"),
    ],
)
def test_options_that_cannot_be_used_are_named(option: dict[str, Any], message: str, trees: Path) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        small(trees, **option)
    assert raised.value.message.startswith(message)


def test_a_data_set_shows_itself_with_the_same_options(trees: Path) -> None:
    data = kclass.ImageFolder(trees)
    assert data.show(number=2, size=32).to_dict() == show(data, number=2, size=32).to_dict()
    assert len(data.show(number=3, size=32).paths) == 3
