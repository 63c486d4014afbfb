from pathlib import Path

import pytest
from made_up_runs import three_trees

from kclass.reporting.run_reading import read_run
from kclass.reporting.training_charts import training_charts

EPOCH = {"phase": "head", "learning_rate": 0.1, "seconds": 1.0}


def test_penalties_are_shown_with_the_chosen_one(tmp_path: Path) -> None:
    path = [(0.01, 0.8, 0.6, 0), (0.1, 0.4, 0.9, 1), (1.0, 0.5, 0.85, 0)]
    history = [dict(zip(("c", "log_loss", "accuracy", "chosen"), row, strict=True)) for row in path]
    loss, wrong = training_charts(read_run(three_trees(tmp_path / "run", history=history)))
    assert loss.marked == loss.lines[0].points[1][0] == wrong.marked
    heights = [y for _, y in wrong.lines[0].points]
    assert heights[0] < heights[2] < heights[1]  # a share of .4 is above .15 and .1


def test_epochs_are_shown_with_the_kept_one_and_a_start_without_training_loss(tmp_path: Path) -> None:
    rows = [("", 2.0, 0.9), (1.5, 1.0, 0.4), (0.5, 1.2, 0.5)]
    history = [
        {**EPOCH, "epoch": epoch, "train_loss": train, "held_out_loss": held_out, "error_rate": errors}
        for epoch, (train, held_out, errors) in enumerate(rows)
    ]
    options = {"best_epoch": 1, "epochs_done": 2}
    run = read_run(three_trees(tmp_path / "run", history=history, options=options))
    losses, wrong = training_charts(run)
    points = {line.name: len(line.points) for line in losses.lines}
    assert points == {"held out": 3, "training": 2}
    for chart in (losses, wrong):
        (held_out,) = (line for line in chart.lines if line.name == "held out")
        assert chart.marked == held_out.points[1][0]


@pytest.mark.parametrize("history", [[], [{"epoch": 1}], [{"c": 1}]])
def test_a_history_that_says_nothing_gives_no_charts(tmp_path: Path, history: list[dict[str, int]]) -> None:
    assert training_charts(read_run(three_trees(tmp_path / "run", history=history))) == ()
