"""Openverse: openly licensed photos of many collections, without a key."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kclass.collecting.answers import entries_of, number_of, text_of
from kclass.collecting.found import Asking, Found
from kclass.collecting.licences import licence_of

ENDPOINT: Final = "https://api.openverse.org/v1/images/"

# What callers without a key are given: https://docs.openverse.org, "Authentication and Throttling".
PAGE_SIZE: Final = 20
MOST_PAGES: Final = 12
QUESTIONS_A_MINUTE: Final = 20


@dataclass(frozen=True)
class Openverse:
    """Searches Openverse's API, version 1.

    Args:
        endpoint: address of its search for images.
        thumbnails: find the small pictures instead of the photos.
        licences: codes of those that are wanted; empty for all.
    """

    endpoint: str = ENDPOINT
    thumbnails: bool = False
    licences: Sequence[str] = ()
    name: str = "Openverse"

    @property
    def gap(self) -> float:
        """Seconds between two questions; servers elsewhere have rules of their own."""
        return 60 / QUESTIONS_A_MINUTE if self.endpoint == ENDPOINT else 0.0

    def search(self, query: str, ask: Asking) -> Iterator[Found]:
        """As `Provider.search`."""
        for page in range(1, MOST_PAGES + 1):
            parameters = {"q": query, "page": str(page), "page_size": str(PAGE_SIZE)}
            if self.licences:
                parameters["license"] = ",".join(self.licences)
            answer = ask(self.endpoint, parameters, gap=self.gap)
            results = entries_of(answer, "results")
            yield from (found for each in results if (found := self._found(each)))
            if not results or page >= number_of(answer, "page_count"):
                return

    def _found(self, entry: Mapping[str, Any]) -> Found | None:
        address = text_of(entry, "thumbnail" if self.thumbnails else "url")
        licence = licence_of(
            code=text_of(entry, "license"),
            version=text_of(entry, "license_version"),
            address=text_of(entry, "license_url"),
        )
        if not address:
            return None
        return Found(
            address,
            page=text_of(entry, "foreign_landing_url"),
            creator=text_of(entry, "creator"),
            licence=licence,
            title=text_of(entry, "title"),
        )
