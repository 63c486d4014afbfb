"""What a training by epochs is told as: a table, a sentence, curves and TensorBoard's files."""

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kclass.dataset.tables import text_table
from kclass.errors import OutputError
from kclass.files import make_folder
from kclass.keras_import import import_tensorflow
from kclass.plots.curves import plot_history
from kclass.training.epochs import EpochResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADINGS = ("phase", "epoch", "learning rate", "train loss", "held-out loss", "error rate", "time")
NOTHING = "-"
SCALARS = ("learning_rate", "train_loss", "held_out_loss", "error_rate", "seconds")


def epoch_table(epochs: Sequence[EpochResult]) -> str:
    """The epochs as lines of text: losses in nats, error rates in percent of the photos held out."""
    return text_table(HEADINGS, [_row(epoch) for epoch in epochs])


def epoch_remark(epochs: Sequence[EpochResult], best_epoch: int, *, interrupted: bool) -> str:
    """Which epoch was kept, and why."""
    stopped = "Stopped by Ctrl-C. " if interrupted else ""
    if not math.isfinite(epochs[-1].held_out_loss):
        stopped += "The loss ran away: try a lower learning rate. "
    if best_epoch == 0:
        return f"{stopped}No epoch was better than the solved head by the photos held out: it is kept."
    (best,) = (epoch for epoch in epochs if epoch.epoch == best_epoch)
    return (
        f"{stopped}Kept: epoch {best_epoch}, with the lowest loss ({best.held_out_loss:.4f}) on a tenth of "
        "the training photos, which were held out."
    )


def plot_epochs(epochs: Sequence[EpochResult], best_epoch: int) -> "Figure":
    """The epochs as curves."""
    return plot_history(
        phases=[each.phase for each in epochs],
        epochs=[each.epoch for each in epochs],
        learning_rates=[each.learning_rate for each in epochs],
        train_losses=[each.train_loss for each in epochs],
        held_out_losses=[each.held_out_loss for each in epochs],
        error_rates=[each.error_rate for each in epochs],
        best_epoch=best_epoch,
    )


def write_tensorboard(folder: Path, epochs: Sequence[EpochResult]) -> None:
    """Write TensorBoard's files for all epochs; the step is the epoch.

    Raises:
        OutputError: they cannot be written.
    """
    tf = import_tensorflow()
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was stopped while it was written
    make_folder(folder)
    try:
        writer = tf.summary.create_file_writer(str(folder))
        with writer.as_default():
            for epoch in epochs:
                for name in SCALARS:
                    value = getattr(epoch, name)
                    if value is not None:
                        tf.summary.scalar(name, value, step=epoch.epoch)
        writer.close()
    except tf.errors.OpError as error:  # as TensorFlow has it for whatever a file system refuses
        reason = str(error).splitlines()[0].rpartition("; ")[2]
        raise OutputError(
            f"cannot write {folder}: {reason}", fix="Free some space, or leave --tensorboard out."
        ) from error


def _row(epoch: EpochResult) -> tuple[str, ...]:
    return (
        epoch.phase,
        str(epoch.epoch),
        _number(epoch.learning_rate, ".2e"),
        _number(epoch.train_loss, ".4f"),
        _number(epoch.held_out_loss, ".4f"),
        f"{100 * epoch.error_rate:.1f} %",
        _time(epoch.seconds),
    )


def _number(value: float | None, form: str) -> str:
    return NOTHING if value is None else format(value, form)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
