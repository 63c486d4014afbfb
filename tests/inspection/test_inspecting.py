import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import processes
import pytest
from PIL import Image

from kclass.cache.store import ContentStore
from kclass.errors import OutputError, PhotoError
from kclass.inspection import inspecting
from kclass.inspection.inspecting import inspect, inspect_bytes
from kclass.inspection.inspection import Inspection
from kclass.photos.hashing import content_hash


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of each test's own."""
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def photographed(folder: Path, count: int) -> list[Path]:
    """Photos of 40 x 30 pixels, each other than the rest."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{place:03}.png" for place in range(count)]
    for place, path in enumerate(paths):
        blocks = np.random.default_rng(place).integers(0, 256, (3, 4, 3), dtype=np.uint8)
        Image.fromarray(np.kron(blocks, np.ones((10, 10, 1), np.uint8))).save(path)
    return paths


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    return photographed(tmp_path / "photos", 9)


class Progress:
    """Keeps what it is told, and may interrupt after so many photos."""

    def __init__(self, *, until: int | None = None) -> None:
        self.reports: list[tuple[str, int, int]] = []
        self.until = until

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.reports.append((stage, done, total))
        if done == self.until:
            raise KeyboardInterrupt


def told(outcome: Inspection | PhotoError) -> tuple[str, bytes]:
    """All that an inspection tells, so that two can be compared."""
    assert isinstance(outcome, Inspection)
    return outcome.content, outcome.to_bytes()


def spoil(path: Path) -> None:
    """Make a file unreadable as a photo, with size, times and inode as they were."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def known(*paths: Path) -> list[bool]:
    """For each file, now spoiled, whether it was remembered."""
    for path in paths:
        spoil(path)
    return [isinstance(outcome, Inspection) for outcome in inspect(paths)]


def test_photos_are_inspected_in_the_order_of_the_paths(photos: list[Path]) -> None:
    expected = [told(inspect_bytes(path.read_bytes(), name=str(path))) for path in photos]
    assert [told(outcome) for outcome in inspect(photos)] == expected
    assert [told(outcome) for outcome in inspect(photos[::-1])] == expected[::-1]


def test_an_inspection_bears_the_hash_of_the_file(photos: list[Path]) -> None:
    (found,) = inspect(photos[:1])
    assert told(found)[0] == content_hash(photos[0].read_bytes())


def test_what_was_inspected_is_not_read_again(photos: list[Path]) -> None:
    first = [told(outcome) for outcome in inspect(photos)]
    for path in photos:
        spoil(path)
    assert [told(outcome) for outcome in inspect(photos)] == first


def test_what_was_not_inspected_is_inspected_between_what_was(photos: list[Path]) -> None:
    expected = [told(inspect_bytes(path.read_bytes(), name=str(path))) for path in photos]
    inspect(photos[2:5])
    for path in photos[2:5]:
        spoil(path)
    assert [told(outcome) for outcome in inspect(photos)] == expected


def test_a_changed_file_is_inspected_anew(photos: list[Path]) -> None:
    inspect(photos[:1])
    photos[0].write_bytes(photos[1].read_bytes())
    one, other = inspect(photos[:2])
    assert told(one) == told(other)
    photos[0].write_bytes(b"no photo")
    (found,) = inspect(photos[:1])
    assert isinstance(found, PhotoError)


