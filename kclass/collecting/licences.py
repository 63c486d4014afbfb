"""Licences of photos by one short code each, from whatever a provider calls them."""

import re
from dataclasses import dataclass
from typing import Final

CODES: Final = ("cc0", "pdm", "by", "by-sa", "by-nd", "by-nc", "by-nc-sa", "by-nc-nd")
"""Creative Commons' licences, its dedication to the public domain (cc0) and its mark of what is there
already (pdm), as Openverse's and Creative Commons' own addresses call them."""

_PARTS: Final = r"by(?:-nc)?(?:-sa|-nd)?"
_ADDRESS: Final = re.compile(
    rf"creativecommons\.org/(?:licenses/(?P<licence>{_PARTS})|publicdomain/(?P<public>zero|mark))"
    r"(?:/(?P<version>\d\.\d))?"
)
_NAME: Final = re.compile(rf"\bcc[ -](?P<licence>{_PARTS})(?:[ -](?P<version>\d\.\d))?\b")
_PUBLIC: Final = {"zero": "cc0", "mark": "pdm"}
_NAMES: Final = (("cc0", "cc0"), ("public domain", "pdm"), ("pd-", "pdm"))


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
    """Code and version, as far as they are told; the address tells more surely than a name."""
    if match := _ADDRESS.search(address):
        version = match["version"] or ""
        return (match["licence"] or _PUBLIC[match["public"]]), version
    if code in CODES:
        return code, ""
    if match := _NAME.search(name):
        return match["licence"], match["version"] or ""
    return next((known for words, known in _NAMES if words in name), ""), ""


def _called(code: str, version: str) -> str:
    if not code:
        return ""
    if code == "pdm":
        return "Public domain"
    words = "CC0" if code == "cc0" else f"CC {code.upper()}"
    return f"{words} {version}".strip()
