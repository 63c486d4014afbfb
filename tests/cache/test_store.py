import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import processes
import pytest

from kclass.cache.store import ContentStore
from kclass.errors import OutputError

STATE = ("/photos/1.jpg", 1234, 1_700_000_000_000_000_000, 99)

# Writes and reads a hundred values of its own, while another process does the same.
WRITER = """
import sys
from pathlib import Path
from kclass.cache.store import ContentStore

path, name = Path(sys.argv[1]), sys.argv[2]
for place in range(50):
    with ContentStore(path) as store:
        store.add("recipe", {f"{name} {place}": bytes([place] * 3)})
        assert len(store.values("recipe", [f"{name} {at}" for at in range(50)])) == place + 1
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "photos.sqlite"


def test_values_and_hashes_survive_reopening(path: Path) -> None:
    with ContentStore(path) as store:
        store.add("recipe", {"a": b"one", "b": b""}, [(STATE, "a")])
    with ContentStore(path) as store:
        assert store.values("recipe", ["b", "a", "c"]) == {"a": b"one", "b": b""}
        assert store.content_hashes([STATE]) == {"/photos/1.jpg": "a"}


def test_the_store_of_a_user_lies_in_the_cache_folder(cache: Path) -> None:
    with ContentStore() as store:
        store.add("recipe", {"a": b"1"})
        assert store.path.parent == cache
    with ContentStore() as store:
        assert store.values("recipe", ["a"]).keys() == {"a"}


def test_recipes_are_kept_apart(path: Path) -> None:
    with ContentStore(path) as store:
        store.add("one", {"a": b"1"})
        store.add("two", {"a": b"2", "b": b"3"})
        assert store.values("one", ["a", "b"]) == {"a": b"1"}
        assert store.values("two", ["a"]) == {"a": b"2"}
        assert store.values("three", ["a", "b"]) == {}


def test_values_come_one_by_one_in_the_order_of_writing(path: Path) -> None:
    names = [f"{number * 7919 % 1203:04}" for number in range(1203)]  # each once, in no order
    with ContentStore(path) as store:
        store.add("other", {"0001": b"wrong"})
        store.add("recipe", {name: name.encode() for name in names})
        found = list(store.stream("recipe", [*sorted(names), "none"]))
        assert found == [(name, name.encode()) for name in names]
        assert list(store.stream("recipe", [])) == list(store.stream("no recipe", names)) == []


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_values_of_others_that_lie_among_those_wanted_do_not_come(step: int, path: Path) -> None:
    with ContentStore(path) as store:
        for start in range(0, 1200, 100):
            names = [f"{number:04}" for number in range(start, start + 100)]
            store.add("recipe", {name: name.encode() for name in names})
            store.add("other", dict.fromkeys(names, b"wrong"))
        wanted = [f"{number:04}" for number in range(0, 1200, step)]
        assert list(store.stream("recipe", wanted)) == [(name, name.encode()) for name in wanted]


def test_what_takes_the_place_of_a_value_while_it_is_asked_for_is_not_taken_for_it(path: Path) -> None:
    with ContentStore(path) as store:
        store.add("recipe", {f"{number:04}": b"old" for number in range(1000)})
        found = store.stream("recipe", [f"{number:04}" for number in range(1000)])
        assert next(found) == ("0000", b"old")
        store.clear()
        store.add("recipe", {f"another {number}": b"new" for number in range(1000)})
        assert {value for _, value in found} == {b"old"}


def test_values_are_counted_by_recipe(path: Path) -> None:
    with ContentStore(path) as store:
        assert store.counted() == []
        store.add("one", {"a": b"1", "b": b"23"})
        store.add("two", {"a": b""})
        store.add("three", {})
        assert store.counted() == [("one", 2, 3), ("two", 1, 0)]


def test_what_was_cleared_is_forgotten_and_takes_no_space(path: Path) -> None:
    with ContentStore(path) as store:
        store.add("recipe", {str(number): bytes(3000) for number in range(200)}, [(STATE, "1")])
        store.clear()
        assert store.values("recipe", ["1"]) == {}
        assert store.content_hashes([STATE]) == {}
        assert path.stat().st_size < 150_000
        store.add("other", {"1": b"one"})
        store.add("recipe", {"1": b"two"})
        assert store.values("recipe", ["1"]) == {"1": b"two"}


def test_five_rows_of_the_default_network_take_less_than_four_pages_of_the_file_system(path: Path) -> None:
    with ContentStore(path) as store:
        for start in range(0, 3000, 300):
            names = [f"{number:032x}" for number in range(start, start + 300)]
            store.add("recipe", dict.fromkeys(names, bytes(2561)))
    assert path.stat().st_size < 3000 * 4096 * 4 / 5


def test_a_value_that_comes_again_replaces_the_first(path: Path) -> None:
    with ContentStore(path) as store:
        store.add("recipe", {"a": b"1"})
        store.add("recipe", {"a": b"2"})
        assert store.values("recipe", ["a"]) == {"a": b"2"}


@pytest.mark.parametrize("place", [1, 2, 3], ids=["size", "time", "inode"])
def test_a_file_that_has_changed_is_not_believed(place: int, path: Path) -> None:
    changed = tuple(value + 1 if at == place else value for at, value in enumerate(STATE))
    with ContentStore(path) as store:
        store.add("recipe", {}, [(STATE, "a")])
        assert store.content_hashes([changed]) == {}
        store.add("recipe", {}, [(changed, "b")])
        assert store.content_hashes([changed]) == {"/photos/1.jpg": "b"}
        assert store.content_hashes([STATE]) == {}


def test_the_numbers_of_a_state_are_not_taken_for_each_other(path: Path) -> None:
    with ContentStore(path) as store:
        store.add("recipe", {}, [(("p", 1, 23, 4), "a")])
        assert store.content_hashes([("p", 12, 3, 4)]) == {}
        assert store.content_hashes([("p", 23, 1, 4)]) == {}


def test_states_may_be_larger_than_the_integers_of_sqlite(path: Path) -> None:
    state = ("/photos/1.jpg", 2**40, 2**64, 2**128 - 1)
    with ContentStore(path) as store:
        store.add("recipe", {}, [(state, "a")])
        assert store.content_hashes([state]) == {"/photos/1.jpg": "a"}
        assert store.content_hashes([(*state[:3], 2**128 - 2)]) == {}


def test_more_can_be_asked_for_than_sqlite_takes_in_one_query(path: Path) -> None:
    names = [f"{number:05}" for number in range(1203)]
    with ContentStore(path) as store:
        states = [(name, 1, 1, 1) for name in names]
        store.add("recipe", dict.fromkeys(names, b"1"), list(zip(states, names, strict=True)))
        assert store.values("recipe", names).keys() == set(names)
        assert store.content_hashes(states) == {name: name for name in names}


def test_nothing_can_be_asked_for_and_added(path: Path) -> None:
    with ContentStore(path) as store:
        store.add("recipe", {})
        assert (store.values("recipe", []), store.content_hashes([])) == ({}, {})


def test_beyond_its_size_the_oldest_values_make_room(path: Path) -> None:
    """Each value takes 4 kB; of four hundred about 250 fit."""
    with ContentStore(path, size_limit=1_120_000) as store:
        for number in range(400):
            store.add("recipe", {f"{number:03}": bytes([number % 256] * 4000)})
        left = sorted(store.values("recipe", [f"{number:03}" for number in range(400)]))
    assert 170 <= len(left) <= 270
    assert left == [f"{number:03}" for number in range(400 - len(left), 400)]


def test_what_is_added_last_stays_however_little_fits(path: Path) -> None:
    with ContentStore(path, size_limit=100_000) as store:
        for number in range(40):
            store.add(str(number % 3), {f"{number}": bytes(8000)})
            assert store.values(str(number % 3), [f"{number}"])


def test_the_file_does_not_grow_beyond_its_limit_for_long(path: Path) -> None:
    with ContentStore(path, size_limit=400_000) as store:
        for number in range(300):
            store.add("recipe", {f"{number}": bytes(4000)})
    assert path.stat().st_size < 500_000


def test_threads_share_a_store(path: Path) -> None:
    start = threading.Barrier(4)

    def work(thread: int) -> int:
        start.wait()
        for place in range(30):
            store.add(
                "recipe", {f"{thread} {place}": bytes([thread, place])}, [((f"{thread}", place, 0, 0), "a")]
            )
            store.content_hashes([(f"{thread}", place, 0, 0)])
        return len(store.values("recipe", [f"{thread} {place}" for place in range(30)]))

    with ContentStore(path) as store, ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [30] * 4


def test_processes_share_a_store(path: Path) -> None:
    commands = [processes.python(WRITER, str(path), name) for name in ("one", "other")]
    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(lambda command: processes.run(*command, cwd=path.parent), commands):
            assert done.returncode == 0, done.stderr
    with ContentStore(path) as store:
        wanted = [f"{name} {place}" for name in ("one", "other") for place in range(50)]
        assert len(store.values("recipe", wanted)) == 100


@pytest.mark.parametrize("content", [b"not a database" * 100, None], ids=["another file", "a folder"])
def test_a_place_that_cannot_be_used_is_an_output_error(content: bytes | None, path: Path) -> None:
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(OutputError) as caught:
        ContentStore(path)
    assert caught.value.message.startswith(f"cannot use the cache {path}: ")
    assert caught.value.fix == ("Free some space, delete that file, or set KCLASS_CACHE to another folder.")


def test_a_store_that_is_damaged_is_an_output_error_when_it_is_read(path: Path) -> None:
    with ContentStore(path) as store:
        store.add("recipe", {f"{number}": bytes(4000) for number in range(50)})
    data = bytearray(path.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(OutputError, match="cannot use the cache"), ContentStore(path) as store:
        store.values("recipe", ["1"])


FULL_DISK = """
import sys
from pathlib import Path
from kclass.errors import OutputError
from kclass.cache.store import ContentStore

try:
    with ContentStore(Path(sys.argv[1])) as store:
        for number in range(100):
            store.add("recipe", {str(number): bytes(4000)})
except OutputError as error:
    print(error)
"""


@pytest.mark.skipif("sys.platform == 'win32'")
def test_a_full_disk_is_an_output_error_and_keeps_what_was_written(path: Path) -> None:
    command = processes.limited(processes.python(FULL_DISK, str(path)), file_bytes=2_000_000)
    done = processes.run(*command, cwd=path.parent)
    assert done.stdout.splitlines()[0].startswith(f"cannot use the cache {path}: "), done.stderr
    with ContentStore(path) as store:
        assert len(store.values("recipe", [str(number) for number in range(100)])) >= 10
