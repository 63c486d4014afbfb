import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kclass.dataset.splitting import assign_splits
from kclass.errors import OptionError

TRAIN, VALID, TEST = 0, 1, 2

label_lists = st.lists(st.integers(0, 4), max_size=120)
fractions = st.floats(0, 0.45)
seeds = st.integers(0, 2**32)


def labels_of(*sizes: int) -> NDArray[np.int32]:
    return np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)


def counts_of(labels: NDArray[np.int32], splits: NDArray[np.int8]) -> NDArray[np.int64]:
    return np.array(
        [
            [np.count_nonzero((labels == label) & (splits == split)) for split in (TRAIN, VALID, TEST)]
            for label in range(labels.max() + 1)
        ]
    )


def test_counts_are_those_of_the_largest_remainder_method() -> None:
    # 13 photos: quotas 7.8, 3.25, 1.95; whole parts 7, 3, 1; two are left for .95 and .8.
    # 7 photos: quotas 4.2, 1.75, 1.05; whole parts 4, 1, 1; one is left for .75.
    labels = labels_of(13, 7)
    splits = assign_splits(labels, valid=0.25, test=0.15, seed=0)
    assert counts_of(labels, splits).tolist() == [[8, 3, 2], [4, 2, 1]]


def test_a_fraction_that_binary_numbers_miss_is_still_met_exactly() -> None:
    # 100 * 0.29 is 28.999999999999996 in binary.
    labels = labels_of(100)
    assert counts_of(labels, assign_splits(labels, valid=0.29, test=0, seed=0)).tolist() == [[71, 29, 0]]


def test_a_tie_goes_to_training() -> None:
    labels = labels_of(5)
    assert counts_of(labels, assign_splits(labels, valid=0.5, test=0, seed=0)).tolist() == [[3, 2, 0]]


def test_small_classes_have_a_photo_on_each_side() -> None:
    labels = labels_of(1, 2, 3)
    splits = assign_splits(labels, valid=0.01, test=0.01, seed=0)
    assert counts_of(labels, splits).tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]


def test_training_keeps_a_photo_however_large_the_other_fractions() -> None:
    labels = labels_of(1, 2, 3)
    splits = assign_splits(labels, valid=0.1, test=0.89, seed=0)
    assert counts_of(labels, splits).tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]


def test_without_a_validation_fraction_all_train() -> None:
    assert assign_splits(labels_of(4, 3), valid=0, test=0, seed=0).tolist() == [TRAIN] * 7


def test_photos_without_a_label_get_no_split() -> None:
    labels = np.array([-1, 0, 0, -1, 1, 1], dtype=np.int32)
    splits = assign_splits(labels, valid=0.5, test=0, seed=0)
    assert splits[labels == -1].tolist() == [-1, -1]
    assert counts_of(labels, splits).tolist() == [[1, 1, 0], [1, 1, 0]]


def test_no_labels_at_all_give_no_splits() -> None:
    assert assign_splits(np.array([-1, -1], dtype=np.int32), valid=0.2, test=0, seed=0).tolist() == [-1, -1]
    assert assign_splits(np.array([], dtype=np.int32), valid=0.2, test=0, seed=0).tolist() == []


def test_a_seed_gives_the_same_split_on_every_system() -> None:
    # Pinned: a change here means that everybody's splits change.
    splits = assign_splits(labels_of(6, 5), valid=0.3, test=0.2, seed=7)
    assert splits.tolist() == [0, 1, 0, 2, 1, 0, 0, 1, 0, 0, 2]


def test_another_seed_gives_another_split() -> None:
    labels = labels_of(50)
    first, second = (assign_splits(labels, valid=0.2, test=0, seed=seed) for seed in (0, 1))
    assert (first != second).any()


@settings(deadline=None)
@given(label_lists, fractions, fractions, seeds)
def test_each_labelled_photo_is_in_exactly_one_split_and_the_seed_decides(
    values: list[int], valid: float, test: float, seed: int
) -> None:
    labels = np.array(values, dtype=np.int32)
    splits = assign_splits(labels, valid=valid, test=test, seed=seed)
    assert splits.shape == labels.shape
    assert np.isin(splits, [TRAIN, VALID, TEST]).all()
    assert (splits == assign_splits(labels, valid=valid, test=test, seed=seed)).all()
    assert valid > 0 or VALID not in splits
    assert test > 0 or TEST not in splits


@settings(deadline=None)
@given(label_lists.filter(bool), st.floats(0, 0.99), seeds)
def test_two_way_splits_are_within_one_photo_of_the_fraction_in_each_class(
    values: list[int], valid: float, seed: int
) -> None:
    labels = np.array(values, dtype=np.int32)
    counts = counts_of(labels, assign_splits(labels, valid=valid, test=0, seed=seed))
    sizes = counts.sum(axis=1)
    assert (abs(counts[:, VALID] - sizes * valid) < 1 + 1e-9).all()
    several = counts[sizes >= 2]
    assert (several[:, TRAIN] >= 1).all()
    assert valid == 0 or (several[:, VALID] >= 1).all()


