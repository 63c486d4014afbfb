"""Reads the tensors of a PyTorch weight file of the old format, without PyTorch."""

import io
import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.errors import ModelError

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

# What pickle, struct and NumPy raise on files that are damaged or of another kind.
DAMAGE = (
    pickle.UnpicklingError,
    struct.error,
    EOFError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    size: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


class _TensorUnpickler(pickle.Unpickler):
    """Builds tensors and ordered dictionaries; a pickle that names anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is not a tensor")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _device, size, view = pid
        if kind != "storage" or view is not None:
            raise pickle.UnpicklingError("it holds something else than whole storages")
        return _Storage(key, dtype, size)


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """All tensors of a weight file, by name.

    The format: a magic number, a protocol number and a description of the machine, each pickled;
    the tensors' names and shapes, pickled, with a persistent id for each storage; the storages'
    keys, pickled; then, in the order of the keys, the number of elements (8 bytes) and the raw
    elements of each, all little-endian. Only tensors are unpickled, so no code of the file runs.

    Args:
        path: a file written by `torch.save` before PyTorch 1.6, or later in that format.

    Returns:
        Read-only arrays, float32 or int64, shaped as in the file.

    Raises:
        ModelError: the file cannot be read, or is not of this format.

    Source: `torch/serialization.py` of PyTorch, `_legacy_save`.
    """
    try:
        return _parse(path.read_bytes())
    except OSError as error:
        raise ModelError(f"cannot read the weight file {path}: {error.strerror or error}") from error
    except DAMAGE as error:
        raise ModelError(f"{path} is not a weight file of PyTorch's old format: {error}") from error


def _parse(data: bytes) -> dict[str, NDArray[Any]]:
    file = io.BytesIO(data)

    def load() -> Any:
        return _TensorUnpickler(file).load()

    if load() != MAGIC or load() != PROTOCOL:
        raise ValueError("the magic number is not there")
    if not load()["little_endian"]:
        raise ValueError("it is big-endian")
    tensors: dict[str, _Tensor] = load()
    keys: list[str] = load()
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    starts = {key: _pass_storage(file, storages[key]) for key in keys}
    return {name: _array(data, tensor, starts[tensor.storage.key]) for name, tensor in tensors.items()}


def _pass_storage(file: io.BytesIO, storage: _Storage) -> int:
    (count,) = struct.unpack("<q", file.read(8))
    if count != storage.size:
        raise ValueError(f"storage {storage.key} has {count} elements instead of {storage.size}")
    start = file.tell()
    file.seek(count * storage.dtype.itemsize, io.SEEK_CUR)
    return start


def _array(data: bytes, tensor: _Tensor, start: int) -> NDArray[Any]:
    """A view of the file's bytes; NumPy refuses strides that would lead out of them."""
    dtype = tensor.storage.dtype
    strides = [step * dtype.itemsize for step in tensor.stride]
    offset = start + tensor.offset * dtype.itemsize
    return np.ndarray(tensor.shape, dtype, buffer=data, offset=offset, strides=strides)


def _tensor(
    storage: _Storage,
    offset: int,
    shape: tuple[int, ...],
    stride: tuple[int, ...],
    requires_grad: bool,
    hooks: object,
) -> _Tensor:
    return _Tensor(storage, offset, shape, stride)
