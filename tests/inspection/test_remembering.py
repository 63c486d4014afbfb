import contextlib
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scenes import inspected, lying, part, scene, thumbnails

from kclass.cache.store import ContentStore
from kclass.errors import PhotoError
from kclass.inspection.comparing import LARGE_GROUP
from kclass.inspection.inspection import Inspection
from kclass.inspection.matching import CROP, IDENTICAL, Match, near_identical
from kclass.inspection.neighbours import NEIGHBOURS, feature_candidates
from kclass.inspection.remembering import Features, remembered_matches

BROKEN = PhotoError("broken.jpg is empty")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def photos() -> tuple[Inspection, ...]:
    whole = scene(1)
    return (inspected(whole), inspected(scene(2)), inspected(whole, quality=40), inspected(scene(3)))


def compared(*looked: Inspection | PhotoError) -> bool:
    """Whether the photos are compared, since the cache does not know their matches."""
    told: list[tuple[str, int, int]] = []
    remembered_matches(looked, progress=lambda *step: told.append(step))
    assert told[-1] == ("matching", told[-1][2], told[-1][2])
    return len(told) > 1


def pairs(matches: Sequence[Match]) -> list[tuple[int, int]]:
    return [(match.first, match.second) for match in matches]


def test_matches_are_those_of_a_comparison_the_first_time_and_afterwards(
    photos: tuple[Inspection, ...],
) -> None:
    found = near_identical(photos)
    assert pairs(found) == [(0, 2)]
    assert remembered_matches(photos) == remembered_matches(photos) == found


def test_the_same_photos_are_compared_once_in_whatever_order_and_with_whatever_cannot_be_read(
    photos: tuple[Inspection, ...],
) -> None:
    assert compared(*photos)
    assert not compared(*photos)
    assert not compared(*photos[::-1])
    assert not compared(BROKEN, *photos, photos[1])
    assert pairs(remembered_matches(photos[::-1])) == [(1, 3)]
    assert pairs(remembered_matches([photos[2], BROKEN, *photos])) == [(0, 2), (0, 4)]


def test_what_is_damaged_is_compared_anew(photos: tuple[Inspection, ...]) -> None:
    expected = remembered_matches(photos)
    with ContentStore() as store:
        path = store.path
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        ((row, value),) = connection.execute(
            "SELECT rowid, value FROM computed WHERE length(value) > 500"
        ).fetchall()
        damaged = value[:200] + bytes([value[200] ^ 1]) + value[201:]
        connection.execute("UPDATE computed SET value = ? WHERE rowid = ?", (damaged, row))
    assert compared(*photos)
    assert remembered_matches(photos) == expected


def test_features_bring_up_candidates_and_those_of_another_recipe_are_looked_at_anew() -> None:
    whole = scene(4)
    looked = [inspected(whole), inspected(part(whole, 0.2, 0.2, 0.8, 0.8))]
    for recipe, values, kinds in (
        ("f32", np.eye(2), []),
        ("bf16", np.ones((2, 2)), [CROP]),
        ("f32", np.eye(2), []),
    ):
        features = Features(np.arange(2), values.astype(np.float32), recipe)
        assert [match.kind for match in remembered_matches(looked, features=features)] == kinds
    assert remembered_matches(looked) == ()


def test_features_that_one_photo_lacked_before_count_when_it_has_them() -> None:
    whole = scene(4)
    looked = [inspected(whole), inspected(part(whole, 0.2, 0.2, 0.8, 0.8))]
    for places, kinds in (([1], []), ([1, 0], [CROP]), ([0], []), ([0, 1], [CROP])):
        features = Features(np.array(places), np.ones((len(places), 2), np.float32), "f32")
        assert [match.kind for match in remembered_matches(looked, features=features)] == kinds


def planted() -> list[Inspection | PhotoError]:
    """Different photos, copies, turned ones and crops, too many of one picture, and some unreadable."""
    found: list[Inspection | PhotoError] = [BROKEN, BROKEN]
    for seed in range(6):
        whole = scene(seed)
        small = part(whole, 0.2, 0.2, 0.8, 0.8)
        found += [inspected(whole), inspected(whole.resize((150, 110)), quality=40), inspected(small)]
        found += [inspected(lying(part(whole, 0, 0.1, 0.85, 1), seed + 2)), inspected(whole)]
    return found + list(thumbnails(LARGE_GROUP + 8, seed=1, same=True)) + list(thumbnails(20, seed=2))


PLANTED = planted()


def from_scratch(looked: Sequence[Inspection | PhotoError], values: np.ndarray) -> tuple[Match, ...]:
    """The matches of photos of which the different ones are compared in the order of their contents."""
    places = {each.content: place for place, each in reversed(list(enumerate(looked))) if each is not BROKEN}
    order = np.array([places[content] for content in sorted(places)], np.int64)
    return near_identical(looked, candidates=order[feature_candidates(values[order])])


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
def test_adding_and_removing_photos_in_any_order_gives_what_comparing_all_anew_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Many are equally near, most have more neighbours than count, and identical photos have the same.
    contents = [each.content if isinstance(each, Inspection) else "" for each in PLANTED]
    kind = np.unique(contents, return_inverse=True)[1]
    values = rng.integers(1, 4, (len(PLANTED), 3)).astype(np.float32)[kind]
    there = rng.random(len(PLANTED)) < 0.7
    kinds = set()
    for _ in range(6):
        places = rng.permutation(np.flatnonzero(there))
        looked = [PLANTED[place] for place in places]
        features = Features(np.arange(len(places)), values[places], "made")
        found = remembered_matches(looked, features=features)
        assert found == from_scratch(looked, values[places])
        kinds |= {match.kind for match in found}
        changed = rng.choice(len(PLANTED), rng.choice([1, 4, 15]), replace=False)
        there[changed] = rng.random(len(changed)) < rng.choice([0, 0.5, 1])
    assert {IDENTICAL, CROP} < kinds


def test_a_large_group_that_falls_apart_is_compared_anew() -> None:
    # All joined by the first of them alone: others of such a group are not compared with each other.
    group = sorted(thumbnails(LARGE_GROUP + 3, seed=3, same=True), key=lambda each: each.content)
    assert len(remembered_matches(group)) < len(group) * (len(group) - 1) / 2
    assert remembered_matches(group[1:]) == near_identical(group[1:])
    few = group[1 : LARGE_GROUP // 2]
    assert len(remembered_matches(few)) == len(few) * (len(few) - 1) / 2


def test_two_data_sets_are_remembered_side_by_side(photos: tuple[Inspection, ...]) -> None:
    others = thumbnails(5, seed=4)
    assert compared(*photos)
    assert compared(*others)
    assert not compared(*photos)
    assert not compared(*others)


def test_sets_that_grow_at_once_are_both_right(photos: tuple[Inspection, ...]) -> None:
    more = thumbnails(30, seed=5)
    sets = [[*photos, *more[:place], *more[place + 3 :]] for place in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert all(pairs(found) == [(0, 2)] for found in pool.map(remembered_matches, sets))
    assert remembered_matches([*photos, *more]) == near_identical([*photos, *more])


def test_more_than_the_nearest_may_be_as_near_and_the_lists_are_filled_up_again() -> None:
    # Eleven others are equally near to each; ten count, and if one of those goes the eleventh does.
    looked = thumbnails(NEIGHBOURS + 2, seed=6)
    values = np.ones((len(looked), 2), np.float32)
    for count in (len(looked), len(looked) - 1, len(looked)):
        features = Features(np.arange(count), values[:count], "made")
        assert remembered_matches(looked[:count], features=features) == ()
