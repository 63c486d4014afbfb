import itertools

import numpy as np
from numpy.typing import NDArray
from scenes import inspected, lying, part, scene, thumbnails

from kclass.inspection.comparing import Found, Known, compare
from kclass.inspection.verification import USUAL, WIDE, Pictures, showing
from kclass.progress import silent

NOTHING = np.empty((0, 2), np.int64)


def pictures() -> Pictures:
    whole = scene(1)
    seen = [whole, whole.resize((150, 110)), lying(part(whole, 0.1, 0, 0.9, 0.9), 6), scene(2), scene(3)]
    return Pictures.of([*map(inspected, seen), *thumbnails(15, seed=1)])


def pairs(found: Found) -> set[tuple[int, int]]:
    return {(min(pair), max(pair)) for pair in found.pairs().tolist()}


def test_pairs_without_a_fresh_photo_are_not_compared_again_but_taken_as_known() -> None:
    photos = pictures()
    fresh = np.zeros(len(photos.greys), np.bool_)
    fresh[1] = True
    known = Known(fresh, Found.none(), NOTHING, Found.none())
    found = compare(photos, NOTHING, known=known, progress=silent)
    assert pairs(found.usual) == {(0, 1), (1, 2)}
    everything = compare(photos, NOTHING, known=Known.nothing(len(fresh)), progress=silent)
    assert pairs(everything.usual) == {(0, 1), (0, 2), (1, 2)}
    of_old = everything.usual.select((everything.usual.pairs() != 1).all(axis=1))
    again = compare(photos, NOTHING, known=Known(fresh, of_old, NOTHING, Found.none()), progress=silent)
    assert again.usual.pairs().tolist() == everything.usual.pairs().tolist()
    assert again.usual.correlations.tolist() == everything.usual.correlations.tolist()


def test_candidates_are_looked_at_once_and_known_ones_count_while_they_are_candidates() -> None:
    whole = scene(4)
    photos = Pictures.of(
        [inspected(whole), inspected(part(whole, 0.3, 0.2, 0.82, 0.74)), inspected(scene(5))]
    )
    candidates = np.array([[0, 1], [1, 2]])
    first = compare(photos, candidates, known=Known.nothing(3), progress=silent)
    assert pairs(first.wide) == {(0, 1)}
    old = np.zeros(3, np.bool_)
    both = np.array([[0, 1], [1, 0]])

    def wide(candidates: NDArray[np.int64], found: Found) -> set[tuple[int, int]]:
        known = Known(old, Found.none(), both, found)
        return pairs(compare(photos, candidates, known=known, progress=silent).wide)

    assert wide(candidates, Found.none()) == set()
    assert wide(candidates, first.wide) == {(0, 1)}
    assert wide(candidates[1:], first.wide) == set()


def test_what_is_found_of_a_pair_is_the_same_among_many_pairs_as_alone() -> None:
    photos = pictures()
    many = np.array(list(itertools.permutations(range(len(photos.greys)), 2)))
    wholes, others = np.repeat(many, 8, axis=0).T
    orientations = np.resize(np.arange(1, 9), len(wholes))
    for lattice in (USUAL, WIDE):
        together = showing(photos, wholes, others, orientations, lattice=lattice)
        assert len(together.wholes) >= 4
        for row in range(len(together.wholes)):
            one = together.select(np.array([row]))
            alone = showing(photos, one.wholes, one.others, one.orientations, lattice=lattice)
            assert alone.correlations.tolist() == one.correlations.tolist()
            assert alone.boxes.tolist() == one.boxes.tolist()
