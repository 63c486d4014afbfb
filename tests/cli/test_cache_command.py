import json
from pathlib import Path

import pytest
from command_line import Command
from small_fits import SmallFit

import kclass


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with a network and photos unpacked from an archive."""
    cache = tmp_path / "cache"
    for name, size in (("backbones/a-320-imagenet-v2.keras", 3_456_789), ("archives/1/a.jpg", 512)):
        (cache / name).parent.mkdir(parents=True)
        (cache / name).write_bytes(bytes(size))
    monkeypatch.setenv("KCLASS_CACHE", str(cache))
    return cache


def test_a_row_says_what_there_is_of_each_kind(command: Command, filled: Path) -> None:
    ended = command("cache")
    place, *rows = ended.out.splitlines()
    assert (ended.code, place) == (0, str(filled))
    assert [row.split(maxsplit=4) for row in rows] == [
        ["backbones*", "1", "3.5", "MB", "networks with their weights"],
        ["archives", "1", "512", "bytes", "photos unpacked from archives"],
        ["in", "all", "3.5", "MB", "on the disk"],
    ]
    assert ended.err == "\n* kclass cache --clear takes these out; kclass computes them again.\n"
    assert command("cache", "--quiet").err == ""


def test_clearing_says_what_was_freed_and_leaves_what_came_from_elsewhere(
    command: Command, filled: Path
) -> None:
    ended = command("cache", "--clear")
    assert (ended.code, ended.err) == (0, "")
    assert [row.split(maxsplit=3)[:4] for row in ended.out.splitlines()[1:]] == [
        ["backbones*", "1", "3.5", "MB  networks with their weights"],
        ["freed", "3.5", "MB", "on the disk"],
    ]
    assert [path.name for path in filled.rglob("*") if path.is_file()] == ["a.jpg"]
    assert command("cache", "--clear").out.splitlines() == [str(filled), "freed    0 bytes  on the disk"]


@pytest.mark.parametrize("options", [[], ["--clear"]])
def test_json_is_what_the_function_gives(options: list[str], command: Command, filled: Path) -> None:
    expected = kclass.cache_contents().to_dict()
    document = json.loads(command("cache", "--json", *options).out)
    assert document.pop("cleared") == bool(options)
    if not options:
        assert document == expected
    else:
        assert (document["folder"], document["bytes"]) == (str(filled), 3_456_789)


def test_a_cache_that_cannot_be_used_is_an_error_in_words(command: Command, filled: Path) -> None:
    (filled / "photos-v4.sqlite").write_bytes(b"no database" * 100)
    ended = command("cache")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"Error: cannot use the cache {filled / 'photos-v4.sqlite'}: ")


def test_a_fit_leaves_nothing_in_the_cache_that_is_of_no_known_kind(
    command: Command, fitted: SmallFit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))
    assert command("fit", fitted.data, "--out", "run", "--quiet").code == 0
    kinds = {kind.name: kind.entries for kind in kclass.cache_contents().kinds if kind.entries}
    # Of a network there are two files.
    # One comparison, and 16 of its photos, by which it is found.
    assert kinds == {"features": 24, "inspection": 24, "matches": 17, "backbones": 1, "networks": 6}
    cleared = kclass.clear_cache()
    assert {kind.name: kind.entries for kind in cleared.kinds if kind.entries} == kinds
    assert not any(kind.entries for kind in kclass.cache_contents().kinds)
