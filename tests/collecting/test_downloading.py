import io
from pathlib import Path

import pytest
from photo_server import Site, body, cut_off, dripping, endless, in_turn, photo
from PIL import Image

from kclass.collecting.downloading import Downloads, Kept, Limits, stream
from kclass.collecting.fetching import Fetcher, Patience
from kclass.collecting.hosts import Hosts
from kclass.collecting.refusals import RefusalError
from kclass.errors import OutputError
from kclass.photos.hashing import content_hash

PAGE = b"<!DOCTYPE html><html><title>Not found</title></html>"


def downloads(*, limits: Limits = Limits(), whole: float = 60) -> Downloads:  # noqa: B008
    hosts = Hosts(allow_private=True, sleep=lambda _: None)
    return Downloads(Fetcher(hosts, Patience(read=5, whole=whole, first_wait=0)), limits)


def refused(site: Site, place: Path, given: Downloads) -> str:
    with pytest.raises(RefusalError) as caught:
        given.keep(site.url("/a"), place)
    assert list(place.parent.iterdir()) == []
    return caught.value.reason


def huge(side: int) -> bytes:
    """A PNG that says it has so many pixels; it is small, since they are all alike."""
    file = io.BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    return file.getvalue()


def test_bytes_are_kept_as_they_came(site: Site, tmp_path: Path) -> None:
    data = photo(1)
    site.answers["/a"] = body(data)
    kept = downloads().keep(site.url("/a"), tmp_path / "it")
    assert kept == Kept(content_hash(data), ".jpg")
    assert (tmp_path / "it").read_bytes() == data


@pytest.mark.parametrize("kind", ["text/html", "image/png", "application/octet-stream", ""])
def test_what_a_photo_is_is_told_by_its_bytes(kind: str, site: Site, tmp_path: Path) -> None:
    site.answers["/a"] = body(photo(1), kind=kind)
    assert downloads().keep(site.url("/a"), tmp_path / "it").suffix == ".jpg"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (PAGE, "a page, not a photo"),
        (b"\n  <html lang='en'>", "a page, not a photo"),
        (b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">', "a page, not a photo"),
        (b'<?xml version="1.0"?><svg>', "not a photo"),
        (b"<Error>access denied</Error>", "not a photo"),
        (b"GIF8 it is not", "not a photo"),
        (b"", "not a photo"),
        (photo(1)[:900], "a broken photo"),
        (huge(10_100), "more than 100,000,000 pixels"),
    ],
)
def test_what_is_no_photo_is_refused_and_leaves_nothing(
    data: bytes, reason: str, site: Site, tmp_path: Path
) -> None:
    site.answers["/a"] = body(data)
    assert refused(site, tmp_path / "it", downloads()) == reason


def test_the_limit_of_pixels_can_be_lower(site: Site, tmp_path: Path) -> None:
    site.answers["/a"] = body(photo(1, width=120, height=90))
    limits = Limits(pixels=120 * 90 - 1)
    assert refused(site, tmp_path / "it", downloads(limits=limits)) == "more than 10,799 pixels"
    downloads(limits=Limits(pixels=120 * 90)).keep(site.url("/a"), tmp_path / "it")


def test_a_body_that_is_said_to_be_too_long_is_not_read(site: Site, tmp_path: Path) -> None:
    site.answers["/a"] = body(photo(1))
    limits = Limits(size=len(photo(1)) - 1)
    assert refused(site, tmp_path / "it", downloads(limits=limits)) == f"more than {limits.size:,} bytes"


def test_an_endless_body_ends_at_the_limit(site: Site, tmp_path: Path) -> None:
    site.answers["/a"] = endless()
    reason = refused(site, tmp_path / "it", downloads(limits=Limits(size=1_000_000)))
    assert reason == "more than 1,000,000 bytes"


@pytest.mark.parametrize("headers", [{}, {"Connection": "close"}])
def test_a_body_that_drips_ends_with_patience(headers: dict[str, str], site: Site, tmp_path: Path) -> None:
    site.answers["/a"] = dripping(**headers)
    assert refused(site, tmp_path / "it", downloads(whole=0.1)) == "too slow"


def test_a_photo_that_was_cut_off_comes_whole_the_second_time(site: Site, tmp_path: Path) -> None:
    site.answers["/a"] = in_turn(cut_off(photo(1)), body(photo(1)))
    downloads().keep(site.url("/a"), tmp_path / "it")
    assert (tmp_path / "it").read_bytes() == photo(1)
    assert site.asked["/a"] == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no file here is always full")
def test_a_full_disk_is_said_though_all_fitted_into_memory(site: Site) -> None:
    site.answers["/a"] = body(b"a few bytes")
    fetcher = Fetcher(Hosts(allow_private=True))
    with pytest.raises(OutputError, match="No space left on device"):
        fetcher.fetch(site.url("/a"), lambda answer: stream(answer, Path("/dev/full"), most=100))
    assert site.asked["/a"] == 1
