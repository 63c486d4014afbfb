import numpy as np
import pytest
from scenes import inspected, lying, part, scene, thumbnails

from kclass.inspection import searching
from kclass.inspection.searching import alike
from kclass.progress import silent


def found(greys: np.ndarray) -> set[tuple[int, int, int]]:
    hits = set()
    for place, (whole, others, orientations) in enumerate(alike(greys, progress=silent)):
        assert whole == place
        hits |= {(whole, int(other), int(turn)) for other, turn in zip(others, orientations, strict=True)}
    return hits


@pytest.mark.parametrize("orientation", range(1, 9))
def test_copies_and_crops_are_among_what_is_alike_in_every_orientation(orientation: int) -> None:
    crop = lying(part(scene(2), 0, 0.1, 0.85, 1), orientation)
    photos = [scene(1), lying(scene(1), orientation), scene(2), crop]
    hits = found(np.stack([inspected(photo).grey for photo in photos]))
    assert {(0, 1, orientation), (2, 3, orientation)} <= hits


def test_few_pairs_of_different_photos_are_alike_and_none_with_itself() -> None:
    photos = thumbnails(100, seed=5)
    hits = found(np.stack([photo.grey for photo in photos]))
    assert len(hits) < 0.02 * 8 * 100**2
    assert all(whole != other for whole, other, _ in hits)


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    greys = np.stack([photo.grey for photo in thumbnails(40, seed=6)])
    whole = found(greys)
    monkeypatch.setattr(searching, "_WHOLES", 3)
    monkeypatch.setattr(searching, "_OTHERS", 7)
    assert found(greys) == whole != set()