@settings(deadline=None)
@given(st.lists(st.integers(20, 60), min_size=1, max_size=4), st.floats(0.05, 0.45), st.floats(0.05, 0.45))
def test_three_way_splits_are_within_one_photo_of_the_fractions_in_each_class(
    sizes: list[int], valid: float, test: float
) -> None:
    labels = labels_of(*sizes)
    counts = counts_of(labels, assign_splits(labels, valid=valid, test=test, seed=0))
    quotas = np.outer(sizes, [1 - valid - test, valid, test])
    assert (abs(counts - quotas) < 1 + 1e-9).all()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), max_size=100), fractions, fractions, seeds)
def test_members_of_a_group_never_straddle_a_split(
    rows: list[tuple[int, int]], valid: float, test: float, seed: int
) -> None:
    labels = np.array([label for label, _ in rows], dtype=np.int32)
    groups = [group for _, group in rows]
    splits = assign_splits(labels, valid=valid, test=test, seed=seed, groups=groups)
    assert np.isin(splits, [TRAIN, VALID, TEST]).all()
    for group in set(groups):
        assert len(set(splits[np.array(groups) == group].tolist())) == 1


@settings(deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 9), min_size=2, max_size=9), min_size=1, max_size=4),
    st.floats(0.01, 0.45),
    st.sampled_from([0.0, 0.2]),
    seeds,
)
def test_a_class_of_two_groups_has_one_in_training_and_one_in_validation(
    sizes: list[list[int]], valid: float, test: float, seed: int
) -> None:
    labels = labels_of(*map(sum, sizes))
    groups = np.concatenate([np.repeat(range(len(own)), own) + 100 * k for k, own in enumerate(sizes)])
    counts = counts_of(labels, assign_splits(labels, valid=valid, test=test, seed=seed, groups=groups))
    assert (counts[:, [TRAIN, VALID]] > 0).all()


@settings(deadline=None)
@given(st.lists(st.integers(1, 4), min_size=30, max_size=60), st.floats(0.1, 0.4), seeds)
def test_small_groups_still_come_near_the_fraction(sizes: list[int], valid: float, seed: int) -> None:
    groups = np.repeat(range(len(sizes)), sizes)
    labels = np.zeros(groups.shape, dtype=np.int32)
    splits = assign_splits(labels, valid=valid, test=0, seed=seed, groups=groups)
    # The last group put down is the only one that can overshoot, and it has at most 4 members.
    assert abs(np.count_nonzero(splits == VALID) - valid * labels.size) <= 4


def test_a_group_across_classes_stays_together() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1], dtype=np.int32)
    groups = ["a", "b", None, "a", "c", None]
    splits = assign_splits(labels, valid=0.34, test=0, seed=0, groups=groups)
    assert splits[0] == splits[3]
    assert (counts_of(labels, splits)[:, :2] > 0).all()


def test_photos_in_no_group_are_not_one_group() -> None:
    labels = labels_of(40)
    splits = assign_splits(labels, valid=0.25, test=0, seed=0, groups=[None] * 40)
    assert np.count_nonzero(splits == VALID) == 10


def test_groups_make_a_difference() -> None:
    labels = labels_of(20)
    pairs = np.arange(20) // 2
    alone = assign_splits(labels, valid=0.3, test=0, seed=3)
    together = assign_splits(labels, valid=0.3, test=0, seed=3, groups=pairs)
    assert (together[::2] == together[1::2]).all()
    assert (alone[::2] != alone[1::2]).any()


@given(st.lists(st.integers(-3, 9), max_size=60), seeds)
def test_groups_may_be_numbers_of_any_kind_and_size(numbers: list[int], seed: int) -> None:
    labels = np.zeros(len(numbers), np.int32)
    names = [f"group {number}" for number in numbers]
    by_name = assign_splits(labels, valid=0.3, test=0.1, seed=seed, groups=names)
    by_number = assign_splits(labels, valid=0.3, test=0.1, seed=seed, groups=np.array(numbers, np.int64))
    assert by_name.tolist() == by_number.tolist()


@pytest.mark.parametrize("fraction", [-0.1, 1.0, 20, float("nan")])
@pytest.mark.parametrize("name", ["valid", "test"])
def test_a_fraction_out_of_range_is_refused(name: str, fraction: float) -> None:
    chosen = {"valid": 0.1, "test": 0.1, name: fraction}
    with pytest.raises(OptionError, match=f"{name} is a fraction .* received {fraction}"):
        assign_splits(labels_of(5), valid=chosen["valid"], test=chosen["test"], seed=0)


def test_fractions_that_leave_no_training_photos_are_refused() -> None:
    with pytest.raises(OptionError, match=r"valid=0\.5 and test=0\.5 leave no photo for training"):
        assign_splits(labels_of(5), valid=0.5, test=0.5, seed=0)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(OptionError, match="seed is an integer from 0 on; received -1"):
        assign_splits(labels_of(5), valid=0.5, test=0, seed=-1)


@pytest.mark.parametrize("name", ["valid", "test", "seed"])
@pytest.mark.parametrize("value", ["0.1", None, True, float("nan")])
def test_an_option_that_is_no_number_is_refused(name: str, value: object) -> None:
    options = {"valid": 0.1, "test": 0.1, "seed": 0, name: value}
    with pytest.raises(OptionError, match=f"{name} is an? .* received {value!r}"):
        assign_splits(labels_of(5), **options)  # type: ignore[arg-type]


def test_a_group_for_each_photo_is_asked_for() -> None:
    with pytest.raises(OptionError, match="2 groups for 5 photos"):
        assign_splits(labels_of(5), valid=0.5, test=0, seed=0, groups=[1, 2])
