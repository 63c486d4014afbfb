import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kclass.dataset.folding import assign_folds
from kclass.errors import DataError, OptionError


def folds_of(labels: list[int], together: list[int] | None = None, *, folds: int, seed: int = 0) -> list[int]:
    alone = range(len(labels)) if together is None else together
    found: NDArray[np.int64] = assign_folds(
        np.array(labels, np.int32), np.array(alone, np.int64), folds=folds, seed=seed
    )
    return list(found.tolist())


def test_each_fold_has_its_share_of_each_class() -> None:
    found = np.array(folds_of([0] * 10 + [1] * 23, folds=5))
    assert np.bincount(found[:10]).tolist() == [2] * 5
    assert sorted(np.bincount(found[10:]).tolist()) == [4, 4, 5, 5, 5]
    assert max(np.bincount(found)) - min(np.bincount(found)) <= 1


def test_rests_of_small_classes_are_spread_over_all_folds() -> None:
    # Five classes of one photo more than folds: were each to begin with fold 0, that would have ten.
    found = folds_of([label for label in range(5) for _ in range(6)], folds=5)
    assert np.bincount(found).tolist() == [6] * 5


def test_what_belongs_together_is_held_out_together() -> None:
    together = [0, 0, 0, 1, 1, 2, 3, 4, 5, 5, 6, 7]
    found = folds_of([0] * 6 + [1] * 6, together, folds=3)
    for number in set(together):
        assert len({fold for fold, each in zip(found, together, strict=True) if each == number}) == 1


def test_a_seed_gives_the_same_folds_and_another_one_others() -> None:
    labels = [0, 1] * 10
    assert folds_of(labels, folds=4, seed=3) == folds_of(labels, folds=4, seed=3)
    assert folds_of(labels, folds=4, seed=3) != folds_of(labels, folds=4, seed=4)


def test_the_only_photo_of_a_class_is_never_held_out() -> None:
    assert folds_of([0, 0, 0, 1], folds=3)[3] == -1
    assert sorted(folds_of([0, 0, 0, 1], folds=3)[:3]) == [0, 1, 2]
    assert folds_of([0, 0, 1, 1], [0, 1, 2, 2], folds=2)[2:] == [-1, -1]  # copies of one picture


def test_a_class_is_never_held_out_whole() -> None:
    # Groups 0 and 1 hold all of class 0, and so much of class 1 and 2 that the folds balance best with
    # both in one; whatever the order, class 0 stays in the training part of each fold.
    for seed in range(20):
        found = folds_of([0, 1, 1, 0, 2, 2, 1, 1, 2, 2], [0, 0, 0, 1, 1, 1, 2, 2, 3, 3], folds=2, seed=seed)
        assert found[0] != found[3] or -1 in (found[0], found[3])


def test_too_many_folds_and_too_few_are_refused() -> None:
    with pytest.raises(OptionError) as raised:
        folds_of([0, 0, 1, 1, 1, 2], folds=6)
    assert raised.value.message == "folds is 6, but only 5 photos or groups can be parted"
    assert raised.value.fix == "Use 5 folds or fewer, or add photos."
    assert sorted(folds_of([0, 0, 1, 1, 1, 2], folds=5)) == [-1, 0, 1, 2, 3, 4]
    with pytest.raises(OptionError, match="folds is 1; it must be 2 or more"):
        folds_of([0, 0, 1, 1], folds=1)
    wrong = [2.5, True, "5", None]
    for value in wrong:
        with pytest.raises(OptionError, match="it must be a whole number"):
            folds_of([0, 0, 1, 1], folds=value)  # type: ignore[arg-type]


def test_classes_of_one_photo_each_cannot_be_folded() -> None:
    with pytest.raises(DataError, match="no photo can be held out"):
        folds_of([0, 1, 2], folds=2)


@given(
    labels=st.lists(st.integers(0, 3), min_size=8, max_size=40),
    groups=st.lists(st.integers(0, 12), min_size=40, max_size=40),
    folds=st.integers(2, 5),
    seed=st.integers(0, 5),
)
def test_whatever_the_groups_each_fold_leaves_photos_of_its_classes(
    labels: list[int], groups: list[int], folds: int, seed: int
) -> None:
    together = groups[: len(labels)]
    try:
        found = np.array(folds_of(labels, together, folds=folds, seed=seed))
    except (DataError, OptionError):
        return
    known = np.array(labels)
    for fold in range(folds):
        held_out = found == fold
        assert set(known[held_out].tolist()) <= set(known[~held_out].tolist())
        assert not set(np.array(together)[held_out].tolist()) & set(np.array(together)[~held_out].tolist())
