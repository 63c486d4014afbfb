from pathlib import Path

import pytest
from planting import Plant


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Write files below a folder, each with bytes of its own: scanning and splitting read no pixels."""

    def write(*names: str, folder: str = "photos") -> Path:
        root = tmp_path / folder
        root.mkdir(exist_ok=True)
        for name in names:
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(name.encode("utf-8"))
        return root

    return write
