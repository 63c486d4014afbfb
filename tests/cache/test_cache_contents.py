import dataclasses
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import processes
import pytest

import kclass
from kclass.cache.contents import CacheContents
from kclass.cache.store import ContentStore

STATE = ("/photos/1.jpg", 1234, 1_700_000_000_000_000_000, 99)
NETWORK = "networks/0123456789abcdef0123456789abcdef-v1"
BUILT = (
    "backbones/efficientnet_lite0-320-imagenet-v2.keras",
    f"{NETWORK}/network.xml",
    f"{NETWORK}/network.bin",
    "networks/0123456789abcdef0123456789abcdef-compiled-v1/f32-0123456789abcdef.blob",
    "networks/0123456789abcdef0123456789abcdef-to-114-v1/network.bin",
    f"{NETWORK}/.part-0123456789abcdef.bin",  # of a process that was killed
    "backbones/.part-0123456789abcdef.keras",
)
NOT_OURS = (
    "notes.txt",
    "backbones/my own model.keras",
    "networks/readme.md",
    f"{NETWORK}/notes.txt",
    f"{NETWORK}/f32-0123456789abcdef.blob",
    "photos/network.bin",
    "photos-v3.sqlite.bak",
)
FETCHED = ("archives/0123/a.jpg", "keras/models/weights.h5", "matplotlib/fontlist.json")

# Writes and reads while another process clears the store again and again.
USER = """
import sys
from pathlib import Path
from kclass.cache.store import ContentStore

with ContentStore() as store:
    for number in range(300):
        store.add("features 1", {str(number): bytes([number % 256]) * 3000})
        for content, value in store.values("features 1", list(map(str, range(number)))).items():
            assert value == bytes([int(content) % 256]) * 3000
"""
CLEARING = "import kclass\nfor _ in range(20): kclass.clear_cache()"


def fill(cache: Path, *names: str) -> None:
    for name in names:
        path = cache / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 1000)


def counts(contents: CacheContents) -> dict[str, tuple[int, int]]:
    return {kind.name: (kind.entries, kind.bytes) for kind in contents.kinds if kind.entries}


def remember() -> None:
    with ContentStore() as store:
        store.add("features 1 of one network", {"a": b"123", "b": b"4567"}, [(STATE, "a")])
        store.add("features 1 of another", {"a": b"1"})
        store.add("inspection 2", {"a": bytes(1400)})
        store.add("matches 1", {"set": b"[]"})


def test_a_cache_that_is_not_there_holds_nothing_and_is_not_made(cache: Path) -> None:
    for contents in (kclass.cache_contents(), kclass.clear_cache()):
        assert (contents.folder, contents.bytes, counts(contents)) == (cache, 0, {})
    assert not cache.exists()


def test_values_are_counted_by_their_kind(cache: Path) -> None:
    remember()
    contents = kclass.cache_contents()
    assert counts(contents) == {"features": (3, 8), "inspection": (1, 1400), "matches": (1, 2)}
    assert contents.bytes == sum(path.stat().st_size for path in cache.iterdir())


def test_files_are_counted_by_the_names_that_kclass_gives(cache: Path) -> None:
    fill(cache, *BUILT, *FETCHED, *NOT_OURS, "photos-v3.sqlite", "photos-v3.sqlite-wal")
    assert counts(kclass.cache_contents()) == {
        "backbones": (2, 2000),
        "networks": (5, 5000),
        "other versions": (2, 2000),
        "archives": (1, 1000),
        "keras": (1, 1000),
        "matplotlib": (1, 1000),
        "other files": (7, 7000),
    }


def test_clearing_takes_out_what_can_be_computed_again_and_nothing_else(cache: Path) -> None:
    remember()
    fill(cache, *BUILT, *FETCHED, *NOT_OURS)
    before = kclass.cache_contents()
    freed = kclass.clear_cache()
    assert counts(freed) == {
        "features": (3, 8),
        "inspection": (1, 1400),
        "matches": (1, 2),
        "backbones": (2, 2000),
        "networks": (5, 5000),
    }
    after = kclass.cache_contents()
    assert counts(after) == {
        "archives": (1, 1000),
        "keras": (1, 1000),
        "matplotlib": (1, 1000),
        "other files": (7, 7000),
    }
    assert freed.bytes == before.bytes - after.bytes
    assert all((cache / name).read_bytes() == b"x" * 1000 for name in (*FETCHED, *NOT_OURS))
    assert not any((cache / name).exists() for name in BUILT)
    with ContentStore() as store:
        assert store.values("features 1 of one network", ["a", "b"]) == {}
        assert store.content_hashes([STATE]) == {}


