from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache, in a folder of its own for each test."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("KCLASS_CACHE", str(folder))
    return folder
