"""What searches give: addresses of photos, and whose they are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from kclass.collecting.licences import Licence


@dataclass(frozen=True)
class Found:
    """A photo that a provider knows of.

    Args:
        address: where its bytes are.
        page: the page that it is shown on, for people.
        creator: who made it, as the provider names them.
        licence: under which terms it was published.
        title: what it is called.
        split: "train", "validation" or "test", if it was found in such a folder; else empty.
        file: where it lies already, below the collection's hidden folder; empty if it is to be fetched.
    """

    address: str
    page: str = ""
    creator: str = ""
    licence: Licence = field(default_factory=Licence)
    title: str = ""
    split: str = ""
    file: str = ""


class Asking(Protocol):
    """Asks a service for JSON; an answer that was had before is remembered."""

    def __call__(
        self,
        address: str,
        parameters: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        gap: float = 0.0,
    ) -> Any:
        """The parsed answer to a GET request.

        Args:
            address: of the service.
            parameters: of the query; with the address they are what the answer is remembered by.
            headers: what is sent besides, and kept nowhere: the place for keys.
            gap: seconds in which the service is not asked again.

        Raises:
            RefusalError: the service cannot be reached, refuses, or answers with something else.
        """


class Provider(Protocol):
    """A service that finds photos by words."""

    @property
    def name(self) -> str:
        """What the service is called in tables and attributions."""

    def search(self, query: str, ask: Asking) -> Iterator[Found]:
        """Photos in the order of the service, page after page as they are asked for.

        Args:
            query: words, as a person types them.
            ask: reaches the service.

        Raises:
            RefusalError: as `ask`.
        """
