"""`kclass collect`, as a process of its own beside a server on loopback."""

import csv
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import photo_server
import pytest
from photo_server import Site, as_json, body, photo
from processes import KCLASS, run

LONG_ENOUGH = 120
COLOURS = ("blue", "yellow", "red", "green", "white", "black")
CARS = ("fiat 126", "la ferrari")


@pytest.fixture
def shop() -> Iterator[Site]:
    """A server that finds ten photos for each car in each colour, in pages of seven."""
    with photo_server.serving() as site:
        queries = {
            f"{colour} {car}": 100 * (6 * k + c)
            for k, car in enumerate(CARS)
            for c, colour in enumerate(COLOURS)
        }

        def page(query: dict[str, str]) -> object:
            start = queries[query["q"]]
            offset = int(query["offset"])
            paths = [f"/{number}.jpg" for number in range(start, start + 10)][offset : offset + 7]
            return {
                "value": [{"contentUrl": site.url(path)} for path in paths],
                "nextOffset": offset + len(paths),
            }

        site.answers["/search"] = as_json(page)
        for start in queries.values():
            for number in range(start, start + 10):
                site.answers[f"/{number}.jpg"] = body(photo(number))
        yield site


def arguments(site: Site, *more: str, out: str = "data/photos") -> tuple[str, ...]:
    # As the write-up has it.
    words = ("collect", *CARS, "--with", *COLOURS, "--per-query", "10", "--out", out)
    return (
        *KCLASS,
        *words,
        "--provider",
        "bing",
        "--endpoint",
        site.url("/search"),
        "--allow-private",
        *more,
    )


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AZURE_SUBSCRIPTION_KEY", "s3cret")
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))