def test_a_copy_and_a_moved_file_are_known_by_what_they_hold(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = inspect(photos[:1])
    copy = Path(shutil.copy(photos[0], photos[0].with_name("copy.png")))
    moved = photos[0].rename(photos[0].with_name("moved.png"))
    monkeypatch.setattr(inspecting, "load_with_photo", lambda *_, **__: pytest.fail("a photo is decoded"))
    assert [told(outcome) for outcome in inspect([copy, moved])] == [told(first)] * 2
    assert known(copy, moved) == [True, True]


def test_a_path_that_is_given_twice_is_told_of_twice(photos: list[Path]) -> None:
    for _ in range(2):
        one, other = inspect([photos[0], photos[0]])
        assert told(one) == told(other)


def test_unreadable_files_are_named_in_their_places(photos: list[Path], tmp_path: Path) -> None:
    broken, missing = tmp_path / "broken.png", tmp_path / "missing.png"
    broken.write_bytes(photos[0].read_bytes()[:50])
    paths = [broken, photos[0], missing, tmp_path, photos[1]]
    for _ in range(2):
        found = inspect(paths)
        assert [isinstance(outcome, Inspection) for outcome in found] == [False, True, False, False, True]
        for path, outcome in zip(paths, found, strict=True):
            assert isinstance(outcome, Inspection) or str(path) in outcome.message


def test_bytes_that_are_no_photo_are_refused_under_their_name() -> None:
    with pytest.raises(PhotoError, match=r"^holiday\.jpg is not a photo"):
        inspect_bytes(b"no photo", name="holiday.jpg")


def test_no_paths_give_no_inspections() -> None:
    assert inspect([]) == ()


def test_progress_counts_what_was_known_first_and_reaches_the_end(photos: list[Path]) -> None:
    inspect(photos[:2])
    progress = Progress()
    inspect([*photos[:5], photos[0].with_name("missing.png")], progress=progress)
    assert progress.reports == [("inspecting", done, 6) for done in range(2, 7)]


@pytest.mark.parametrize("at_once", [256, 2])
def test_what_was_inspected_before_an_interruption_is_kept(
    at_once: int, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspecting, "WRITTEN_AT_ONCE", at_once)
    with pytest.raises(KeyboardInterrupt):
        inspect(photos, progress=Progress(until=5))
    assert known(*photos[:5]) == [True] * 5


def test_inspections_are_written_while_others_are_made(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only at the end: a process that is killed has lost few."""
    monkeypatch.setattr(inspecting, "WRITTEN_AT_ONCE", 2)
    written: list[int] = []

    def count(_: str, done: int, __: int) -> None:
        with ContentStore() as store:
            written.append(len(store.unchanged(photos)))

    inspect(photos, progress=count)
    assert all(seen >= done - 2 for done, seen in enumerate(written))


def test_a_new_recipe_inspects_anew(photos: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    inspect(photos[:1])
    monkeypatch.setattr(inspecting, "RECIPE", "another")
    assert known(photos[0]) == [False]


def test_what_another_kind_of_value_knows_of_a_file_is_no_inspection(photos: list[Path]) -> None:
    from kclass.cache.files import read_file

    read = read_file(photos[0])
    with ContentStore() as store:
        store.add("features", {read.content: b"vector"}, [(read.state, read.content)])
    assert told(inspect(photos[:1])[0]) == told(inspect_bytes(read.data, name=""))


def test_a_cache_that_cannot_be_used_is_an_output_error(photos: list[Path], cache: Path) -> None:
    cache.write_text("in the way")
    with pytest.raises(OutputError, match=f"cannot write {cache}: "):
        inspect(photos)


INSPECTOR = """
import json, sys
from pathlib import Path
from kclass.inspection.inspecting import inspect

paths = sorted(Path(sys.argv[1]).iterdir())
print(json.dumps([found.to_dict() for found in inspect(paths)]))
"""


def test_two_processes_inspect_the_same_photos_at_once(tmp_path: Path) -> None:
    paths = photographed(tmp_path / "many", 60)
    command = processes.python(INSPECTOR, str(tmp_path / "many"))
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda _: processes.run(*command, cwd=tmp_path), range(2)))
    assert [done.stderr for done in ended] == ["", ""]
    one, other = (json.loads(done.stdout) for done in ended)
    assert one == other == [found.to_dict() for found in inspect(paths) if isinstance(found, Inspection)]
    assert known(*paths) == [True] * 60


LIGHT = """
import importlib, pkgutil, sys
import kclass.inspection

for module in pkgutil.iter_modules(kclass.inspection.__path__, "kclass.inspection."):
    importlib.import_module(module.name)
heavy = {"scipy", "sklearn", "matplotlib", "tensorflow", "keras", "keras_cv", "openvino", "pandas"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""


def test_looking_at_photos_needs_no_heavy_library(tmp_path: Path) -> None:
    ended = processes.run(*processes.python(LIGHT), cwd=tmp_path)
    assert (ended.stdout, ended.stderr) == ("[]\n", "")
