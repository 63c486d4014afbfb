"""What is to be collected: which photo for which class, in the order in which it was found."""

import functools
import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, astuple, dataclass, field
from typing import Any, Final, Self

from kclass.collecting.found import Asking, Found, Provider
from kclass.collecting.licences import Licence
from kclass.collecting.refusals import RefusalError

MOST_LOOKED_AT: Final = 20
"""Photos that a search gives for each that is asked for; a rare licence is not looked for among all."""


@dataclass(frozen=True)
class Query:
    """Words to search by, and the class that they stand for.

    Args:
        label: the class.
        added: a word that is searched with the class's, and stands in the names of the files; or "".
        provider: who is asked, or the list or archive that has the photos.
    """

    label: str
    added: str = ""
    provider: str = ""

    @property
    def text(self) -> str:
        """What is searched for."""
        return f"{self.added} {self.label}".strip()


@dataclass(frozen=True)
class Wanted:
    """A photo that was found for a class.

    Args:
        query: by which it was found.
        found: where it is, and whose.
    """

    query: Query
    found: Found

    @functools.cached_property
    def key(self) -> str:
        """What tells it from all others that are wanted."""
        return json.dumps([*astuple(self.query), self.found.address])

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """What `to_dict` gave."""
        found = dict(content["found"])
        licence = Licence(**found.pop("licence"))
        return cls(Query(**content["query"]), Found(**found, licence=licence))


@dataclass
class Searched:
    """What one query came to.

    Args:
        query: by which was searched.
        asked: how many photos were asked for.
        table: the file that lists all of these; empty if they were found otherwise.
        wanted: what was found.
        others: what was found under licences that are not wanted.
        refused: what is not wanted or cannot be had, by the reason.
    """

    query: Query
    asked: int
    table: str = ""
    wanted: list[Wanted] = field(default_factory=list)
    others: list[Wanted] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def take(self, found: Found, licences: Collection[str]) -> None:
        """Want a photo, unless it is of another licence.

        Args:
            found: the photo.
            licences: codes of those that are wanted; empty for all.
        """
        if licences and found.licence.code not in licences:
            self.refused[f"licence {found.licence.code or found.licence.name or 'unknown'}"] += 1
            self.others.append(Wanted(self.query, found))
        else:
            self.wanted.append(Wanted(self.query, found))


def queries_of(labels: Iterable[str], added: Iterable[str], provider: str) -> list[Query]:
    """A query for each class, or for each class with each added word."""
    words = list(added) or [""]
    return [Query(label, word, provider) for label in labels for word in words]


def searched(
    query: Query, provider: Provider, ask: Asking, *, number: int, licences: Collection[str]
) -> Searched:
    """The first photos that a provider finds, each address once.

    Args:
        query: what to search by.
        provider: who searches.
        ask: reaches the provider.
        number: of photos, at most.
        licences: codes of those that are wanted; empty for all.
    """
    result = Searched(query, number)
    seen: set[str] = set()
    looked_at = 0
    try:
        for found in provider.search(query.text, ask):
            if found.address not in seen:
                seen.add(found.address)
                result.take(found, licences)
            looked_at += 1
            if len(result.wanted) == number or looked_at == number * MOST_LOOKED_AT:
                break
    except RefusalError as error:
        result.refused[f"search: {error.reason}"] += 1
    return result
