from pathlib import Path

import numpy as np
import pytest
from made_up_classes import hundred_classes
from made_up_runs import three_trees

from kclass.reporting import mistakes
from kclass.reporting.mistakes import display_names, listed_photos, matrix_of, order_to_show, top_losses_of
from kclass.reporting.run_reading import SplitResults, read_run


@pytest.fixture
def trees(tmp_path: Path) -> SplitResults:
    return read_run(three_trees(tmp_path / "run")).splits["valid"]


def test_a_matrix_holds_the_cells_that_have_photos(trees: SplitResults) -> None:
    matrix = matrix_of(trees, 3)
    cells = [(cell.label, cell.predicted, cell.count, cell.share, cell.right) for cell in matrix.cells]
    assert cells == [(0, 0, 2, 1, True), (1, 0, 1, 0.5, False), (1, 1, 1, 0.5, True), (2, 2, 1, 1, True)]
    assert [(cell.row, cell.column) for cell in matrix.cells] == [(1, 1), (2, 1), (2, 2), (3, 3)]
    assert matrix.first == 1  # the only mistake
    assert (matrix.size, matrix.left_out) == ("huge", 0)
    strengths = [cell.strength for cell in matrix.cells]
    assert strengths[0] == 1 and 0.14 < strengths[1] < 1


def test_of_very_many_classes_those_with_the_most_mistakes_are_shown(
    trees: SplitResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mistakes, "MOST_CLASSES", 2)
    matrix = matrix_of(trees, 3)
    assert matrix.shown == (0, 1)
    assert matrix.left_out == 1
    assert {(cell.label, cell.predicted) for cell in matrix.cells} == {(0, 0), (1, 0), (1, 1)}


def test_cells_get_smaller_the_more_classes_there_are(tmp_path: Path) -> None:
    run = read_run(hundred_classes(tmp_path, photos=120))
    assert matrix_of(run.splits["valid"], 100).size == "tiny"


def test_mistakes_come_first_then_what_was_nearly_one(trees: SplitResults) -> None:
    # Row 2 is the mistake. Each class then gives its least sure photo: rows 1 (.7), 3 (.8), 4 (.9); then 0.
    assert order_to_show(trees).tolist() == [2, 1, 3, 4, 0]


def test_photos_are_listed_with_both_classes_and_both_probabilities(trees: SplitResults) -> None:
    assert listed_photos(trees, order_to_show(trees))[:2] == [
        [2, "birch/0.png", 1, 0, 0.6, 0.3],
        [1, "ash/1.png", 0, 0, 0.7, 0.7],
    ]


def test_top_losses_are_those_of_the_least_probable_truths(trees: SplitResults) -> None:
    found = top_losses_of(trees)
    assert [row for row, _ in found] == [2, 1, 3, 0, 4]
    np.testing.assert_allclose(found[0][1], -np.log(0.3))


def test_classes_are_shown_as_people_read_them_unless_two_would_read_alike() -> None:
    assert display_names(("01.Old_ash", "birch")) == ("Old ash", "birch")
    assert display_names(("01.ash", "02.ash")) == ("01.ash", "02.ash")
