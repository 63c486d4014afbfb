"""What is seen of photos as they came: it tells copies, whatever becomes of their files."""

import contextlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kclass.collecting.laying_out import There
from kclass.collecting.ledger import Ledger
from kclass.dataset.finding import find_photos
from kclass.errors import DataError, PhotoError
from kclass.inspection.inspecting import inspect
from kclass.inspection.inspection import Inspection
from kclass.progress import Progress, silent


@dataclass(frozen=True)
class Aside:
    """A photo that nothing may be a copy of.

    Args:
        path: of its file.
        look: what was seen of it.
    """

    path: Path
    look: Inspection


def seen_aside(places: Iterable[str | Path], *, progress: Progress = silent) -> list[Aside]:
    """The photos of folders and files that are set aside.

    Raises:
        DataError: there is none, or one cannot be read: nothing would be known to be a copy of it.
        OutputError: the cache cannot be used.
    """
    given = list(places)
    paths = find_photos(given) if given else ()
    found = []
    for path, look in zip(paths, inspect(paths, progress=progress), strict=True):
        if isinstance(look, PhotoError):
            raise DataError(
                f"cannot look at a photo that is set aside: {look.message}",
                fix="Look at the path; if it is right, mend or remove the file: kclass check lists others.",
            ) from look
        found.append(Aside(path, look))
    return found


def seen(
    photos: Iterable[There], ledger: Ledger, *, progress: Progress = silent
) -> dict[str, Inspection | PhotoError]:
    """What was seen of every photo when it had just come, or why nothing can be.

    Args:
        photos: those that are there.
        ledger: remembers what was seen of these and of others.
        progress: is told how far it is.

    Returns:
        By content hash.

    Raises:
        OutputError: the cache or the ledger cannot be used.
    """
    found: dict[str, Inspection | PhotoError] = {**_remembered(ledger)}
    paths = {each.content: each.path for each in photos if each.content not in found}
    new = dict(zip(paths, inspect(list(paths.values()), progress=progress), strict=True))
    ledger.note_looks(
        {content: look.to_bytes() for content, look in new.items() if isinstance(look, Inspection)}
    )
    return found | new


def _remembered(ledger: Ledger) -> dict[str, Inspection]:
    """What another version saw counts, too, as long as it can be read: files may have been changed since."""
    found = {}
    for content, look in ledger.looks().items():
        with contextlib.suppress(ValueError, struct.error):
            found[content] = Inspection.from_bytes(content, look)
    return found
