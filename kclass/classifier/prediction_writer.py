"""A table of predictions, written while they come."""

import contextlib
import csv
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from kclass.classifier.prediction import Prediction
from kclass.files import output_errors, whole_file

COLUMNS: Final = ("path", "prediction", "unsure", "probability", "novelty")


class _UnfinishedError(Exception):
    """The table is not wanted any more; nothing is wrong with its file."""


class PredictionWriter:
    """Writes predictions into a CSV file as they come, whole or not at all: the table of `write_csv`.

    It is the target of a `with` statement. The file appears at the end of the block; if that ends with
    an error, there is none, and one that was there before stays as it was.

        with kclass.PredictionWriter("table.csv") as writer:
            for each in clf.predict_stream(photos):
                if not isinstance(each, kclass.PhotoError):
                    writer.write(each)

    Args:
        path: the CSV file; folders above it are made.
        top: for how many classes there are columns; None for as many as the first prediction names.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(self, path: str | Path, *, top: int | None = None) -> None:
        self.path = Path(path)
        self._top = top
        self._rows: Any = None
        self._begun = False

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            part = stack.enter_context(whole_file(self.path))
            with output_errors(self.path), contextlib.suppress(FileNotFoundError):
                self.path.lstat()  # a name that no file system takes is known at once
            # A row reaches the disk before its prediction is told to anybody.
            file = stack.enter_context(
                part.open("w", buffering=1, encoding="utf-8", errors="surrogatepass", newline="")
            )
            self._rows = csv.writer(file, lineterminator="\n")
            self._open = stack.pop_all()
        return self

    def write(self, prediction: Prediction) -> None:
        """Write the row of a photo.

        Raises:
            OutputError: it cannot be written.
        """
        self._begin(len(prediction.top) if self._top is None else self._top)
        guesses = [value for each in prediction.top for value in (each.label, f"{each.probability:.6f}")]
        novelty = "" if prediction.novelty is None else f"{prediction.novelty:.4f}"
        known = [prediction.answer, int(prediction.unsure), f"{prediction.probability:.6f}", novelty]
        with output_errors(self.path):
            self._rows.writerow([prediction.path, *known, *guesses])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(_UnfinishedError), self._open:
            if error is not None:
                raise _UnfinishedError
            self._begin(self._top or 0)

    def _begin(self, top: int) -> None:
        """Write the names of the columns, once."""
        if self._begun:
            return
        self._begun = True
        columns = (f"{word}_{rank}" for rank in range(1, top + 1) for word in ("label", "probability"))
        with output_errors(self.path):
            self._rows.writerow([*COLUMNS, *columns])
