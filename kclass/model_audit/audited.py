"""What the audit of a model says, class by class."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kclass.errors import PhotoError
from kclass.model_audit.mean_maps import mean_maps
from kclass.model_audit.page import AuditOnPage, write_audit_page
from kclass.model_audit.pictures import FEW
from kclass.model_audit.verdicts import (
    BACKGROUND,
    CAST,
    NONE,
    UNKNOWN,
    Measured,
    Verdict,
    class_verdict,
    model_verdict,
)
from kclass.model_audit.wording import Told, audit_text, gravest_first, model_told

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class AuditedClass:
    """One class: what was measured, and what is to be thought of it."""

    measured: Measured
    verdict: Verdict

    @classmethod
    def of(cls, measured: Measured, *, classes: int) -> "AuditedClass":
        """A class by what was measured of it.

        Args:
            measured: the class.
            classes: how many are audited; of more than `FEW` only those with something to be seen keep
                pictures of single photos, which take much memory.
        """
        verdict = class_verdict(measured)
        if classes > FEW and verdict.kind in (NONE, UNKNOWN) and measured.pictures is not None:
            measured = replace(measured, pictures=measured.pictures.mean_alone())
        return cls(measured, verdict)

    def to_dict(self) -> dict[str, Any]:
        """It as plain data, ready for JSON."""
        return {
            **self.measured.to_dict(),
            "verdict": self.verdict.kind,
            "reasons": list(self.verdict.reasons),
        }


@dataclass(frozen=True, eq=False, repr=False)
class ModelAudit:
    """Whether a model looks at the subject, as far as photos tell.

    Args:
        model: its file.
        data: the name of the data set whose photos were looked at.
        classes: in the order of the model's.
        remark: which photos it learned from, in one sentence.
        layer: the layer whose maps were made.
        unreadable: photos that could not be read.
        unmasked: photos without a mask, if masks were given.
    """

    model: Path
    data: str
    classes: tuple[AuditedClass, ...]
    remark: str
    layer: str
    unreadable: tuple[PhotoError, ...] = field(default=())
    unmasked: tuple[Path, ...] = field(default=())

    @property
    def verdict(self) -> str:
        """The gravest verdict of all classes, such as `background`."""
        return model_verdict([each.verdict for each in self.classes])

    @property
    def takes_shortcut(self) -> bool:
        """Whether a class is told by its background or by a cast of colour."""
        return self.verdict in (BACKGROUND, CAST)

    @property
    def told(self) -> str:
        """The verdict on the model in one sentence."""
        return model_told(self.verdict, self._gravest_first())

    def __repr__(self) -> str:
        return audit_text(self.told, self._gravest_first(), self.remark)

    def write_page(self, path: str | Path) -> Path:
        """Write the audit as one HTML file without scripts that loads nothing from elsewhere.

        It shows of each class the mean map, photos under their maps, and what the tests did at an example;
        of many classes those pictures are shown for the ones with a shortcut, and mean maps of the others.

        Args:
            path: the HTML file.

        Raises:
            OutputError: the file cannot be written.
        """
        content = AuditOnPage(
            model=self.model,
            data=self.data,
            kind=self.verdict,
            told=self.told,
            classes=tuple(self._gravest_first()),
            remark=self.remark,
            layer=self.layer,
            unreadable=tuple(each.message for each in self.unreadable),
            unmasked=tuple(map(str, self.unmasked)),
        )
        write_audit_page(content, Path(path))
        return Path(path)

    def plot(self) -> "Figure":
        """Draw where the evidence for each class lies on average, over the mean of its photos.

        The gravest verdicts come first, and all maps have one scale: how many times as much evidence lies
        at a place as if it were spread evenly.

        Raises:
            DataError: no map of any class shows a place.
        """
        return mean_maps(self._gravest_first())

    def to_dict(self) -> dict[str, Any]:
        """The audit as plain data, ready for JSON."""
        return {
            "model": str(self.model),
            "data": self.data,
            "verdict": self.verdict,
            "told": self.told,
            "classes": [each.to_dict() for each in self.classes],
            "remark": self.remark,
            "layer": self.layer,
            "unreadable": [str(each) for each in self.unreadable],
            "unmasked": [str(each) for each in self.unmasked],
        }

    def _gravest_first(self) -> list[Told]:
        return gravest_first([(each.measured, each.verdict) for each in self.classes])
