import dataclasses
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kclass.backbones.archive import Archive, weights_file
from kclass.backbones.efficientnet_lite import lite0_archive
from kclass.engines.engine import Engine
from kclass.errors import OutputError
from kclass.features import embedding
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.photos.loading import load


class Progress:
    """Keeps what it is told, and may interrupt after so many photos."""

    def __init__(self, *, until: int | None = None) -> None:
        self.reports: list[tuple[str, int, int]] = []
        self.until = until

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.reports.append((stage, done, total))
        if done == self.until:
            raise KeyboardInterrupt


def test_features_are_those_of_the_network_in_the_order_of_the_paths(
    photograph: Any, extractor: Extractor
) -> None:
    paths = photograph(*range(20))
    found = embed(paths, extractor=extractor)
    engine = extractor.open()
    expected = np.concatenate([engine.run(load(path, size=32)[None]) for path in paths])
    np.testing.assert_array_equal(found.features, expected.astype(np.float16))
    assert (found.features.shape, found.features.dtype) == ((20, 1280), np.float32)
    assert found.readable.tolist() == list(range(20))
    assert (found.unreadable, found.computed) == ((), 20)


def test_rows_keep_the_order_of_the_paths_whatever_is_known_of_them(
    photograph: Any, extractor: Extractor
) -> None:
    paths = photograph(*range(6))
    known = embed(paths[3:], extractor=extractor).features
    found = embed(paths, extractor=extractor)
    assert (found.computed, found.readable.tolist()) == (3, list(range(6)))
    np.testing.assert_array_equal(found.features[3:], known)
    np.testing.assert_array_equal(embed(paths[::-1], extractor=extractor).features, found.features[::-1])


def test_what_was_embedded_is_not_computed_again(photograph: Any, extractor: Extractor) -> None:
    paths = photograph(*range(7))
    first = embed(paths, extractor=extractor)
    again = embed(paths, extractor=extractor)
    assert again.computed == 0
    np.testing.assert_array_equal(again.features, first.features)


def test_ten_new_photos_embed_ten(photograph: Any, extractor: Extractor) -> None:
    embed(photograph(*range(15)), extractor=extractor)
    assert embed(photograph(*range(25)), extractor=extractor).computed == 10


def test_a_copy_and_a_moved_file_are_known_by_what_they_hold(photograph: Any, extractor: Extractor) -> None:
    (path,) = photograph(1)
    first = embed([path], extractor=extractor)
    copy = shutil.copy(path, path.with_name("copy.png"))
    moved = path.rename(path.with_name("moved.png"))
    found = embed([copy, moved], extractor=extractor)
    assert found.computed == 0
    np.testing.assert_array_equal(found.features, np.repeat(first.features, 2, axis=0))


def test_a_path_that_is_given_twice_has_two_rows(photograph: Any, extractor: Extractor) -> None:
    (path,) = photograph(1)
    for _ in range(2):
        found = embed([path, path], extractor=extractor)
        np.testing.assert_array_equal(found.features[0], found.features[1])
        assert found.readable.tolist() == [0, 1]
    assert found.computed == 0


