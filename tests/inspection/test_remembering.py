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


def stages(*looked: Inspection | PhotoError) -> list[str]:
    """The stages that are gone through for the photos; none if the cache knows their matches."""
    told: list[str] = []
    remembered_matches(looked, progress=lambda stage, done, total: told.append(stage))
    return sorted(set(told))


def test_matches_are_those_of_a_comparison_the_first_time_and_afterwards(
    photos: tuple[Inspection, ...],
) -> None:
    found = near_identical(photos)
    assert [(match.first, match.second) for match in found] == [(0, 2)]
    assert remembered_matches(photos) == remembered_matches(photos) == found


def test_the_same_photos_are_compared_once(photos: tuple[Inspection, ...]) -> None:
    assert stages(*photos) == ["matching"]
    assert stages(*photos) == []


def test_other_photos_another_order_and_unreadable_ones_are_compared_anew(
    photos: tuple[Inspection, ...],
) -> None:
    stages(*photos)
    assert stages(*photos[:3]) == ["matching"]
    assert stages(*photos[::-1]) == ["matching"]
    assert stages(*photos, BROKEN) == ["matching"]
    _, *others = photos
    assert stages(BROKEN, *others) == ["matching"]
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
