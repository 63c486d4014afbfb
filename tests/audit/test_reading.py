from pathlib import Path

import numpy as np
import pytest
from made_up import inspection

from kclass.audit.findings import Finding
from kclass.audit.reading import turned, unreadable, wrong_suffixes
from kclass.dataset.samples import Samples
from kclass.errors import PhotoError


def table(*paths: str) -> Samples:
    return Samples(paths, np.zeros(len(paths)), ("cat",), Path("/photos"))


def test_a_photo_that_cannot_be_read_is_taken_out() -> None:
    (finding,) = unreadable(table("a.jpg", "b.jpg"), {1: PhotoError("/photos/b.jpg is empty")})
    assert finding == Finding("unreadable", (1,), "b.jpg is empty", remove=(1,))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.jpg", "PNG"), ("a.JPEG", "WebP"), ("a.png", "JPEG"), ("cat/a.heic", "AVIF"), ("a.b.gif", "JPEG")],
)
def test_a_name_that_claims_another_format_is_told(name: str, kind: str) -> None:
    (finding,) = wrong_suffixes(table(name), {0: inspection(format=kind)})
    assert (finding.kind, finding.rows, finding.remove) == ("wrong-suffix", (0,), ())
    assert finding.detail.startswith(f"{name} is {kind}, not ")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jpg", "JPEG"),
        ("a.JPE", "JPEG"),
        ("a.mpo", "JPEG"),
        ("a.tif", "TIFF"),
        ("a", "PNG"),
        ("a.php", "PNG"),
    ],
)
def test_a_name_that_claims_its_format_or_none_is_fine(name: str, kind: str) -> None:
    assert list(wrong_suffixes(table(name), {0: inspection(format=kind)})) == []


def test_photos_stored_turned_are_counted_in_one_finding() -> None:
    turns = {0: 1, 1: 6, 2: 3, 3: 6}
    (finding,) = turned({row: inspection(orientation=turn) for row, turn in turns.items()})
    assert finding == Finding("turned", (1, 2, 3), "3 of 4 photos: 2 on the left side, 1 upside down")


def test_upright_photos_are_nothing_to_tell_of() -> None:
    assert list(turned({0: inspection(), 1: inspection()})) == []
