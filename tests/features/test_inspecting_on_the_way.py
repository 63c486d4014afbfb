import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kclass.backbones.efficientnet_lite import lite0_archive
from kclass.backbones.registry import DEFAULT, backbone
from kclass.cache.store import ContentStore
from kclass.features import preparing
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.inspection.inspecting import inspect, inspect_bytes
from kclass.inspection.inspection import RECIPE, Inspection
from kclass.inspection.measuring import AT_LEAST
from kclass.photos.hashing import content_hash
from kclass.photos.loading import SPARE


def spoil(path: Path) -> None:
    """Make a file unreadable as a photo, with size, times and inode as they were."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def told(outcome: object) -> bytes:
    assert isinstance(outcome, Inspection)
    return outcome.to_bytes()


def cached(path: Path) -> bytes | None:
    """The inspection that the cache has of a file's content."""
    content = content_hash(path.read_bytes())
    with ContentStore() as store:
        return store.values(RECIPE, [content]).get(content)


@pytest.fixture(scope="session")
def usual(extractor: Extractor) -> Extractor:
    """The default network, with whose photos others are inspected."""
    return dataclasses.replace(extractor, archive=lite0_archive(backbone(DEFAULT).size))


@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
@pytest.mark.parametrize("size", ["small", "usual"])
def test_photos_that_are_embedded_need_not_be_read_to_be_inspected(
    size: str, resize: Any, photograph: Any, extractor: Extractor, usual: Extractor
) -> None:
    paths = photograph(1, 2, 3)
    expected = [told(inspect_bytes(path.read_bytes(), name="photo")) for path in paths]
    network = usual if size == "usual" else extractor
    embed(paths, extractor=dataclasses.replace(network, resize=resize))
    for path in paths:
        spoil(path)
    assert [told(outcome) for outcome in inspect(paths)] == expected


def large_photo(folder: Path) -> Path:
    path = folder / "large.jpg"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (1500, 2000, 3), dtype=np.uint8)).save(path)
    return path


def test_photos_are_inspected_at_the_scale_that_the_default_network_wants() -> None:
    assert SPARE * backbone(DEFAULT).size == AT_LEAST


def test_a_photo_decoded_at_the_scale_of_inspections_is_inspected(usual: Extractor, tmp_path: Path) -> None:
    path = large_photo(tmp_path)
    embed([path], extractor=usual)
    assert cached(path) == told(inspect_bytes(path.read_bytes(), name="photo"))


def test_a_photo_decoded_at_another_scale_is_left_to_inspect(extractor: Extractor, tmp_path: Path) -> None:
    path = large_photo(tmp_path)
    embed([path], extractor=extractor)
    assert cached(path) is None
    assert told(*inspect([path])) == told(inspect_bytes(path.read_bytes(), name="photo"))


def test_what_is_inspected_already_is_not_inspected_again(
    photograph: Any, extractor: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = photograph(1, 2)
    inspect(paths)
    monkeypatch.setattr(preparing, "measured", lambda *_, **__: pytest.fail("a photo is inspected again"))
    assert embed(paths, extractor=extractor).computed == 2


def test_unreadable_photos_leave_no_inspection(extractor: Extractor, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(large_photo(tmp_path).read_bytes()[:5000])
    assert len(embed([broken], extractor=extractor).unreadable) == 1
    assert cached(broken) is None
