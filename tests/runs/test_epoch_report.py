"""What a training by epochs is told as."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import limited, run

from kclass.errors import OutputError
from kclass.runs.epoch_report import epoch_remark, epoch_table, plot_epochs, write_tensorboard
from kclass.training.epochs import EpochResult

EPOCHS = (
    EpochResult("start", 0, None, None, 0.51234, 0.25, 0.4),
    EpochResult("head", 1, 0.001, 1.25, 0.75, 1 / 3, 9.6),
    EpochResult("fine-tuning", 2, 1.25e-5, 0.5, 0.4321, 0.125, 61.0),
    EpochResult("fine-tuning", 3, 1e-6, 0.25, math.inf, 1.0, 3599.6),
)


def test_the_table_has_a_line_an_epoch() -> None:
    assert epoch_table(EPOCHS).splitlines() == [
        "phase        epoch  learning rate  train loss  held-out loss  error rate   time",
        "start            0              -           -         0.5123      25.0 %   0:00",
        "head             1       1.00e-03      1.2500         0.7500      33.3 %   0:10",
        "fine-tuning      2       1.25e-05      0.5000         0.4321      12.5 %   1:01",
        "fine-tuning      3       1.00e-06      0.2500            inf     100.0 %  60:00",
    ]


def test_a_training_without_epochs_is_the_headings_alone() -> None:
    assert len(epoch_table([]).splitlines()) == 1


@pytest.mark.parametrize(("interrupted", "stopped"), [(False, ""), (True, "Stopped by Ctrl-C. ")])
def test_the_remark_says_which_epoch_was_kept_and_what_ended_the_training(
    interrupted: bool, stopped: str
) -> None:
    ran_away = "The loss ran away: try a lower learning rate. "
    assert epoch_remark(EPOCHS, 2, interrupted=interrupted).startswith(f"{stopped}{ran_away}Kept: epoch 2, ")
    calm = EPOCHS[:-1]
    assert epoch_remark(calm, 2, interrupted=interrupted) == (
        f"{stopped}Kept: epoch 2, with the lowest loss (0.4321) on a tenth of the training photos, "
        "which were held out."
    )
    assert epoch_remark(calm, 0, interrupted=interrupted) == (
        f"{stopped}No epoch was better than the solved head by the photos held out: it is kept."
    )


def test_the_curves_are_those_of_the_epochs_with_the_best_marked() -> None:
    losses, errors, rates = plot_epochs(EPOCHS, 2).axes
    lines = {str(line.get_label()): np.array(line.get_xydata()) for line in losses.lines}
    assert np.array_equal(lines["training photos"][1:], [[1, 1.25], [2, 0.5], [3, 0.25]])
    assert np.array_equal(lines["held-out photos"][:3], [[0, 0.51234], [1, 0.75], [2, 0.4321]])
    assert np.array_equal(lines["best: epoch 2, 0.432"], [[2, 0.4321]])
    assert any(np.allclose(line.get_ydata(), [25, 100 / 3, 12.5, 100]) for line in errors.lines)
    drawn = np.concatenate([np.array(line.get_xydata()) for line in rates.lines]).tolist()
    assert all([epoch.epoch, epoch.learning_rate] in drawn for epoch in EPOCHS[1:])


def test_a_training_that_was_stopped_before_its_first_epoch_can_be_drawn() -> None:
    figure = plot_epochs(EPOCHS[:1], 0)
    figure.canvas.draw()
    assert "best: epoch 0, 0.512" in figure.axes[0].get_legend_handles_labels()[1]


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard reads of its files: by name the steps and values."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    events = EventAccumulator(str(folder)).Reload()
    return {
        tag: [(event.step, make_ndarray(event.tensor_proto).item()) for event in events.Tensors(tag)]
        for tag in events.Tags()["tensors"]
    }


def test_tensorboard_reads_each_number_of_each_epoch(tmp_path: Path) -> None:
    write_tensorboard(tmp_path / "board", EPOCHS)
    found = scalars(tmp_path / "board")
    assert set(found) == {"learning_rate", "train_loss", "held_out_loss", "error_rate", "seconds"}
    for name, values in found.items():
        wanted = [(each.epoch, getattr(each, name)) for each in EPOCHS if getattr(each, name) is not None]
        assert [step for step, _ in values] == [step for step, _ in wanted]
        assert np.allclose([value for _, value in values], [value for _, value in wanted], rtol=1e-6)
    assert [step for step, _ in found["train_loss"]] == [1, 2, 3]


def test_what_a_run_that_was_stopped_wrote_for_tensorboard_is_replaced(tmp_path: Path) -> None:
    write_tensorboard(tmp_path / "board", EPOCHS[:2])
    write_tensorboard(tmp_path / "board", EPOCHS)
    assert len(list((tmp_path / "board").iterdir())) == 1
    assert [step for step, _ in scalars(tmp_path / "board")["held_out_loss"]] == [0, 1, 2, 3]


def test_a_place_where_tensorboard_cannot_write_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"cannot write .*file/board"):
        write_tensorboard(tmp_path / "file" / "board", EPOCHS)


@pytest.mark.slow
def test_a_disk_that_is_full_is_an_output_error_from_tensorboard_too(tmp_path: Path) -> None:
    code = (
        "import signal, sys; from pathlib import Path; from kclass import OutputError;"
        "from kclass.runs.epoch_report import write_tensorboard;"
        "from kclass.training.epochs import EpochResult;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "epochs = [EpochResult('head', each, 0.1, 1.0, 1.0, 0.5, 1.0) for each in range(1, 20)]\n"
        "try: write_tensorboard(Path('board'), epochs)\n"
        "except OutputError as error: print(error, end='')"
    )
    ended = run(*limited((sys.executable, "-c", code), file_bytes=300), cwd=tmp_path)
    assert ended.stdout == (
        "cannot write board: File too large\nFree some space, or leave --tensorboard out."
    ), ended.stderr
