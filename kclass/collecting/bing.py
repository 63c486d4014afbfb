"""The image search of Bing, version 7, and of services that speak as it did."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kclass.collecting.answers import entries_of, number_of, text_of
from kclass.collecting.found import Asking, Found
from kclass.collecting.licences import licence_of

ENDPOINT: Final = "https://api.bing.microsoft.com/v7.0/images/search"
KEY_HEADER: Final = "Ocp-Apim-Subscription-Key"
KEY_VARIABLE: Final = "AZURE_SUBSCRIPTION_KEY"

# The most that one answer has: learn.microsoft.com, "Paging search results".
PAGE_SIZE: Final = 150
MOST_PAGES: Final = 50


@dataclass(frozen=True)
class Bing:
    """Searches by the protocol of Bing Image Search 7.

    Args:
        key: of the subscription; it is sent in a header and shown nowhere.
        endpoint: address of the search.
        thumbnails: find the small pictures instead of the photos.
        page_size: how many results an answer is to have.
    """

    key: str = field(repr=False)
    endpoint: str = ENDPOINT
    thumbnails: bool = False
    page_size: int = PAGE_SIZE
    name: str = "Bing"

    def search(self, query: str, ask: Asking) -> Iterator[Found]:
        """As `Provider.search`."""
        offset, before = 0, None
        for _ in range(MOST_PAGES):
            parameters = {"q": query, "count": str(self.page_size), "offset": str(offset)}
            answer = ask(self.endpoint, parameters, headers={KEY_HEADER: self.key})
            results = entries_of(answer, "value")
            if results == before:  # a service that knows no offset
                return
            before = results
            yield from (found for each in results if (found := self._found(each)))
            # Answers overlap; where the next begins is told, but not by all services.
            following = number_of(answer, "nextOffset") or offset + len(results)
            if not results or following <= offset or following >= _most(answer, following):
                return
            offset = following

    def _found(self, entry: Mapping[str, Any]) -> Found | None:
        address = text_of(entry, "thumbnailUrl" if self.thumbnails else "contentUrl")
        if not address:
            return None
        return Found(
            address,
            page=text_of(entry, "hostPageUrl"),
            creator=text_of(entry, "creator", "name"),
            licence=licence_of(address=text_of(entry, "license"), name=text_of(entry, "licenseName")),
            title=text_of(entry, "name"),
        )


def _most(answer: Any, following: int) -> int:
    """How many there are by the service's estimate; one more than what is next if it has none."""
    return number_of(answer, "totalEstimatedMatches") or following + 1
