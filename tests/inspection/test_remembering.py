from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scenes import inspected, part, scene

from kclass.errors import PhotoError
from kclass.inspection.inspection import Inspection
from kclass.inspection.matching import CROP, near_identical
from kclass.inspection.remembering import remembered_matches

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


def test_matches_are_those_of_a_comparison_the_first_time_and_afterwards(
    photos: tuple[Inspection, ...],
) -> None:
    found = near_identical(photos)
    assert [(match.first, match.second) for match in found] == [(0, 2)]
    assert remembered_matches(photos) == remembered_matches(photos) == found


def test_the_same_photos_are_compared_once(photos: tuple[Inspection, ...]) -> None:
    assert compared(*photos)
    assert not compared(*photos)


def test_other_photos_another_order_and_unreadable_ones_are_compared_anew(
    photos: tuple[Inspection, ...],
) -> None:
    compared(*photos)
    assert compared(*photos[:3])
    assert compared(*photos[::-1])
    assert compared(*photos, BROKEN)
    _, *others = photos
    assert compared(BROKEN, *others)
    assert [(match.first, match.second) for match in remembered_matches(photos[::-1])] == [(1, 3)]


def test_candidates_are_asked_for_once_for_each_basis() -> None:
    whole = scene(4)
    looked = [inspected(whole), inspected(part(whole, 0.2, 0.2, 0.8, 0.8))]
    asked: list[str] = []

    def candidates(basis: str) -> NDArray[np.int64]:
        asked.append(basis)
        return np.array([[0, 1]])

    for basis in ("f32", "f32", "bf16"):
        (match,) = remembered_matches(looked, candidates=lambda basis=basis: candidates(basis), basis=basis)
        assert match.kind == CROP
    assert asked == ["f32", "bf16"]
    assert remembered_matches(looked) == ()
