"""Addresses of archives, with a checksum if one is given: `https://host/photos.zip#sha256=0a1b…`."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from kclass.collecting.attribution import without_password
from kclass.errors import DataError, OptionError
from kclass.files import output_errors

ALGORITHMS: Final = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
"""Digits that the checksum of each has."""

PIECE: Final = 1 << 20


@dataclass(frozen=True)
class ArchiveAddress:
    """Where an archive is, and what it must be.

    Args:
        address: without the checksum.
        algorithm: one of `ALGORITHMS`; empty if there is no checksum.
        checksum: in lower case hexadecimal digits.
    """

    address: str
    algorithm: str = ""
    checksum: str = ""

    @classmethod
    def of(cls, text: str) -> Self:
        """The address and the checksum in what somebody has given.

        Raises:
            OptionError: there is a checksum that no algorithm gives.
        """
        address, _, ending = text.partition("#")
        algorithm, equals, checksum = ending.partition("=")
        if not equals or algorithm.lower() not in ALGORITHMS:
            if not ending:
                return cls(address)
            raise OptionError(
                f"archive ends in #{ending}, which is no checksum",
                fix=f"Write it as #sha256=…, or one of {', '.join(ALGORITHMS)}.",
            )
        algorithm, checksum = algorithm.lower(), checksum.strip().lower()
        digits = ALGORITHMS[algorithm]
        if not re.fullmatch(f"[0-9a-f]{{{digits}}}", checksum):
            raise OptionError(
                f"archive has a checksum that is no {algorithm}: {checksum!r}",
                fix=f"It has {digits} digits, 0 to 9 and a to f.",
            )
        return cls(address, algorithm, checksum)

    @property
    def shown(self) -> str:
        """The address without the name and password that may stand in it."""
        return without_password(self.address)

    def check(self, found: Mapping[str, str]) -> None:
        """Make sure that a file is the archive.

        Args:
            found: what `checksums` found of it.

        Raises:
            DataError: it has another checksum.
        """
        if self.algorithm and found[self.algorithm] != self.checksum:
            raise DataError(
                f"{self.shown} has the {self.algorithm} checksum {found[self.algorithm]}, and not "
                f"{self.checksum}",
                fix="Ask whoever gave the checksum: the archive has been changed, or damaged on its way.",
            )


def checksums(path: Path) -> dict[str, str]:
    """The checksums of a file by all `ALGORITHMS`, in lower case hexadecimal digits.

    Raises:
        OutputError: it cannot be read.
    """
    sums = {name: hashlib.new(name, usedforsecurity=False) for name in ALGORITHMS}
    with output_errors(path), path.open("rb") as file:
        while piece := file.read(PIECE):
            for each in sums.values():
                each.update(piece)
    return {name: each.hexdigest() for name, each in sums.items()}
