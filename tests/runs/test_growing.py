import itertools

import numpy as np
import pytest
from small_fits import write_photos

import kclass
from kclass.progress import silent
from kclass.runs import growing
from kclass.runs.folds import Folded, folded, head_options
from kclass.runs.growing import grow
from kclass.training.linear_head import solve_linear_head


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory) -> Folded:
    root = write_photos(tmp_path_factory.mktemp("growing") / "trees", {"ash": 24, "birch": 16})
    data = kclass.ImageFolder(root).grouped(lambda file: (file.parent.name, int(file.stem) // 2))
    return folded(data, head_options({"size": 64}, task="a test"), folds=4, split="all", progress=silent)


def test_subsets_grow_are_nested_and_hold_all_classes(parted: Folded) -> None:
    learned, _ = next(parted.parts())
    order = growing._order(parted, learned, [0, 0])
    assert sorted(order.tolist()) == learned.tolist()
    subsets = [growing._first(parted, order, share) for share in growing.SHARES]
    for small, large in itertools.pairwise(subsets):
        assert set(small.tolist()) <= set(large.tolist())
    counts = [np.bincount(parted.labels[subset]).tolist() for subset in subsets]
    assert counts[0] == [2, 2]
    assert counts[growing.HALF] == [9, 6]
    assert counts[-1] == [18, 12]


def test_groups_come_whole_into_subsets_but_for_the_last(parted: Folded) -> None:
    learned, _ = next(parted.parts())
    subset = growing._first(parted, growing._order(parted, learned, [0, 0]), 0.5)
    groups = parted.data.samples.groups[parted.rows[subset]]
    parts = [np.count_nonzero(groups == group) for group in np.unique(groups)]
    assert parts.count(1) <= 2  # one of each class may be cut


def test_the_largest_heads_are_those_of_the_whole_training_part(parted: Folded) -> None:
    grown = grow(parted, progress=silent)
    assert grown.sizes[-1] == 30
    assert (np.diff(grown.sizes) > 0).all()
    assert grown.wrong.shape == (growing.REPEATS, len(grown.sizes), 40)
    assert sorted(grown.judged.tolist()) == list(range(40))
    assert (grown.wrong[:, -1] == grown.wrong[:1, -1]).all()
    learned, judged = next(parted.parts())
    head = solve_linear_head(
        parted.frozen.of(parted.rows[learned]),
        parted.labels[learned],
        classes=2,
        seed=0,
        groups=parted.data.samples.groups[parted.rows[learned]].astype(np.int64),
    )
    logits = parted.frozen.of(parted.rows[judged]) @ head.kernel + head.bias
    wanted = logits.argmax(axis=1) != parted.labels[judged]
    assert grown.judged[: len(judged)].tolist() == judged.tolist()
    assert grown.wrong[0, -1, : len(judged)].tolist() == wanted.tolist()


def test_half_of_one_class_is_missing_where_it_is_thinned_out(parted: Folded) -> None:
    learned, _ = next(parted.parts())
    kept = growing._without_half(parted, learned, 0, [0, 0])
    assert np.bincount(parted.labels[kept]).tolist() == [9, 12]
    grown = grow(parted, progress=silent)
    assert set(grown.thinned) == {0, 1}
    assert all(each.shape == (growing.CLASS_REPEATS, 40) for each in grown.thinned.values())
    assert grown.class_sizes.tolist() == [18, 12]


def test_what_heads_may_cost_limits_repeats_and_then_folds(
    parted: Folded, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeats, parts = growing._within_budget(parted)
    assert (repeats, len(parts)) == (10, 4)
    one = 40 * 40 * 2 * sum(growing.SHARES)
    monkeypatch.setattr(growing, "MOST_WORK", 9 * one)
    repeats, parts = growing._within_budget(parted)
    assert (repeats, len(parts)) == (2, 4)
    monkeypatch.setattr(growing, "MOST_WORK", 3 * one)
    repeats, parts = growing._within_budget(parted)
    assert (repeats, len(parts)) == (1, 3)
    monkeypatch.setattr(growing, "MOST_WORK", 1)
    grown = grow(parted, progress=silent)
    assert grown.wrong.shape[0] == 1
    assert 0 < grown.wrong.shape[2] < 15  # one fold


@pytest.mark.slow
def test_every_head_is_told_of(parted: Folded) -> None:
    told: dict[str, tuple[int, int]] = {}

    def tell(stage: str, done: int, total: int, note: str = "") -> None:
        told[stage] = (done, total)

    sizes = len(grow(parted, progress=tell).sizes)
    heads = 4 * (growing.REPEATS * (sizes - 1) + 1)
    assert told == {"growing": (heads, heads), "thinning classes out": (40, 40)}
