"""What `kclass explain` leaves of photos: overlays, a sheet, and lines or one JSON document on stdout."""

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from .command import print_result
from .overlays import FreePlaces
from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import Explained, ExplainedTop, KClassError, PhotoError

    Found = Explained | ExplainedTop

MOST_ON_SHEET: Final = 60


class Lines:
    """A line for each map: photo, class, probability, where the evidence lies, and the overlay.

    Args:
        photos: that are explained.
    """

    def __init__(self, photos: Sequence[Path]) -> None:
        self._width = max((len(str(photo)) for photo in photos), default=0)
        self._lines: list[str] = []

    def add(self, found: "Found", overlay: Path | None) -> None:
        """Take note of a photo and the file that was written of it; None if it could not be."""
        written = "" if overlay is None else f"  {overlay}"
        for each in _maps(found):
            words = f"{each.label} {each.probability:.1%}  {_where(each)}"
            self._lines.append(f"{each.path!s:<{self._width}}  {words}{written}")

    def print(self, **others: Any) -> None:
        """Print them."""
        for line in self._lines:
            print_result(line)


class Rows:
    """A JSON document; until it is printed it lies on the disk, since fine maps take a megabyte each.

    `explained` has an entry for each map, with --top several for a photo, the most probable class first:
    what `Explained.to_dict` gives (`path`, `label`, `index`, `probability`, the raw map `heat` row by row,
    `layer`, `method`, `unit`, `flips`, `verdict`, "" or why the map shows no place, `peak` with `value`, `x`
    and `y` from the upper left, and `half_area`, null without a place), `scale`, what the hottest colour of
    its overlay stands for, and `overlay`, that file, null if it could not be written. `unreadable` and
    `unwritten` say what was wrong with photos and overlays, `sheet` is the contact sheet's file or null.
    """

    def __init__(self) -> None:
        self._file = _nameless_file()
        self._empty = True

    def add(self, found: "Found", overlay: Path | None) -> None:
        """Take note of a photo and the file that was written of it; None if it could not be."""
        for each in _maps(found):
            row = {
                **each.to_dict(),
                "scale": found.scale,
                "overlay": None if overlay is None else str(overlay),
            }
            self._file.write(f"{'' if self._empty else ','}\n{json.dumps(row)}")
            self._empty = False

    def print(self, **others: Any) -> None:
        """Print the document: `explained`, and after it what else there is to say."""
        self._file.seek(0)
        print_result('{"explained": [')
        for line in self._file:
            if line.strip():
                print_result(line.rstrip("\n"))
        self._file.close()
        rest = json.dumps(others)
        print_result(f"], {rest[1:]}")


@dataclass
class Outcome:
    """What came of explaining photos.

    Args:
        results: of those that could be read, ready to be printed.
        shown: the first of them, for a sheet.
        explained: how many there are.
        unreadable: what is wrong with the other photos.
        unwritten: why overlays could not be written.
    """

    results: Lines | Rows
    shown: "list[Found]" = field(default_factory=list)
    explained: int = 0
    unreadable: "list[PhotoError]" = field(default_factory=list)
    unwritten: "list[KClassError]" = field(default_factory=list)

    @classmethod
    def of(
        cls, found: "Iterable[Found | PhotoError]", places: FreePlaces, results: Lines | Rows
    ) -> "Outcome":
        """Write an overlay of each photo as it comes, and keep no more of it than is needed."""
        from kclass import PhotoError

        outcome = cls(results)
        for each in found:
            if isinstance(each, PhotoError):
                outcome.unreadable.append(each)
                continue
            outcome.explained += 1
            results.add(each, outcome._saved(each, places))
            if len(outcome.shown) < MOST_ON_SHEET:
                outcome.shown.append(each)
        return outcome

    @property
    def failed(self) -> bool:
        """Whether there is a photo of which no overlay was written."""
        return bool(self.unreadable or self.unwritten)

    @property
    def written(self) -> int:
        """How many overlays were."""
        return self.explained - len(self.unwritten)

    def print(self, terminal: Terminal, out: Path, sheet: Path | None) -> None:
        """Print the results, say what went wrong and where the files are, and draw the contact sheet.

        Raises:
            KClassError: the sheet cannot be written; all else has been said by then.
        """
        drawn = sheet if self.shown else None
        self.results.print(
            unreadable=[error.message for error in self.unreadable],
            unwritten=[error.message for error in self.unwritten],
            sheet=None if drawn is None else str(drawn),
        )
        self._tell(terminal, out)
        # After the results: a place that cannot be written does not cost what took so long.
        if drawn is not None:
            _draw(self.shown, self.explained, drawn)
            more = self.explained > MOST_ON_SHEET
            part = f" ({MOST_ON_SHEET} of {self.explained} photos)" if more else ""
            terminal.say(f"Sheet: {drawn}{part}")

    def _tell(self, terminal: Terminal, out: Path) -> None:
        for unread in self.unreadable:
            terminal.complain(f"not explained: {unread.message}")
        for unwritten in self.unwritten:
            terminal.complain(f"not written: {unwritten.message}")
        if self.written:
            terminal.say(f"Overlays: {out}")

    def _saved(self, found: "Found", places: FreePlaces) -> Path | None:
        """The overlay's file; None if it cannot be written, which is put on record."""
        from kclass import ExplainedTop, KClassError

        label = f"top-{len(found)}" if isinstance(found, ExplainedTop) else found.label
        try:
            return found.save(places.take(found.path, label))
        except KClassError as error:
            self.unwritten.append(error)
            return None


def _nameless_file() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="ascii")


def _maps(found: "Found") -> "tuple[Explained, ...]":
    from kclass import ExplainedTop

    return found.maps if isinstance(found, ExplainedTop) else (found,)


def _where(each: "Explained") -> str:
    """Where the evidence lies, or why the map shows no place."""
    if each.peak is None or each.half_area is None:
        return each.verdict
    place = f"peak {each.peak.x:.0%} across, {each.peak.y:.0%} down"
    return f"{place}, half the evidence on {each.half_area:.0%} of the photo"


def _draw(shown: "Sequence[Found]", explained: int, sheet: Path) -> None:
    """Write the contact sheet."""
    from kclass import contact_sheet, save_png

    save_png(contact_sheet(shown, number=MOST_ON_SHEET, of=explained), sheet)
