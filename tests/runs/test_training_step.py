from pathlib import Path

import numpy as np
from small_fits import write_photos

import kclass
from kclass.progress import silent
from kclass.runs.options import FitOptions
from kclass.runs.preparing import prepare
from kclass.runs.training_step import held_out_together, solve_head
from kclass.training.linear_head import solve_linear_head


def same(numbers: object) -> list[list[int]]:
    """Which places have equal numbers."""
    places: dict[int, list[int]] = {}
    for place, number in enumerate(np.asarray(numbers).tolist()):
        places.setdefault(number, []).append(place)
    return sorted(places.values())


def test_copies_and_groups_of_one_class_are_held_out_together() -> None:
    copies = np.array([0, 1, 2, 2, 4, 5], dtype=np.int64)
    groups = np.array([0, 0, 0, -1, -1, 3], dtype=np.int32)
    labels = np.array([0, 0, 0, 0, 1, 1], dtype=np.int32)
    assert same(held_out_together(copies, groups, labels)) == [[0, 1, 2, 3], [4], [5]]


def test_groups_of_several_classes_are_parted_and_copies_are_not() -> None:
    copies = np.array([0, 1, 1, 3, 4, 5], dtype=np.int64)
    groups = np.array([7, 7, 7, 7, 2, 2], dtype=np.int32)
    labels = np.array([0, 0, 0, 1, 1, 1], dtype=np.int32)
    assert same(held_out_together(copies, groups, labels)) == [[0], [1, 2], [3], [4, 5]]


def test_the_folds_that_choose_the_penalty_part_no_group(tmp_path: Path) -> None:
    root = write_photos(tmp_path / "trees", {"ash": 12, "birch": 12})
    data = kclass.ImageFolder(root).grouped(lambda file: (file.parent.name, int(file.stem) // 3))
    options = FitOptions(valid=0.25)
    prepared = prepare(data, options, silent)
    frozen = prepared.frozen
    assert frozen is not None
    solved = solve_head(prepared, frozen, options, silent)
    train = np.flatnonzero(prepared.data.samples.splits == 0)
    samples = prepared.data.samples.select(train)

    def losses(groups: object) -> list[float]:
        head = solve_linear_head(
            frozen.of(train),
            samples.labels,
            classes=2,
            seed=options.seed,
            groups=np.asarray(groups, dtype=np.int64),
        )
        return [candidate.log_loss for candidate in head.path]

    told = [row["log_loss"] for row in solved.history]
    assert np.allclose(told, losses(samples.groups), rtol=1e-6)
    assert not np.allclose(told, losses(np.arange(len(train))), rtol=1e-3)