def photos(folder: Path) -> dict[str, bytes]:
    """What a folder shows: files by their names, hidden ones left out."""
    paths = [path for path in folder.rglob("*") if path.is_file() and ".kclass-collect" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_what_is_collected_can_be_fitted_and_says_whose_it_is(shop: Site, tmp_path: Path) -> None:
    ended = run(*arguments(shop, "--valid", "0.2"), cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (
        0,
        "Whose they are: data/photos/ATTRIBUTION.md\nNext: kclass check data/photos\n",
    )
    lines = [line.split() for line in ended.stdout.splitlines()]
    assert lines[0] == ["query", "asked", "found", "downloaded", "duplicates", "refused", "kept"]
    assert lines[-1] == ["total", "120", "120", "120", "0", "0", "120"]
    found = photos(tmp_path / "data/photos")
    folders = {name.rpartition("/")[0] for name in found if "/" in name}
    assert folders == {f"{split}/{car}" for split in ("train", "validation") for car in CARS}
    words = {name.rpartition("/")[2].partition("_")[0] for name in found if "/" in name}
    assert words == set(COLOURS)
    with (tmp_path / "data/photos/attribution.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["file"] for row in rows} == {name for name in found if "/" in name}
    assert {row["query"] for row in rows} == {f"{colour} {car}" for colour in COLOURS for car in CARS}
    assert "s3cret" not in ended.stdout + ended.stderr

    fitted = run(*KCLASS, "fit", "data/photos", "--out", "run", cwd=tmp_path)
    assert fitted.returncode == 0, fitted.stderr
    assert "la ferrari" in fitted.stdout
    assert (tmp_path / "run/model.keras").is_file()


def test_a_collection_that_is_killed_goes_on_as_if_it_had_not_been(shop: Site, tmp_path: Path) -> None:
    # Two of the four that a host is asked at once; the others go on.
    blocked = [f"/{number}.jpg" for number in (1108, 1109)]
    free, whole = threading.Event(), dict(shop.answers)
    for path in blocked:
        shop.answers[path] = lambda handler: (free.wait(LONG_ENOUGH), whole[handler.place](handler))  # type: ignore[func-returns-value,assignment]
    process = subprocess.Popen(arguments(shop), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    come = tmp_path / "data/photos/.kclass-collect/photos"
    tick, end = threading.Event(), time.monotonic() + LONG_ENOUGH
    while len(list(come.glob("[!.]*"))) < 120 - len(blocked) or not all(shop.asked[path] for path in blocked):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "they never came"
        tick.wait(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    free.set()
    shop.answers |= whole
    assert photos(tmp_path / "data/photos") == {}

    assert run(*arguments(shop), cwd=tmp_path).returncode == 0
    # What had come whole was asked for once; of the search, every page.
    assert {path: shop.asked[path] for path in whole if shop.asked[path] != 1} == {
        "/search": 24,
        **dict.fromkeys(blocked, 2),
    }
    assert not list((tmp_path / "data").rglob(".part-*"))

    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    assert run(*arguments(shop), cwd=undisturbed).returncode == 0
    expected = photos(undisturbed / "data/photos")
    found = photos(tmp_path / "data/photos")
    assert set(found) == set(expected)
    assert {name: data for name, data in found.items() if "/" in name} == {
        name: data for name, data in expected.items() if "/" in name
    }


def test_the_same_command_again_asks_for_nothing(shop: Site, tmp_path: Path) -> None:
    first = run(*arguments(shop), cwd=tmp_path)
    asked, before = dict(shop.asked), photos(tmp_path / "data/photos")
    again = run(*arguments(shop), cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert dict(shop.asked) == asked
    assert photos(tmp_path / "data/photos") == before


def test_nothing_that_came_is_a_failure(shop: Site, tmp_path: Path) -> None:
    shop.answers["/search"] = photo_server.status(401)
    ended = run(*arguments(shop), cwd=tmp_path)
    assert ended.returncode == 1
    assert "refused: search: HTTP 401 (12)" in ended.stdout.splitlines()
    assert ended.stderr == "Nothing came.\n"


def test_it_is_a_failure_too_if_nothing_stays_or_nothing_came_this_time(shop: Site, tmp_path: Path) -> None:
    shop.answers |= {f"/{number}.jpg": body(photo(0)) for number in range(1000, 1010)}
    words = (
        *KCLASS,
        "collect",
        "--allow-private",
        "--provider",
        "bing",
        "--endpoint",
        shop.url("/search"),
        "--out",
        "photos",
    )
    one = run(*words, "fiat 126", "--with", "blue", "--per-query", "1", cwd=tmp_path)
    assert one.returncode == 0
    shop.answers["/search"] = photo_server.status(401)
    ended = run(*words, "fiat 126", "--with", "red", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "Nothing came.\n")
    assert len(photos(tmp_path / "photos")) == 4  # the photo and the three tables


def test_a_key_is_looked_for_where_it_is_said_to_be(shop: Site, tmp_path: Path) -> None:
    ended = run(*arguments(shop, "--key-env", "OTHER_KEY"), cwd=tmp_path, variables={"OTHER_KEY": None})
    assert ended.returncode == 2
    assert ended.stderr == (
        "Error: there is no key for bing: the environment variable OTHER_KEY is not set\n"
        "  Set it, or give the name of another.\n"
    )
    assert not (tmp_path / "data").exists()
    found = run(
        *arguments(shop, "--key-env", "OTHER_KEY", "--per-query", "1"),
        cwd=tmp_path,
        variables={"OTHER_KEY": "k2"},
    )
    assert found.returncode == 0
    assert shop.headers["/search"]["Ocp-Apim-Subscription-Key"] == "k2"


@pytest.mark.parametrize("option", ["--with", "--urls", "--archive", "--not-in"])
def test_an_option_without_a_word_is_no_option(option: str, shop: Site, tmp_path: Path) -> None:
    for more in ((option,), (option, "--quiet")):
        ended = run(*arguments(shop, *more), cwd=tmp_path)
        assert ended.returncode == 2
        assert f"Option '{option}' requires an argument." in ended.stderr


def test_words_may_follow_an_equals_sign(shop: Site, tmp_path: Path) -> None:
    words = ("collect", "fiat 126", "--with=blue", "red", "--per-query=2", "--out=photos", "--allow-private")
    more = ("--provider=bing", "--endpoint", shop.url("/search"), "--json")
    ended = run(*KCLASS, *words, *more, cwd=tmp_path)
    assert [each["query"] for each in json.loads(ended.stdout)["counts"]] == ["blue fiat 126", "red fiat 126"]


def test_the_result_is_one_json_document(shop: Site, tmp_path: Path) -> None:
    ended = run(*arguments(shop, "--json", "--quiet"), cwd=tmp_path)
    content = json.loads(ended.stdout)
    assert len(content["photos"]) == 120
    assert content["counts"][0]["query"] == "blue fiat 126"
    assert ended.stderr == ""


def test_ctrl_c_ends_it_though_a_host_asks_for_patience(shop: Site, tmp_path: Path) -> None:
    shop.answers["/0.jpg"] = photo_server.status(429, Retry_After="100")
    process = subprocess.Popen(
        arguments(shop), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    tick, end = threading.Event(), time.monotonic() + LONG_ENOUGH
    while not shop.asked["/0.jpg"]:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it never asked"
        tick.wait(0.01)
    process.send_signal(signal.SIGTERM)
    start = time.monotonic()
    assert process.communicate(timeout=LONG_ENOUGH)[1] == "terminated\n"
    assert time.monotonic() - start < 60
    assert os.listdir(tmp_path / "data/photos") == [".kclass-collect"]  # noqa: PTH208
