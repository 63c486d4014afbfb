"""Networks that are wanted again and again: converted once, and compiled once on each machine.

To read a compiled network takes a third of the time of compiling it.
"""

import contextlib
import hashlib
import os
import shutil
import zlib
from pathlib import Path
from typing import Any, Final

from kclass.backbones.archive import Archive
from kclass.engines.network import CONVERTER_VERSION, Network, compile_options, convert, place_of
from kclass.engines.runtime import core, openvino
from kclass.errors import ModelError, OutputError
from kclass.files import cache_folder, write_bytes

COMPILED_VERSION: Final = 1
NETWORKS: Final = "networks"
"""The folder in the cache, which holds a folder for each network."""

# Bytes of all networks in the cache: about 150 of the embedded backbone.
CACHE_LIMIT = 2 * 2**30

_CHECKSUM: Final = 4


class KeptNetwork(Network):
    """A network that other processes will want, too: what is compiled of it is kept in the cache."""

    def compiled(self, *, precision: str, streams: int) -> Any:
        """The `openvino.CompiledModel`, from the cache if it was compiled on this machine before.

        What it computes is the same to the last bit. Where nothing can be kept, it is compiled each time.
        Arguments and errors are those of `Network.compiled`.
        """
        try:
            path = self._place(precision)
        except OutputError:
            return super().compiled(precision=precision, streams=streams)
        # RuntimeError is OpenVINO's word for a content that is none of its own.
        with contextlib.suppress(OSError, RuntimeError, _DamageError):
            options = compile_options(precision, streams)
            found = core().import_model(_checked(path.read_bytes()), "CPU", options)
            with contextlib.suppress(OSError):  # a cache that may only be read remembers no use
                os.utime(path.parent)
            return found
        made = super().compiled(precision=precision, streams=streams)
        with contextlib.suppress(OutputError):
            content = made.export_model().getvalue()
            write_bytes(path, content + zlib.crc32(content).to_bytes(_CHECKSUM))
            _make_room(path.parent)
        return made

    def _place(self, precision: str) -> Path:
        """The file of what is compiled; of another processor or OpenVINO it has another name."""
        features = core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        processor = core().get_property("CPU", "FULL_DEVICE_NAME")
        made_by = " ".join((openvino().get_version(), processor, *features))
        key = hashlib.blake2b(made_by.encode(), digest_size=8).hexdigest()
        folder = cache_folder() / NETWORKS / f"{self.fingerprint}-compiled-v{COMPILED_VERSION}"
        return folder / f"{precision}-{key}.blob"


class _DamageError(Exception):
    """A file in the cache is not as it was written."""


def _checked(data: bytes) -> bytes:
    content, checksum = data[:-_CHECKSUM], data[-_CHECKSUM:]
    if zlib.crc32(content).to_bytes(_CHECKSUM) != checksum:
        raise _DamageError
    return content


def converted(archive: Archive, *, output: str | None = None) -> KeptNetwork:
    """The archive's network up to a layer, converted once and remembered in the cache.

    Where nothing can be kept, it is converted each time.

    Args:
        archive: the network, with or without head.
        output: name of the layer whose output is wanted; None for the features.

    Raises:
        ModelError: the network has no such layer.
    """
    # Layers go by their places, as in the fingerprint: their names may be others in another process.
    cut = "" if output is None else f"-to-{place_of(archive, output)}"
    try:
        folder = cache_folder() / NETWORKS / f"{archive.fingerprint}{cut}-v{CONVERTER_VERSION}"
    except OutputError:
        return _kept(convert(archive, output=output))
    xml, weights = folder / "network.xml", folder / "network.bin"
    with contextlib.suppress(OSError, ModelError):
        found = KeptNetwork(xml.read_bytes(), weights.read_bytes())
        found.read()  # takes 20 ms, and finds a damaged file while it can still be replaced
        with contextlib.suppress(OSError):  # a cache that may only be read remembers no use
            os.utime(folder)
        return found
    network = _kept(convert(archive, output=output))
    with contextlib.suppress(OutputError):
        write_bytes(weights, network.weights)
        write_bytes(xml, network.xml)
        _make_room(folder)
    return network


def _kept(network: Network) -> KeptNetwork:
    return KeptNetwork(network.xml, network.weights)


def _make_room(newest: Path) -> None:
    """Delete the networks in the cache that were used longest ago, until the others are within the limit.

    Args:
        newest: the folder of one that stays.
    """
    with contextlib.suppress(OSError):  # others may make room at the same time
        folders = sorted(newest.parent.iterdir(), key=lambda folder: folder.stat().st_mtime)
        sizes = {folder: _bytes_in(folder) for folder in folders}
        excess = sum(sizes.values()) - CACHE_LIMIT
        for folder in folders:
            if excess > 0 and folder != newest:
                shutil.rmtree(folder, ignore_errors=True)
                excess -= sizes[folder]


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
