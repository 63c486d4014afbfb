"""Everything that may go wrong at once: what lands is right, and the summary is true."""

import io
from pathlib import Path

import numpy as np
import pytest
from photo_server import (
    Clock,
    Site,
    as_json,
    body,
    cut_off,
    dripping,
    endless,
    in_turn,
    photo,
    redirect,
    status,
)
from PIL import Image

from kclass.collecting.collecting import collected
from kclass.collecting.collection import Collection
from kclass.collecting.fetching import Fetcher, Patience
from kclass.collecting.hosts import Hosts
from kclass.collecting.options import CollectOptions

PROVIDERS = ("openverse", "commons", "bing")


def png(width: int, height: int) -> bytes:
    """A PNG of one colour: many pixels, few bytes."""
    file = io.BytesIO()
    Image.fromarray(np.zeros((height, width), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


def address(site: Site, path: str) -> str:
    """Where a photo is; a host that asks to be left alone has another name than the rest."""
    return site.url(path).replace("127.0.0.1", "localhost" if path == "/always-busy" else "127.0.0.1")


def misbehave(site: Site) -> dict[str, list[str]]:
    """Let the site have photos for two classes, of which some cannot be had; the paths by class."""
    good = {f"/{number}.jpg": body(photo(number)) for number in range(8)}
    site.answers |= good | {
        "/slow": dripping(),
        "/cut": in_turn(cut_off(photo(20)), body(photo(20))),
        "/always-cut": cut_off(photo(21)),
        "/busy": in_turn(status(429, Retry_After="7"), body(photo(22))),
        "/always-busy": status(429, Retry_After="3600"),
        "/broken-host": in_turn(status(500), status(503), body(photo(23))),
        "/always-broken": status(500),
        "/gone": status(404),
        "/wrong-type": body(photo(24), kind="text/html"),
        "/page": body(b"<!doctype html><title>Sorry</title>"),
        "/endless": endless(),
        "/elsewhere": redirect("/7.jpg"),
        "/round": redirect("/round-again"),
        "/round-again": redirect("/round"),
        "/file": redirect("file:///etc/passwd"),
        "/huge": body(png(4000, 4000)),
        "/copy": body(photo(1, quality=60)),
        "/other-class": body(photo(2, width=100, height=75)),
    }
    bees = ["/3.jpg", "/4.jpg", "/other-class", "/gone", "/round", "/file", "/huge", "/elsewhere"]
    return {"ant": sorted(set(site.answers) - {*bees, "/7.jpg", "/round-again"}), "bee": bees}


def offer_openverse(site: Site, found: dict[str, list[str]]) -> None:
    def page(query: dict[str, str]) -> object:
        size, number = int(query["page_size"]), int(query["page"])
        all_of_them = found[query["q"]]
        results = [
            {
                "url": address(site, path),
                "license": "by",
                "creator": "Jo",
                "license_version": "4.0",
                "tags": None,
            }
            for path in all_of_them[size * (number - 1) : size * number]
        ]
        return {"page_count": -(-len(all_of_them) // size), "results": [*results, {"url": None}, "odd"]}

    site.answers["/search"] = as_json(page)


def offer_commons(site: Site, found: dict[str, list[str]]) -> None:
    def page(query: dict[str, str]) -> object:
        offset = int(query.get("gsroffset", 0))
        all_of_them = found[query["gsrsearch"].split()[0]]
        pages = [
            {
                "index": offset + place + 1,
                "title": f"File:{path}",
                "imageinfo": [
                    {
                        "url": address(site, path),
                        "extmetadata": {"Artist": {"value": "<b>Jo</b>"}, "LicenseShortName": None},
                    }
                ],
            }
            for place, path in enumerate(all_of_them[offset : offset + 5])
        ]
        more = {"continue": {"gsroffset": offset + 5}} if offset + 5 < len(all_of_them) else {}
        return {"query": {"pages": [*pages[::-1], {"index": 99, "missing": True}]}, **more}

    site.answers["/search"] = as_json(page)


def offer_bing(site: Site, found: dict[str, list[str]]) -> None:
    def page(query: dict[str, str]) -> object:
        offset = int(query["offset"])
        all_of_them = found[query["q"]]
        value = [{"contentUrl": address(site, path)} for path in all_of_them[offset : offset + 4]]
        return {"totalEstimatedMatches": 900, "nextOffset": offset + len(value), "value": [*value, 7]}

    site.answers["/search"] = as_json(page)


OFFERS = {"openverse": offer_openverse, "commons": offer_commons, "bing": offer_bing}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_SUBSCRIPTION_KEY", "s3cret")


def collect(site: Site, out: Path, provider: str) -> Collection:
    clock = Clock()
    hosts = Hosts(allow_private=True, clock=clock, sleep=clock.sleep)
    options = CollectOptions(
        queries=("ant", "bee"),
        provider=provider,
        endpoint=site.url("/search"),
        max_bytes=1_000_000,
        max_pixels=1_000_000,
        allow_private=True,
    )
    try:
        return collected(options, out=out, fetcher=Fetcher(hosts, Patience(read=5, whole=0.3)))
    finally:
        hosts.close()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_lands_is_right_and_the_summary_is_true(provider: str, site: Site, tmp_path: Path) -> None:
    found = misbehave(site)
    OFFERS[provider](site, found)
    collection = collect(site, tmp_path / "out", provider)
    ants, bees = collection.counts
    assert (ants.query, ants.asked, ants.found) == ("ant", 100, len(found["ant"]))
    assert dict(ants.refused) == {
        "HTTP 429": 1,
        "HTTP 500": 1,
        "a page, not a photo": 1,
        "cut off": 1,
        "more than 1,000,000 bytes": 1,
        "too slow": 1,
    }
    assert site.asked["/always-busy"] == 1
    # Whole at last: cut, busy, broken-host; 0 to 2, 5 and 6; wrong-type; and a copy of 1.
    assert (ants.downloaded, ants.duplicates, ants.kept) == (10, 2, 8)
    assert dict(bees.refused) == {
        "HTTP 404": 1,
        "more than 1,000,000 pixels": 1,
        "not http or https": 1,
        "redirects in a circle": 1,
    }
    assert (bees.found, bees.downloaded, bees.duplicates, bees.kept) == (8, 4, 1, 3)
    expected = {f"ant/{number}" for number in (0, 1, 5, 6, 20, 22, 23, 24)} | {"bee/3", "bee/4", "bee/7"}
    assert landed(tmp_path / "out") == expected
    assert {each.reason for each in collection.left_out} == {"copy", "several classes"}
    for each in collection.counts:
        assert each.found == each.downloaded + sum(each.refused.values())
        assert each.downloaded == each.kept + each.duplicates


def landed(out: Path) -> set[str]:
    """The photos in class folders, by the seeds that they were drawn with; half ones have none."""
    seeds = {photo(seed): seed for seed in (*range(8), *range(20, 25))}
    return {f"{path.parent.name}/{seeds[path.read_bytes()]}" for path in out.glob("[!.]*/*")}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_redirect_to_a_private_address_is_refused(provider: str, site: Site, tmp_path: Path) -> None:
    # The server itself has a private address, so it stands behind a proxy's, which is exempt.
    site.answers["/out"] = redirect("http://169.254.169.254/latest/meta-data")
    clock = Clock()
    hosts = Hosts(allow_private=False, clock=clock, sleep=clock.sleep)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("http_proxy", site.address)
        patch.delenv("no_proxy", raising=False)
        site.answers["http://photos.example/search"] = site.answers["/out"]
        options = CollectOptions(queries=("ant",), provider=provider, endpoint="http://photos.example/search")
        collection = collected(options, out=tmp_path / "out", fetcher=Fetcher(hosts))
    assert collection.refused == {"search: private address": 1}
    assert list(site.asked) == ["http://photos.example/search"]


@pytest.mark.parametrize(
    "answer", [status(401), status(500), body(b"<html>"), body(b"[]"), body(b'{"error":1}')]
)
def test_a_search_that_fails_is_in_the_summary(answer: object, site: Site, tmp_path: Path) -> None:
    site.answers["/search"] = answer  # type: ignore[assignment]
    collection = collect(site, tmp_path / "out", "openverse")
    assert collection.photos == ()
    (reason,) = collection.refused
    assert reason.startswith("search: ")
    assert collection.refused[reason] == 2


def test_the_key_is_sent_and_written_nowhere(site: Site, tmp_path: Path) -> None:
    offer_bing(site, misbehave(site))
    collection = collect(site, tmp_path / "out", "bing")
    assert site.headers["/search"]["Ocp-Apim-Subscription-Key"] == "s3cret"
    assert all(
        "Ocp-Apim-Subscription-Key" not in each for path, each in site.headers.items() if path != "/search"
    )
    written = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert written
    assert not any(b"s3cret" in data for data in written)
    assert "s3cret" not in repr(collection) + str(collection.to_dict())
