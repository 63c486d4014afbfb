from collections import Counter
from itertools import pairwise

from kclass.drawing.cars import CLASSES, COLOURS
from kclass.drawing.plan import Photo, plan_photos
from kclass.drawing.scenery import BACKGROUNDS


def labelled(photos: tuple[Photo, ...]) -> list[Photo]:
    return [photo for photo in photos if photo.split != "test" and photo.copy_of is None]


def test_colours_and_backgrounds_are_the_same_in_both_classes() -> None:
    photos = plan_photos(per_class=120, seed=0, biased=False)
    pairs = {
        label: Counter((photo.colour, photo.background) for photo in labelled(photos) if photo.label == label)
        for label in CLASSES
    }
    # 120 photos are five rounds of the 24 pairs; the fiat that is a copy takes one away.
    assert set(pairs["ferrari"].values()) == {5}
    assert len(pairs["ferrari"]) == len(COLOURS) * len(BACKGROUNDS)
    assert (pairs["ferrari"] - pairs["fiat-126"]).total() == 1


def test_validation_holds_every_colour_and_background_too() -> None:
    photos = plan_photos(per_class=120, seed=0, biased=False)
    drawn = [photo for photo in photos if photo.split == "validation" and photo.label == "ferrari"]
    assert len(drawn) == 24
    assert len({(photo.colour, photo.background) for photo in drawn}) == 24


def test_biased_puts_fiats_on_meadows_and_ferraris_elsewhere_in_train_and_validation() -> None:
    photos = plan_photos(per_class=400, seed=0, biased=True)
    for split in ("train", "validation"):
        share = {
            label: sum(photo.background == "meadow" for photo in part) / len(part)
            for label in CLASSES
            if (part := [photo for photo in labelled(photos) if (photo.split, photo.label) == (split, label)])
        }
        assert 0.9 <= share["fiat-126"] < 1
        assert 0 < share["ferrari"] <= 0.06


def test_bias_moves_the_cars_of_train_and_validation_and_nothing_else() -> None:
    fair, biased = (plan_photos(per_class=40, seed=0, biased=choice) for choice in (False, True))
    for before, after in zip(fair, biased, strict=True):
        assert (before.path, before.colour, before.index) == (after.path, after.colour, after.index)
        if before.split == "test":
            assert before == after


def test_test_photos_do_not_depend_on_how_many_others_there_are() -> None:
    few, many = (plan_photos(per_class=count, seed=0, biased=False) for count in (4, 40))
    assert [p for p in few if p.split == "test"] == [p for p in many if p.split == "test"]


def test_names_depend_on_the_seed_and_no_two_are_equal() -> None:
    first, second = ({p.path for p in plan_photos(per_class=40, seed=s, biased=False)} for s in (0, 1))
    assert len(first) == len(second) == 92
    assert not {path.rsplit("_")[-1] for path in first} & {path.rsplit("_")[-1] for path in second}


def test_sorted_names_of_test_photos_do_not_sort_the_classes() -> None:
    photos = sorted(
        (p for p in plan_photos(per_class=4, seed=0, biased=False) if p.split == "test"), key=lambda p: p.path
    )
    labels = [photo.label for photo in photos]
    changes = sum(before != after for before, after in pairwise(labels))
    assert 1 < changes < len(labels) - 1