def test_clearing_gives_the_space_of_values_back(cache: Path) -> None:
    with ContentStore() as store:
        store.add("features 1", {str(number): bytes(2561) for number in range(1000)})
    freed = kclass.clear_cache()
    assert freed.bytes > 2_561_000
    assert kclass.cache_contents().bytes < 200_000


def test_a_store_of_another_version_is_emptied(cache: Path) -> None:
    cache.mkdir()
    old = sqlite3.connect(cache / "photos-v3.sqlite")
    with old:
        old.execute("CREATE TABLE computed (recipe TEXT, content TEXT, value BLOB)")
        rows = [("r", str(number), bytes(5000)) for number in range(100)]
        old.executemany("INSERT INTO computed VALUES (?, ?, ?)", rows)
    freed = kclass.clear_cache()
    assert freed.bytes > 400_000
    assert old.execute("SELECT count(*) FROM computed").fetchall() == [(0,)]
    old.close()


def test_what_is_called_like_a_store_and_is_none_stays(cache: Path) -> None:
    fill(cache, "photos-v3.sqlite")
    assert counts(kclass.clear_cache()) == {}
    assert (cache / "photos-v3.sqlite").read_bytes() == b"x" * 1000


@pytest.mark.skipif("sys.platform == 'win32'")
def test_links_are_not_followed(cache: Path, tmp_path: Path) -> None:
    fill(tmp_path, "elsewhere/network.xml", "elsewhere/network.bin", "big.keras")
    fill(cache, "backbones/notes.txt", "networks/notes.txt")
    (cache / NETWORK).symlink_to(tmp_path / "elsewhere")
    (cache / "backbones/scratch-64-none-v1.keras").symlink_to(tmp_path / "big.keras")
    kclass.clear_cache()
    assert len(list((tmp_path / "elsewhere").iterdir())) == 2
    assert (tmp_path / "big.keras").exists()


def test_a_store_can_be_cleared_while_others_write_and_read(cache: Path) -> None:
    with ContentStore():
        pass
    commands = [processes.python(code) for code in (USER, CLEARING)]
    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(lambda command: processes.run(*command, cwd=cache.parent), commands):
            assert done.returncode == 0, done.stderr


def test_a_store_that_is_open_goes_on_after_it_was_cleared(cache: Path) -> None:
    with ContentStore() as store:
        store.add("features 1", {"a": b"1"}, [(STATE, "a")])
        kclass.clear_cache()
        assert store.values("features 1", ["a"]) == {}
        store.add("features 1", {"b": b"2"})
        assert store.values("features 1", ["a", "b"]) == {"b": b"2"}
    assert counts(kclass.cache_contents()) == {"features": (1, 1)}


def test_contents_say_what_they_are(cache: Path) -> None:
    remember()
    contents = kclass.cache_contents()
    told = repr(contents)
    assert told == (f"CacheContents {cache}: {contents.bytes:,} bytes (3 features, 1 inspection, 1 matches)")
    document = contents.to_dict()
    assert (document["folder"], document["bytes"]) == (str(cache), contents.bytes)
    assert document["kinds"][0] == {
        "name": "features",
        "meaning": "what networks see in photos",
        "entries": 3,
        "bytes": 8,
        "computed": True,
    }
    assert repr(dataclasses.replace(contents, kinds=())).endswith("bytes (nothing)")


def test_a_store_that_is_damaged_is_an_output_error(cache: Path) -> None:
    fill(cache, "photos-v4.sqlite")
    for function in (kclass.cache_contents, kclass.clear_cache):
        with pytest.raises(kclass.OutputError, match="cannot use the cache"):
            function()
