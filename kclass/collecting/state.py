"""Photos that are wanted, fetched into the hidden part of a collection's folder, each address once."""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from kclass.collecting.downloading import Downloads
from kclass.collecting.found import Found
from kclass.collecting.ledger import Ledger, Outcome
from kclass.collecting.refusals import RefusalError
from kclass.collecting.wanted import Wanted
from kclass.files import is_there
from kclass.parallel import in_parallel
from kclass.progress import Progress, track

HIDDEN: Final = ".kclass-collect"
LEDGER: Final = "ledger.sqlite"
COME: Final = "photos"
LEFT_OUT: Final = "left-out"
THREADS: Final = 16


@dataclass(frozen=True)
class Fetched:
    """What came of one photo that was wanted.

    Args:
        wanted: the photo.
        outcome: of its address.
    """

    wanted: Wanted
    outcome: Outcome

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {"wanted": self.wanted.to_dict(), "outcome": vars(self.outcome)}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """What `to_dict` gave."""
        return cls(Wanted.from_dict(content["wanted"]), Outcome(**content["outcome"]))


@dataclass(frozen=True)
class State:
    """What a collection remembers in its own folder, hidden from whoever looks for photos.

    Args:
        out: the folder of the collection.
        ledger: what has been asked for.
        rules: by which photos are refused; what was refused by others is asked for again.
    """

    out: Path
    ledger: Ledger
    rules: str

    @property
    def hidden(self) -> Path:
        """The hidden folder."""
        return self.out / HIDDEN

    def come(self, found: Found) -> Path:
        """The file that a photo is fetched into, or lies in already."""
        return self.hidden / (found.file or f"{COME}/{address_hash(found.address)}")

    def left_out(self, place: Path) -> Path:
        """The file of a photo that was in its place in the collection, and is no longer."""
        return self.hidden / LEFT_OUT / place.relative_to(self.out)

    def whereabouts(self, wanted: Wanted, content: str) -> Path | None:
        """Where the bytes of a photo are now: where they have been put, or as they came; None if nowhere."""
        for path in self.ledger.places(content):
            if is_there(self.out / path):
                return self.out / path
        come = self.come(wanted.found)
        return come if is_there(come) else None

    def is_deleted(self, content: str, label: str) -> bool:
        """Whether somebody has taken a photo away from a class since it was put there."""
        placed = self.ledger.placed(content, label)
        return placed is not None and not self._is_any_there(placed)

    def deleted(self) -> list[tuple[str, str, str]]:
        """Content, class and former place of every photo that somebody has taken away from there."""
        return [
            (content, label, path)
            for content, label, path, before in self.ledger.all_placed()
            if not self._is_any_there((path, before))
        ]

    def _is_any_there(self, places: tuple[str, str]) -> bool:
        # A process may have been killed before it could move a photo from the one to the other.
        return any(place and is_there(self.out / place) for place in places)

    def outcome(self, wanted: Wanted) -> Outcome | None:
        """What came of a photo before, by the same rules, if there is nothing to be fetched for it."""
        known = self.ledger.outcome(wanted.found.address)
        if known is None:
            return None
        content, label = known.content, wanted.query.label
        if content and (self.is_deleted(content, label) or self.whereabouts(wanted, content)):
            return dataclasses.replace(known, refused="")
        if known.refused and known.rules == self.rules:
            return dataclasses.replace(known, content="")
        return None


def address_hash(address: str) -> str:
    """A name for what lies at an address."""
    return hashlib.blake2b(address.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def fetch_all(
    wanted: Sequence[Wanted], *, state: State, downloads: Downloads, progress: Progress
) -> list[Fetched]:
    """Fetch what is wanted, each address once, ever.

    Raises:
        OutputError: the folder cannot be written.
    """
    by_address: dict[str, list[Wanted]] = {}
    for each in wanted:
        by_address.setdefault(each.found.address, []).append(each)
    photos = by_turns(those[0].found for those in by_address.values())

    def fetch(photo: Found) -> list[Fetched]:
        return _fetched(by_address[photo.address], state=state, downloads=downloads)

    with in_parallel(fetch, photos, threads=THREADS) as outcomes:
        try:
            all_of_them = list(track(outcomes, "fetching", len(photos), progress))
        except BaseException:
            downloads.stop()  # or those who wait for a host would be waited for
            raise
    come = {each.wanted: each for those in all_of_them for each in those}
    return [come[each] for each in wanted]


def by_turns(photos: Iterable[Found]) -> list[Found]:
    """Photos host by host in turn, so that a slow one holds up the others late."""
    count: Counter[str] = Counter()
    turns: list[tuple[int, int, Found]] = []
    for place, photo in enumerate(photos):
        host = _host(photo.address)
        turns.append((count[host], place, photo))
        count[host] += 1
    return [photo for _, _, photo in sorted(turns, key=lambda turn: turn[:2])]


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def _fetched(wanted: Sequence[Wanted], *, state: State, downloads: Downloads) -> list[Fetched]:
    """What came of one address, which may be wanted for several classes, and deleted from some."""
    known = [state.outcome(each) for each in wanted]
    if None in known:
        new = _asked(wanted[0].found, state=state, downloads=downloads)
        known = [each or new for each in known]
    return [Fetched(each, outcome) for each, outcome in zip(wanted, known, strict=True) if outcome]


def _asked(found: Found, *, state: State, downloads: Downloads) -> Outcome:
    path = state.come(found)
    try:
        # It may have come whole just before a process ended that could not note it any more.
        there = found.file or is_there(path)
        kept = downloads.examined(path) if there else downloads.keep(found.address, path)
    except RefusalError as error:
        if error.lasting:
            # What came from there before is remembered: somebody may have deleted it.
            before = state.ledger.outcome(found.address) or Outcome()
            refused = dataclasses.replace(before, refused=error.reason, rules=state.rules)
            state.ledger.note_outcome(found.address, refused)
        return Outcome(refused=error.reason)
    outcome = Outcome(kept.content, kept.suffix, datetime.now(UTC).isoformat(timespec="seconds"))
    state.ledger.note_outcome(found.address, outcome)
    return outcome