def test_a_known_file_is_not_opened_again(photograph: Any, extractor: Extractor) -> None:
    """Its state alone is looked at: the same size and times, but bytes that are no photo."""
    (path,) = photograph(1)
    first = embed([path], extractor=extractor)
    before = path.stat()
    with path.open("r+b") as file:
        file.write(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = embed([path], extractor=extractor)
    assert found.computed == 0
    np.testing.assert_array_equal(found.features, first.features)


def test_a_file_with_new_content_under_an_old_name_is_embedded_anew(
    photograph: Any, extractor: Extractor
) -> None:
    path, other = photograph(1, 2)
    first = embed([path], extractor=extractor)
    path.write_bytes(other.read_bytes())
    found = embed([path, other], extractor=extractor)
    assert not np.array_equal(found.features[0], first.features[0])
    np.testing.assert_array_equal(found.features[0], found.features[1])


def test_unreadable_files_are_named_and_left_out(
    photograph: Any, extractor: Extractor, tmp_path: Path
) -> None:
    good = photograph(1, 2, 3)
    broken, missing = tmp_path / "broken.jpg", tmp_path / "missing.jpg"
    broken.write_bytes(good[0].read_bytes()[:50])
    paths = [broken, good[0], missing, good[1], tmp_path, good[2]]
    for computed in (3, 0):
        found = embed(paths, extractor=extractor)
        assert found.readable.tolist() == [1, 3, 5]
        assert found.readable.dtype == np.int64
        assert found.computed == computed
        for error, path in zip(found.unreadable, (broken, missing, tmp_path), strict=True):
            assert str(path) in error.message
    np.testing.assert_array_equal(found.features, embed(good, extractor=extractor).features)


def test_no_network_is_made_ready_where_there_is_nothing_for_it(
    photograph: Any, small: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = photograph(1)
    embed([path], extractor=Extractor(small, "squash", "cpu", "f32"))
    (tmp_path / "broken.jpg").write_bytes(path.read_bytes()[:50])
    monkeypatch.setattr(Extractor, "open", lambda _: pytest.fail("an engine is opened"))
    found = embed([path, tmp_path / "broken.jpg"], extractor=Extractor(small, "squash", "cpu", "f32"))
    assert (found.readable.tolist(), len(found.unreadable)) == ([0], 1)


def test_no_paths_and_no_readable_ones_give_no_rows(extractor: Extractor, tmp_path: Path) -> None:
    assert embed([], extractor=extractor).features.shape == (0, 0)
    found = embed([tmp_path / "none.jpg"], extractor=extractor)
    assert (len(found.features), len(found.readable), len(found.unreadable)) == (0, 0, 1)


def test_files_with_any_name_and_any_time_are_taken(photograph: Any, extractor: Extractor) -> None:
    """SQLite takes Unicode and 64 bits; a file system may know more."""
    (path,) = photograph(1)
    named = path.rename(os.fsdecode(os.fsencode(path.parent) + b"/caf\xe9 \xf0\x9f\x9a\x97.png"))
    os.utime(named, (0, 2**34))  # in the year 2514, in ns more than 2**63
    if named.stat().st_mtime_ns < 2**63:
        pytest.skip("this file system knows no times beyond 2**63 ns")
    assert embed([named], extractor=extractor).computed == 1
    assert embed([named], extractor=extractor).computed == 0


def variants(extractor: Extractor) -> dict[str, Extractor]:
    archive = extractor.archive
    weights = dict(archive.layer_weights)
    weights["top_conv"] = [weights["top_conv"][0] * 1.5]
    other = Archive(archive.graph, weights_file(archive.layers, weights))
    return {
        "crop": dataclasses.replace(extractor, resize="crop"),
        "pad": dataclasses.replace(extractor, resize="pad"),
        "precision": dataclasses.replace(extractor, precision="bf16"),
        "size": dataclasses.replace(extractor, archive=lite0_archive(64)),
        "network": dataclasses.replace(extractor, archive=other),
    }


@pytest.mark.parametrize("name", ["crop", "pad", "precision", "size", "network"])
def test_whatever_features_depend_on_keeps_them_apart(
    name: str, photograph: Any, extractor: Extractor
) -> None:
    paths = photograph(1, 2)
    first = embed(paths, extractor=extractor)
    variant = variants(extractor)[name]
    assert variant.recipe != extractor.recipe
    found = embed(paths, extractor=variant)
    assert found.computed == 2
    if name != "precision":  # which a processor without bf16 ignores
        assert not np.allclose(found.features, first.features, rtol=1e-3)
    assert embed(paths, extractor=extractor).computed == 0


def test_the_head_does_not_keep_them_apart(photograph: Any, extractor: Extractor) -> None:
    head = np.ones((1280, 2), np.float32), np.zeros(2, np.float32)
    paths = photograph(1, 2)
    embed(paths, extractor=extractor)
    trained = dataclasses.replace(extractor, archive=extractor.archive.with_head(*head))
    assert embed(paths, extractor=trained).computed == 0


def test_a_new_decoder_embeds_anew(photograph: Any, small: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = photograph(1)
    embed(paths, extractor=Extractor(small, "squash", "cpu", "f32"))
    monkeypatch.setattr("kclass.features.extractor.DECODER_VERSION", 10**6)
    assert embed(paths, extractor=Extractor(small, "squash", "cpu", "f32")).computed == 1


def test_progress_counts_what_was_known_first_and_reaches_the_end(
    photograph: Any, extractor: Extractor, tmp_path: Path
) -> None:
    embed(photograph(0, 1), extractor=extractor)
    progress = Progress()
    embed([*photograph(*range(5)), tmp_path / "missing.png"], extractor=extractor, progress=progress)
    assert progress.reports == [("embedding", done, 6) for done in range(2, 7)]


@pytest.mark.parametrize("at_once", [256, 2])
def test_what_was_computed_before_an_interruption_is_kept(
    at_once: int, photograph: Any, extractor: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "WRITTEN_AT_ONCE", at_once)
    paths = photograph(*range(9))
    with pytest.raises(KeyboardInterrupt):
        embed(paths, extractor=extractor, progress=Progress(until=5))
    assert embed(paths[:5], extractor=extractor).computed == 0
    assert embed(paths, extractor=extractor).computed == 4


class Scaled:
    """An engine whose features are larger by a factor."""

    def __init__(self, engine: Engine, factor: float) -> None:
        self.engine, self.factor = engine, np.float32(factor)
        self.batch, self.workers = engine.batch, engine.workers

    def run(self, photos: Any) -> Any:
        return self.engine.run(photos) * self.factor


@pytest.mark.parametrize("factor", [1.0, 1e6, 1e-7, np.nan])
def test_features_are_the_same_whether_they_were_computed_or_remembered(
    factor: float, photograph: Any, small: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Extractor, "open", lambda self: Scaled(extractor_open(self), factor))
    extractor = Extractor(small, "squash", "cpu", "f32")
    paths = photograph(*range(5))
    first, again = (embed(paths, extractor=extractor) for _ in range(2))
    copy = embed([shutil.copy(paths[0], paths[0].with_name("copy.png"))], extractor=extractor)
    assert (first.computed, again.computed, copy.computed) == (5, 0, 0)
    np.testing.assert_array_equal(again.features, first.features)
    np.testing.assert_array_equal(copy.features, first.features[:1])
    exact = np.concatenate([extractor.open().run(load(path, size=32)[None]) for path in paths])
    expected = exact.astype(np.float16) if factor == 1.0 else exact
    np.testing.assert_array_equal(first.features, expected)


@pytest.mark.parametrize("at_once", [500, 2])
def test_all_that_is_known_is_found_however_much_is_read_at_once(
    at_once: int, photograph: Any, extractor: Extractor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "READ_AT_ONCE", at_once)
    paths = [*photograph(*range(5)), tmp_path / "missing.png", *photograph(1, 1, 6)]
    first = embed(paths, extractor=extractor)
    again = embed(paths, extractor=extractor)
    assert again.computed == 0
    assert again.readable.tolist() == first.readable.tolist() == [0, 1, 2, 3, 4, 6, 7, 8]
    np.testing.assert_array_equal(again.features, first.features)


def test_each_file_is_named_when_it_is_needed_and_no_list_of_all_is_made(
    photograph: Any, extractor: Extractor
) -> None:
    """A data set's files are made one by one: as a list they take more than their features."""
    paths = photograph(*range(6))

    class Files(Sequence[Path]):
        def __len__(self) -> int:
            return len(paths)

        def __iter__(self) -> Any:
            raise AssertionError("all files are asked for")

        def __getitem__(self, place: Any) -> Any:
            assert not isinstance(place, slice) or place.stop - place.start <= embedding.READ_AT_ONCE
            return paths[place]

    assert embed(Files(), extractor=extractor).computed == 6


class Failing:
    """An engine that gives out at one photo, whichever thread brings it."""

    batch, workers = 1, 1

    def __init__(self, engine: Engine, photo: Any) -> None:
        self.engine, self.photo = engine, photo

    def run(self, photos: Any) -> Any:
        if (photos == self.photo).all():
            raise MemoryError
        return self.engine.run(photos)


def test_what_was_computed_before_a_failure_is_kept(
    photograph: Any, small: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = Extractor(small, "squash", "cpu", "f32")
    paths = photograph(*range(9))
    fifth = extractor.decode(paths[4].read_bytes(), name="fifth")
    with monkeypatch.context() as patch:
        patch.setattr(Extractor, "open", lambda self: Failing(extractor_open(self), fifth))
        with pytest.raises(MemoryError):
            embed(paths, extractor=extractor)
    assert embed(paths[:4], extractor=extractor).computed == 0


extractor_open = Extractor.open


def test_a_cache_that_cannot_be_used_is_an_output_error(
    photograph: Any, extractor: Extractor, cache: Path
) -> None:
    cache.write_text("in the way")
    with pytest.raises(OutputError, match=f"cannot write {cache}: ") as caught:
        embed(photograph(1), extractor=extractor)
    assert caught.value.fix == "Free some space, or choose a place you may write to."


def test_embeddings_can_be_compared_and_kept_in_sets(photograph: Any, extractor: Extractor) -> None:
    found = embed(photograph(1, 2), extractor=extractor)
    assert found != dataclasses.replace(found)
    assert len({found, found}) == 1


def test_large_photos_are_embedded_as_they_are_loaded(extractor: Extractor, tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (900, 1200, 3), dtype=np.uint8)).save(path)
    expected = extractor.open().run(load(path, size=32)[None])
    np.testing.assert_array_equal(embed([path], extractor=extractor).features, expected.astype(np.float16))
