"""A finished fit: the classifier, what it was made of, and what was found."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kclass.audit.findings import KINDS, Finding
from kclass.classifier.classifier import Classifier
from kclass.classifier.evaluation import Evaluation
from kclass.classifier.model_file import MODEL
from kclass.dataset.dataset import Dataset
from kclass.errors import PhotoError
from kclass.reporting.page import REPORT
from kclass.runs.copies import copies_remark
from kclass.runs.epoch_report import epoch_remark, epoch_table
from kclass.runs.findings import finding_rows
from kclass.training.course import TrainedNetwork
from kclass.training.epochs import EpochResult


@dataclass(frozen=True)
class Fit:
    """A finished fit.

    Args:
        classifier: trained and evaluated; its `run` is the folder of the run.
        data: the data set, split as it was used.
        evaluations: by split: `valid` and, if there are labelled test photos, `test`.
        unreadable: photos that were left out, of any split.
        left_out_copies: training photos that were left out because a photo of another split is the
            same picture; named as in `split.csv`, where they have no split.
        findings: what a person should look at: copies, pictures under two labels, and labels that
            contradict what heads say that have not seen the photo. `kclass.check` looks for more.
        training: what was trained by epochs, where and in which precision, in a line; empty if nothing.
        network: what epochs made of the network, and how; None if there were none.
        seconds: how long it all took, from the call until the run stood in its place; 0 before that. Of
            a fit that was gone on with, the last part. `kclass fit` counts what it
            imports, too; only the start of Python and reading the command line come before.
    """

    classifier: Classifier
    data: Dataset
    evaluations: Mapping[str, Evaluation]
    unreadable: tuple[PhotoError, ...]
    left_out_copies: tuple[str, ...]
    findings: tuple[Finding, ...]
    training: str
    network: TrainedNetwork | None = field(repr=False)
    seconds: float = 0.0

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        assert self.classifier.run is not None
        return self.classifier.run

    @property
    def report(self) -> Path:
        """The page that shows the run."""
        return self.folder / REPORT

    @property
    def epochs(self) -> tuple[EpochResult, ...]:
        """Every epoch, in order; none if the head was solved."""
        return () if self.network is None else self.network.history

    @property
    def epoch_table(self) -> str:
        """The epochs as lines of text."""
        return epoch_table(self.epochs)

    @property
    def epoch_remark(self) -> str:
        """Which epoch was kept, and why; empty if there were none."""
        found = self.network
        if found is None:
            return ""
        return epoch_remark(found.history, found.best_epoch, interrupted=found.interrupted)

    @property
    def remark(self) -> str:
        """What to tell of the copies that were left out, in one line; empty if there were none."""
        return copies_remark(self.data, self.left_out_copies)

    @property
    def findings_remark(self) -> str:
        """How many findings of which kinds there are, in one line; empty if there are none."""
        numbers = Counter(finding.kind for finding in self.findings)
        told = [f"{KINDS[kind].title} ({number})" for kind, number in numbers.items()]
        return f"worth a look: {', '.join(told)}" if told else ""

    def to_dict(self) -> dict[str, Any]:
        """The fit as plain data, ready for JSON."""
        return {
            "run": str(self.folder),
            "model": str(self.folder / MODEL),
            "report": str(self.report),
            "data": self.data.to_dict(),
            "options": dict(self.classifier.record.trained),
            "metrics": {split: each.to_dict() for split, each in self.evaluations.items()},
            "unreadable": [error.message for error in self.unreadable],
            "left_out_copies": list(self.left_out_copies),
            "findings": finding_rows(self.data, self.findings),
            "epochs": [epoch.to_dict() for epoch in self.epochs],
            "interrupted": self.network is not None and self.network.interrupted,
            "seconds": round(self.seconds, 3),
        }
