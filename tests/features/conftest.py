from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kclass.backbones.archive import Archive
from kclass.backbones.efficientnet_lite import lite0_archive
from kclass.features.extractor import Extractor

Photograph = Callable[..., list[Path]]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of each test's own."""
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def small() -> Archive:
    """A real network at the least size."""
    return lite0_archive(32)


@pytest.fixture(scope="session")
def extractor(small: Archive) -> Extractor:
    return Extractor(small, "squash", "cpu", "f32")


@pytest.fixture
def photograph(tmp_path: Path) -> Photograph:
    """Write photos of 40 x 30 pixels, one for each seed; those that are there stay as they are."""

    def write(*seeds: int, folder: str = "photos") -> list[Path]:
        paths = [tmp_path / folder / f"{seed:03}.png" for seed in seeds]
        for seed, path in zip(seeds, paths, strict=True):
            path.parent.mkdir(exist_ok=True)
            if path.exists():
                continue
            blocks = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), dtype=np.uint8)
            Image.fromarray(np.kron(blocks, np.ones((10, 10, 1), np.uint8))).save(path)
        return paths

    return write
