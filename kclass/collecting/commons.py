"""Wikimedia Commons: photos of the Wikimedia projects, without a key."""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kclass.collecting.answers import entries_of, number_of, text_of
from kclass.collecting.found import Asking, Found
from kclass.collecting.licences import licence_of

ENDPOINT: Final = "https://commons.wikimedia.org/w/api.php"
PAGE_SIZE: Final = 50
MOST_PAGES: Final = 200  # the search itself ends at 10,000 results

# A width that Wikimedia keeps ready: https://www.mediawiki.org/wiki/Common_thumbnail_sizes
THUMBNAIL_WIDTH: Final = 330

_FILES: Final = "6"
_TAG: Final = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Commons:
    """Searches the files of Wikimedia Commons by MediaWiki's action API.

    Args:
        endpoint: address of the API.
        thumbnails: find small pictures instead of the photos.
    """

    endpoint: str = ENDPOINT
    thumbnails: bool = False
    name: str = "Wikimedia Commons"

    def search(self, query: str, ask: Asking) -> Iterator[Found]:
        """As `Provider.search`."""
        following: Mapping[str, str] = {}
        for _ in range(MOST_PAGES):
            answer = ask(self.endpoint, {**self._parameters(query), **following})
            # Pages come in the order of their numbers; `index` is their place in the search.
            pages = sorted(entries_of(answer, "query", "pages"), key=lambda page: number_of(page, "index"))
            yield from (found for each in pages if (found := self._found(each)))
            following = _following(answer)
            if not pages or not following:
                return

    def _parameters(self, query: str) -> dict[str, str]:
        wanted = {
            "action": "query",
            "format": "json",
            "formatversion": "2",
            "generator": "search",
            "gsrsearch": f"{query} filetype:bitmap",
            "gsrnamespace": _FILES,
            "gsrlimit": str(PAGE_SIZE),
            "prop": "imageinfo",
            "iiprop": "url|extmetadata",
            "iiextmetadatafilter": "Artist|LicenseShortName|LicenseUrl|License",
        }
        return wanted | ({"iiurlwidth": str(THUMBNAIL_WIDTH)} if self.thumbnails else {})

    def _found(self, page: Mapping[str, Any]) -> Found | None:
        for info in entries_of(page, "imageinfo")[:1]:
            address = text_of(info, "thumburl" if self.thumbnails else "url")
            if address:
                return Found(
                    address,
                    page=text_of(info, "descriptionurl"),
                    creator=_plain(text_of(info, "extmetadata", "Artist", "value")),
                    licence=licence_of(
                        name=_plain(text_of(info, "extmetadata", "LicenseShortName", "value")),
                        address=text_of(info, "extmetadata", "LicenseUrl", "value"),
                    ),
                    title=text_of(page, "title").removeprefix("File:"),
                )
        return None


def _following(answer: Any) -> dict[str, str]:
    """What the next page is asked for by; empty if there is none."""
    told = answer.get("continue") if isinstance(answer, Mapping) else None
    return {name: str(value) for name, value in told.items()} if isinstance(told, Mapping) else {}


def _plain(text: str) -> str:
    """Words out of the HTML that Commons has in these fields."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())
