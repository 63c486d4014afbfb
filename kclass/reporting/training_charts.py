"""The course of a training as charts for a page."""

import math
from collections.abc import Sequence

from kclass.reporting.charts import Chart, Point, line_chart
from kclass.reporting.run_reading import RunResults

HELD_OUT, TRAINING = "held out", "training"


def training_charts(run: RunResults) -> tuple[Chart, ...]:
    """Losses and error rates epoch by epoch, or the loss by penalty; nothing if the run kept none."""
    if not run.history:
        return ()
    found = _epochs(run) if "held_out_loss" in run.history[0] else _penalties(run)
    return tuple(each for each in found if each is not None)


def _epochs(run: RunResults) -> list[Chart | None]:
    best = run.options.get("best_epoch")
    kept = float(best) if isinstance(best, int) else None
    held_out, train = _points(run, "epoch", "held_out_loss"), _points(run, "epoch", "train_loss")
    errors = _points(run, "epoch", "error_rate")
    return [
        line_chart("loss, in nats", {HELD_OUT: held_out, TRAINING: train}, x_title="epoch", marked=kept),
        line_chart(
            "share of the held-out photos that is wrong",
            {HELD_OUT: errors},
            x_title="epoch",
            percent=True,
            marked=kept,
        ),
    ]


def _penalties(run: RunResults) -> list[Chart | None]:
    if not {"c", "log_loss", "accuracy"} <= set(run.history[0]):
        return []
    chosen = [_number(row["c"]) for row in run.history if row.get("chosen") in ("1", "True")]
    kept = chosen[0] if chosen else None
    wrong = [(x, 1 - y) for x, y in _points(run, "c", "accuracy")]
    title = "C, the inverse of the penalty"
    return [
        line_chart(
            "loss in cross-validation, in nats",
            {HELD_OUT: _points(run, "c", "log_loss")},
            x_title=title,
            x_log=True,
            marked=kept,
        ),
        line_chart(
            "share that is wrong in cross-validation",
            {HELD_OUT: wrong},
            x_title=title,
            x_log=True,
            percent=True,
            marked=kept,
        ),
    ]


def _points(run: RunResults, x: str, y: str) -> Sequence[Point]:
    return [(_number(row.get(x, "")), _number(row.get(y, ""))) for row in run.history]


def _number(text: str) -> float:
    """The number in a cell; not a number if there is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan
