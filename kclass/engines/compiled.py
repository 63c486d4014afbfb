"""Networks compiled for this processor, kept in the cache: to compile one again takes three times as long."""

import contextlib
import hashlib
import os
import zlib
from pathlib import Path
from typing import Any, Final

from kclass.engines.network import NETWORKS, Network, make_room
from kclass.engines.runtime import core, openvino
from kclass.errors import OutputError
from kclass.files import cache_folder, write_bytes

COMPILED_VERSION: Final = 1
_CHECKSUM: Final = 4


def compiled(network: Network, *, precision: str, streams: int) -> Any:
    """The `openvino.CompiledModel` of a network, from the cache if it was compiled on this machine before.

    What it computes is the same to the last bit. Photos are predicted where no cache can be written, too:
    there a network is compiled each time.

    Args:
        network: the converted network.
        precision: "f32" or "bf16"; always said outright, since OpenVINO would choose by processor.
        streams: how many photos run side by side; 1 gives a single photo all cores.

    Raises:
        ModelError: OpenVINO cannot read the network.
    """
    options = {"INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": str(streams)}
    try:
        path = _place(network, precision)
    except OutputError:
        return core().compile_model(network.read(), "CPU", options)
    # RuntimeError is OpenVINO's word for a content that is none of its own.
    with contextlib.suppress(OSError, RuntimeError, _DamageError):
        found = core().import_model(_checked(path.read_bytes()), "CPU", options)
        with contextlib.suppress(OSError):  # a cache that may only be read remembers no use
            os.utime(path.parent)
        return found
    made = core().compile_model(network.read(), "CPU", options)
    with contextlib.suppress(OutputError):
        content = made.export_model().getvalue()
        write_bytes(path, content + zlib.crc32(content).to_bytes(_CHECKSUM))
        make_room(path.parent)
    return made


class _DamageError(Exception):
    """A file in the cache is not as it was written."""


def _checked(data: bytes) -> bytes:
    content, checksum = data[:-_CHECKSUM], data[-_CHECKSUM:]
    if zlib.crc32(content).to_bytes(_CHECKSUM) != checksum:
        raise _DamageError
    return content


def _place(network: Network, precision: str) -> Path:
    """The file of a compiled network; one that another processor or OpenVINO made has another name."""
    features = core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    processor = core().get_property("CPU", "FULL_DEVICE_NAME")
    made_by = " ".join((openvino().get_version(), processor, *features))
    key = hashlib.blake2b(made_by.encode(), digest_size=8).hexdigest()
    folder = cache_folder() / NETWORKS / f"{network.fingerprint}-compiled-v{COMPILED_VERSION}"
    return folder / f"{precision}-{key}.blob"
