"""The photos that a classifier was trained on, known by small codes, so that like ones can be shown."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kclass.dataset.names import readable


@dataclass(frozen=True)
class Neighbour:
    """A training photo that is like another photo.

    Args:
        path: where its file was when the classifier was trained.
        label: its class as the folder is named.
        similarity: cosine of the angle between the features of the two photos, as far as codes keep
            it; 1 for the same photo.
    """

    path: Path
    label: str
    similarity: float

    def __str__(self) -> str:
        return f"{readable(self.label)} {self.similarity:.2f} {self.path}"

    def to_dict(self) -> dict[str, Any]:
        """The neighbour as plain data, ready for JSON."""
        return {"path": str(self.path), "label": self.label, "similarity": self.similarity}
