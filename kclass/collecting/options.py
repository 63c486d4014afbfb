"""What may be asked of a collection, checked at the door."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, TypedDict

from kclass.classifier.arguments import check_count
from kclass.collecting import bing, commons, openverse
from kclass.collecting.answers import whole_text
from kclass.collecting.archive_address import ArchiveAddress
from kclass.collecting.bing import KEY_VARIABLE, Bing
from kclass.collecting.commons import Commons
from kclass.collecting.downloading import Limits
from kclass.collecting.found import Provider
from kclass.collecting.licences import CODES
from kclass.collecting.openverse import Openverse
from kclass.errors import OptionError
from kclass.photos.formats import OTHER_PIXELS

PROVIDERS: Final = ("openverse", "commons", "bing")
IMAGE_SIZES: Final = ("full", "thumbnail")
_KEY: Final = re.compile(r"[\x21-\x7e]+")


class CollectKeywords(TypedDict, total=False):
    """The fields of `CollectOptions` but the queries."""

    with_: Sequence[str]
    per_query: int
    provider: str
    endpoint: str
    key_env: str
    image_size: str
    licence: str
    urls: Sequence[str | Path]
    archive: Sequence[str]
    valid: float | None
    not_in: Sequence[str | Path]
    shrink: int | None
    max_bytes: int
    max_pixels: int
    max_archive_bytes: int
    contact: str
    allow_private: bool


@dataclass(frozen=True, kw_only=True)
class CollectOptions:
    """What to collect, from where, and within which limits.

    Args:
        queries: what is searched for, and what the classes are called.
        with_: words with each of which every query is searched; they begin the names of the files.
        per_query: how many photos are wanted of each search.
        provider: one of `PROVIDERS`.
        endpoint: address of the provider's search; empty for its usual one.
        key_env: environment variable with the key of "bing".
        image_size: one of `IMAGE_SIZES`; the smaller one where the provider has both.
        licence: short codes of the licences that are wanted, parted by commas; empty for all.
        urls: tables with the columns `url` and `class`; `licence`, `licence_url`, `creator` and `page`
            where they are known.
        archive: addresses of zip and tar archives of photos in class folders, or with a table; each may
            end in a checksum, as `#sha256=…`.
        valid: share of photos for validation, above 0 and below 1, of those that an archive has not split;
            None for no split.
        not_in: folders and files of photos that nothing may be a copy of.
        shrink: pixels of the longer side that photos are encoded anew at; None keeps bytes as they came.
        max_bytes: of the file of one photo.
        max_pixels: of one photo, 100 million at most.
        max_archive_bytes: of one archive.
        contact: a mail address or page, told to hosts. Wikimedia asks for it.
        allow_private: whether private and loopback addresses may be fetched from.

    Raises:
        OptionError: a value cannot be used.
    """

    queries: Sequence[str] = ()
    with_: Sequence[str] = ()
    per_query: int = 100
    provider: str = "openverse"
    endpoint: str = ""
    key_env: str = KEY_VARIABLE
    image_size: str = "full"
    licence: str = ""
    urls: Sequence[str | Path] = ()
    archive: Sequence[str] = ()
    valid: float | None = None
    not_in: Sequence[str | Path] = ()
    shrink: int | None = None
    max_bytes: int = Limits.size
    max_pixels: int = Limits.pixels
    max_archive_bytes: int = 20_000_000_000
    contact: str = ""
    allow_private: bool = False

    def __post_init__(self) -> None:
        for name in ("queries", "with_", "urls", "archive", "not_in"):
            value = getattr(self, name)
            if isinstance(value, (str, Path)):
                raise OptionError(f"{name} is {value!r}; it must be a list", fix=f"Write [{str(value)!r}].")
        if not (self.queries or self.urls or self.archive):
            raise OptionError(
                "there is nothing to collect", fix="Give a query, a table of addresses or an archive."
            )
        _among("provider", self.provider, PROVIDERS)
        _among("image_size", self.image_size, IMAGE_SIZES)
        for code in self.licences:
            _among("licence", code, CODES)
        self._check_numbers()
        self._check_words()
        self._check_combinations()
        if self.queries and self.provider == "bing":
            self._key()

    @property
    def licences(self) -> tuple[str, ...]:
        """Codes of the licences that are wanted; empty for all."""
        return tuple(code.strip().lower() for code in self.licence.split(",") if code.strip())

    @property
    def tables(self) -> tuple[Path, ...]:
        """The tables of addresses, each once."""
        return tuple(dict.fromkeys(map(Path, self.urls)))

    @cached_property
    def archives(self) -> tuple[ArchiveAddress, ...]:
        """The archives, each once."""
        return tuple(dict.fromkeys(map(ArchiveAddress.of, self.archive)))

    @property
    def limits(self) -> Limits:
        """How large a photo may be."""
        return Limits(self.max_bytes, self.max_pixels)

    def chosen_provider(self) -> Provider:
        """The service that searches."""
        thumbnails, given = self.image_size == "thumbnail", self.endpoint
        if self.provider == "bing":
            key = self._key() if self.queries else ""
            return Bing(key, endpoint=given or bing.ENDPOINT, thumbnails=thumbnails)
        if self.provider == "commons":
            return Commons(endpoint=given or commons.ENDPOINT, thumbnails=thumbnails)
        return Openverse(given or openverse.ENDPOINT, thumbnails=thumbnails, licences=self.licences)

    def _check_numbers(self) -> None:
        for name in ("per_query", "max_bytes", "max_pixels", "max_archive_bytes"):
            check_count(name, getattr(self, name))
        if self.shrink is not None:
            check_count("shrink", self.shrink)
        if self.valid is not None and not 0 < self.valid < 1:
            raise OptionError(f"valid is {self.valid}; it must be above 0 and below 1")
        if self.max_pixels > OTHER_PIXELS:
            raise OptionError(f"max_pixels is {self.max_pixels}; it must be at most {OTHER_PIXELS}")

    def _check_words(self) -> None:
        for name, words in (("queries", self.queries), ("with_", self.with_)):
            if any(not isinstance(word, str) or not word.strip() for word in words):
                raise OptionError(f"{name} has an empty word", fix="Leave it out.")
            if any(whole_text(word) != word for word in words):
                raise OptionError(
                    f"{name} has a word with signs that are no text: {words!r}", fix="Type it anew."
                )
            if len(set(words)) < len(words):
                raise OptionError(f"{name} has a word twice: {', '.join(words)}", fix="Leave one out.")
        if self.endpoint and not self.endpoint.startswith(("http://", "https://")):
            raise OptionError(f"endpoint is {self.endpoint!r}; it must be an http or https address")
        if not self.contact.isascii() or not self.contact.isprintable():
            raise OptionError(f"contact is {self.contact!r}; it must be printable ASCII")

    def _check_combinations(self) -> None:
        if self.archives and self.licences:
            raise OptionError(
                "licence leaves nothing of an archive, which does not say under which its photos are",
                fix="Leave licence out, and look at the archive's page for its terms.",
            )
        if self.provider == "bing" and self.queries and self.licences:
            raise OptionError(
                "licence leaves next to nothing of bing, which hardly ever says under which a photo is",
                fix="Search openverse or commons.",
            )
        if self.with_ and not self.queries:
            raise OptionError("with_ has no effect without a query", fix="Leave it out.")

    def _key(self) -> str:
        key = os.environ.get(self.key_env, "").strip()
        if not key:
            raise OptionError(
                f"there is no key for {self.provider}: the environment variable {self.key_env} is not set",
                fix="Set it, or give the name of another.",
            )
        if not _KEY.fullmatch(key):
            raise OptionError(
                f"the key in {self.key_env} has signs that no key has",
                fix="Set it once more, without quotes.",
            )
        return key


def _among(name: str, value: str, valid: Iterable[str]) -> None:
    if value not in valid:
        raise OptionError.unknown(name, value, tuple(valid))
