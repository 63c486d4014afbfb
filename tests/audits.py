"""Audits whose findings are given, over real photos."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from small_fits import write_photos

from kclass.audit.findings import Audit, Finding
from kclass.dataset.dataset import Dataset
from kclass.dataset.folder import ImageFolder
from kclass.dataset.samples import Samples

COUNTS = {"ash": 3, "birch": 3}


def photo_folder(place: Path, counts: Mapping[str, int] = COUNTS) -> Path:
    return write_photos(place, counts)


def audit_of(data: Dataset, *findings: Finding, with_features: bool = False) -> Audit:
    return Audit(data, findings, photos=len(data), with_features=with_features, seconds=1.5)


def bad(*rows: int, kind: str = "unreadable", detail: str = "is truncated") -> tuple[Finding, ...]:
    """A finding for each row, which fixing takes out."""
    return tuple(Finding(kind, (row,), detail, remove=(row,)) for row in rows)


def folder_audit(place: Path, *rows: int) -> Audit:
    """An audit of six small photos, of which those in `rows` are bad."""
    return audit_of(ImageFolder(photo_folder(place)), *bad(*rows))


def table_of(root: Path, names: Sequence[str]) -> Dataset:
    """A data set whose photos need not be there, all of one class."""
    labels = np.zeros(len(names), dtype=np.int32)
    return Dataset("table", Samples(tuple(names), labels, ("ash",), root))


def files_in(folder: Path) -> dict[str, bytes]:
    """All files and links below a folder, with what they hold; of a link, where it leads."""
    return {
        path.relative_to(folder).as_posix(): str(path.readlink()).encode()
        if path.is_symlink()
        else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }
