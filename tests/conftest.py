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
    socket.socket.connect = _connect  # type: ignore[method-assign]
    socket.getaddrinfo = _look_up  # type: ignore[assignment]


_real_connect, _real_look_up = socket.socket.connect, socket.getaddrinfo
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _connect(own: socket.socket, address: Any) -> None:
    is_loopback = address[0] in _LOOPBACK or str(address[0]).startswith("127.")
    if own.family in (socket.AF_INET, socket.AF_INET6) and not is_loopback:
        raise OSError("tests use no network but loopback")
    _real_connect(own, address)


def _look_up(host: Any, *arguments: Any, **options: Any) -> Any:
    # What is a number already is not looked up.
    if (
        host not in _LOOPBACK
        and not str(host).startswith("127.")
        and not options.get("flags", 0) & socket.AI_NUMERICHOST
    ):
        raise socket.gaierror("tests use no network but loopback")
    return _real_look_up(host, *arguments, **options)


@pytest.fixture(scope="session")
def lite0() -> Archive:
    """EfficientNet-Lite0 with its ImageNet weights, at 224 pixels, without head."""
    return lite0_archive(224)
