"""Networks that are wanted again and again: converted once, and compiled once on each machine.

To read a compiled network takes a third of the time of compiling it.
"""

import contextlib
import hashlib
import os
import re
import shutil
import zlib
from pathlib import Path
from typing import Any, Final

from kclass.backbones.archive import Archive
from kclass.engines.network import CONVERTER_VERSION, Network, compile_options, convert, place_of
from kclass.engines.runtime import core, openvino
from kclass.errors import OutputError
from kclass.files import cache_folder, whole_file

COMPILED_VERSION: Final = 1
NETWORKS: Final = "networks"
"""The folder in the cache, which holds a folder for each network."""

XML, WEIGHTS = "network.xml", "network.bin"

# Bytes of all networks in the cache. A fit of the embedded backbone keeps about 55 MB.
CACHE_LIMIT = 2 * 2**30
# What is kept only to save a second or two must leave room for what takes minutes to make.
MOST_KEPT = CACHE_LIMIT // 8

_CHECKSUM: Final = 4
_OWN: Final = re.compile(r"[0-9a-f]+(-to-\d+)?(-compiled)?-v\d+")


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
            found = core().import_model(_read(path), "CPU", options)
            with contextlib.suppress(OSError):  # a cache that may only be read remembers no use
                os.utime(path.parent)
            return found
        made = super().compiled(precision=precision, streams=streams)
        # It is there, and runs; that it cannot be kept is nobody's loss.
        with contextlib.suppress(OutputError, RuntimeError, MemoryError):
            if len(self.weights) <= MOST_KEPT:
                _write(path, made.export_model().getvalue())
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


def _write(path: Path, content: bytes) -> None:
    """Write a file of the cache, with a checksum at its end."""
    with whole_file(path) as part, part.open("wb") as file:
        file.write(content)
        file.write(zlib.crc32(content).to_bytes(_CHECKSUM))


def _read(path: Path) -> bytes:
    """What was written into a file of the cache.

    Raises:
        OSError: it cannot be read.
        _DamageError: it is not as it was written.
    """
    data = path.read_bytes()
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
        folder = _folder(archive, cut)
    except OutputError:
        return _kept(convert(archive, output=output))
    xml, weights = folder / XML, folder / WEIGHTS
    with contextlib.suppress(OSError, _DamageError):
        found = KeptNetwork(_read(xml), _read(weights))
        core()  # whoever wants it runs it soon, in threads that had better not begin by importing OpenVINO
        with contextlib.suppress(OSError):  # a cache that may only be read remembers no use
            os.utime(folder)
        return found
    network = _kept(convert(archive, output=output))
    if output is None or len(network.weights) <= MOST_KEPT:
        with contextlib.suppress(OutputError):
            _write(weights, network.weights)
            _write(xml, network.xml)
            _make_room(folder)
    return network


def is_converted(network: Network, archive: Archive) -> bool:
    """Whether a network is what the archive's was converted into here, for all that is kept here.

    A model file holds both, and whoever made it could have made them differ.

    Args:
        network: up to the features.
        archive: the network, with or without head.
    """
    try:
        folder = _folder(archive)
        return KeptNetwork(_read(folder / XML), _read(folder / WEIGHTS)).fingerprint == network.fingerprint
    except (OSError, OutputError, _DamageError):
        return False


def _folder(archive: Archive, cut: str = "") -> Path:
    return cache_folder() / NETWORKS / f"{archive.fingerprint}{cut}-v{CONVERTER_VERSION}"


def _kept(network: Network) -> KeptNetwork:
    return KeptNetwork(network.xml, network.weights)


def _make_room(newest: Path) -> None:
    """Delete the networks in the cache that were used longest ago, until the others are within the limit.

    Args:
        newest: the folder of one that stays.
    """
    folders: list[Path] = []
    with contextlib.suppress(OSError):
        folders += (path for path in newest.parent.iterdir() if _OWN.fullmatch(path.name))
    # Others may make room at the same time: what is gone was used long ago and has no size.
    sizes = {folder: _bytes_in(folder) for folder in sorted(folders, key=_last_used)}
    excess = sum(sizes.values()) - CACHE_LIMIT
    for folder, size in sizes.items():
        if excess > 0 and folder != newest:
            shutil.rmtree(folder, ignore_errors=True)
            excess -= size


def _last_used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


def _bytes_in(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.iterdir())
    except OSError:
        return 0
