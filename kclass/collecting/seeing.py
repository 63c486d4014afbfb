"""What is seen of photos as they came: it tells copies, whatever becomes of their files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kclass.collecting.laying_out import There
from kclass.collecting.ledger import Ledger
from kclass.dataset.finding import find_photos
from kclass.errors import DataError, PhotoError
from kclass.inspection.inspecting import inspect
from kclass.inspection.inspection import RECIPE, Inspection
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
    photos: Sequence[There], ledger: Ledger, *, progress: Progress = silent
) -> list[Inspection | PhotoError]:
    """What was seen of each photo when it had just come, or why nothing can be.

    Args:
        photos: those that were fetched.
        ledger: remembers it.
        progress: is told how far it is.

    Raises:
        OutputError: the cache or the ledger cannot be used.
    """
    known: dict[str, Inspection | PhotoError] = {
        content: Inspection.from_bytes(content, look) for content, look in ledger.looks(RECIPE).items()
    }
    paths = {each.content: each.path for each in photos if each.path and each.content not in known}
    new = dict(zip(paths, inspect(list(paths.values()), progress=progress), strict=True))
    ledger.note_looks(
        RECIPE, {content: look.to_bytes() for content, look in new.items() if isinstance(look, Inspection)}
    )
    nothing = PhotoError("it is not there any more")
    known |= new
    return [known.get(each.content, nothing) for each in photos]
