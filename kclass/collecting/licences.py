"""Licences of photos by one short code each, from whatever a provider calls them."""

import re
from dataclasses import dataclass
from typing import Final

CODES: Final = ("cc0", "pdm", "by", "by-sa", "by-nd", "by-nc", "by-nc-sa", "by-nc-nd")
"""Creative Commons' licences, its dedication to the public domain (cc0) and its mark of what is there
already (pdm), as Openverse's and Creative Commons' own addresses call them."""

_PARTS: Final = r"by(?:-nc)?(?:-sa|-nd)?|by-nd-nc"
_ADDRESS: Final = re.compile(
    rf"creativecommons\.org/(?:licenses/(?P<licence>{_PARTS})|publicdomain/(?P<public>zero|mark))"
    r"(?:/(?P<version>\d\.\d)(?:/.*)?|/?)$"
)
_NAME: Final = re.compile(rf"cc-(?P<licence>{_PARTS})(?:-(?P<version>\d\.\d)(?:-(?!nc|nd|sa)[a-z]{{2,3}})?)?")
_PUBLIC: Final = {"zero": "cc0", "mark": "pdm"}
_ZERO_NAME: Final = re.compile(r"(?:cc-?0|cc-zero)(?:-1\.0)?(?:-universal)?")
_MARK_NAME: Final = re.compile(
    r"(?:cc-)?(?:public-domain|pd|pdm)(?:-mark)?(?:-1\.0)?"
    r"|pd-(?:us|usgov(?:-[a-z]+)?|old(?:-\d+)?|self|user|author|art|ineligible|textlogo|shape|nasa)"
)
"""Those of Wikimedia Commons among them. One that goes on, as "public domain in Nowhere", says less."""
_BETWEEN: Final = re.compile(r"[\s_\-\u2010-\u2015]+")
"""What stands between the parts of a name: spaces, underscores, hyphens and dashes."""

_WORDS: Final = (
    ("creative-commons", "cc"),
    ("attribution", "by"),
    ("noncommercial", "nc"),
    ("non-commercial", "nc"),
    ("noderivatives", "nd"),
    ("noderivs", "nd"),
    ("sharealike", "sa"),
    ("share-alike", "sa"),
)


@dataclass(frozen=True)
class Licence:
    """Under which terms a photo was published.

    Args:
        code: one of `CODES`; empty if it is another, or unknown.
        name: as people read it; empty if the provider says nothing.
        address: of its text, if the provider gives one.
    """

    code: str = ""
    name: str = ""
    address: str = ""


def licence_of(*, code: str = "", version: str = "", name: str = "", address: str = "") -> Licence:
    """The licence that a provider means, by whichever of its words tells it.

    Args:
        code: a short code, such as `by-sa`.
        version: its version, such as `4.0`.
        name: such as "CC BY-SA 4.0" or "Public domain".
        address: of its text.
    """
    found, said = _told(code.strip().lower(), name.lower(), address.lower())
    version = version or said
    called = name or _called(found, version)
    return Licence(found, called, address)


def _told(code: str, name: str, address: str) -> tuple[str, str]:
    """Code and version, as far as they are told; the address tells more surely than a name.

    A name counts as a whole: one with more parts than are known allows less than it seems to.
    """
    if match := _ADDRESS.search(address):
        version = match["version"] or ""
        return _in_order(match["licence"] or _PUBLIC[match["public"]]), version
    if code in CODES:
        return code, ""
    words = _BETWEEN.sub("-", name.strip())
    for long, short in _WORDS:
        words = words.replace(long, short)
    if match := _NAME.fullmatch(words):
        return _in_order(match["licence"]), match["version"] or ""
    if _ZERO_NAME.fullmatch(words):
        return "cc0", ""
    return ("pdm" if _MARK_NAME.fullmatch(words) else ""), ""


def _in_order(code: str) -> str:
    """The first versions had `nd` before `nc`."""
    return "by-nc-nd" if code == "by-nd-nc" else code


def _called(code: str, version: str) -> str:
    if not code:
        return ""
    if code == "pdm":
        return "Public domain"
    words = "CC0" if code == "cc0" else f"CC {code.upper()}"
    return f"{words} {version}".strip()
