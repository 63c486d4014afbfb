"""The photos of a page, made small, and no more of them than it has room for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kclass.photos.thumbnails import LONGER_SIDE, thumbnails
from kclass.progress import Progress

MOST_BYTES: Final = 3_300_000
"""Of all thumbnails in a matrix' cells together, in base64, so that a page stays below 5 MB."""

MOST_IN_CELLS: Final = 1000
"""Thumbnails in the cells of a matrix; large photos take 25 ms each."""

MANY: Final = 200
SMALLER_SIDE: Final = 120
"""Beyond so many photos in cells, their longer side is this, in pixels."""


@dataclass(frozen=True, slots=True)
class Photos:
    """Where the photos of a run lie.

    Args:
        root: the folder that their paths start from; None if the run does not say.
    """

    root: Path | None

    def file(self, path: str) -> Path:
        """The file of a photo; one that is not there if nobody knows where it is."""
        return (self.root or Path("/nowhere")) / path


def shown_always(paths: Sequence[str], photos: Photos, progress: Progress) -> Mapping[str, str]:
    """The thumbnails of photos that stand on the page itself, by their paths; empty if unreadable."""
    unique = list(dict.fromkeys(paths))
    made = thumbnails([photos.file(path) for path in unique], progress=progress)
    return dict(zip(unique, made, strict=True))


def shown_in_cells(
    rows: Sequence[int], paths: Sequence[str], photos: Photos, progress: Progress
) -> dict[str, str]:
    """The thumbnails of photos that a cell shows when it is opened, by their rows.

    Args:
        rows: of the photos, the most important first.
        paths: of all photos of the split.
        photos: where they lie.
        progress: is told of each.

    Returns:
        As many as there is room for; empty for a photo that cannot be read.
    """
    chosen = rows[:MOST_IN_CELLS]
    side = LONGER_SIDE if len(chosen) <= MANY else SMALLER_SIDE
    made = thumbnails([photos.file(paths[row]) for row in chosen], side=side, progress=progress)
    kept, taken = {}, 0
    for row, picture in zip(chosen, made, strict=True):
        taken += len(picture)
        if taken > MOST_BYTES:
            break
        kept[str(row)] = picture
    return kept
