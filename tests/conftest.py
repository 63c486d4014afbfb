"""What holds for every test: a cache and settings of its own, no network, no time limits of hypothesis."""

import os
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from kclass.backbones.archive import Archive
from kclass.backbones.efficientnet_lite import lite0_archive

settings.register_profile("kclass", deadline=None, max_examples=50)
settings.load_profile("kclass")


def pytest_configure(config: pytest.Config) -> None:
    """Before anything else is imported: Keras and matplotlib choose their folders at that moment."""
    folder = tempfile.TemporaryDirectory(prefix="kclass-tests-")
    config.add_cleanup(folder.cleanup)
    for variable in ("KCLASS_CACHE", "MPLCONFIGDIR", "KERAS_HOME"):
        os.environ[variable] = str(Path(folder.name) / variable.lower())
    socket.socket.connect = _refuse  # type: ignore[assignment,method-assign]
    socket.getaddrinfo = _refuse


def _refuse(*_: Any, **__: Any) -> Any:
    raise OSError("tests use no network")


@pytest.fixture(scope="session")
def lite0() -> Archive:
    """EfficientNet-Lite0 with its ImageNet weights, at 224 pixels, without head."""
    return lite0_archive(224)
