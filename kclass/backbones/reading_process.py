"""Weight files are read in a process of their own, which hands over nothing but numbers.

On some damaged files the HDF5 library crashes, and on some it never ends; so it is not let into the
process that works. When that process is ready, it says so, and the request goes in as JSON; out come
a line of JSON, empty or an error, and then the bytes of the arrays that were wanted, one after another.
"""

import contextlib
import faulthandler
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.file_kinds import AGAIN
from kclass.backbones.layer_matching import Place, WantedLayer
from kclass.backbones.safe_hdf5 import printable
from kclass.backbones.weight_reading import Arrays, read_weights
from kclass.errors import ModelError
from kclass.files import is_there

# Seconds after which reading has failed, beside those for its bytes at a speed that slow disks have.
PATIENCE, SLOWEST = 60, 5 * 2**20

# Bytes of a number that a network wants.
WORD = 4

# Bytes that a process may take beside those of the file and of the arrays, of which it holds copies.
ROOM, COPIES = 2**30, 3

# The line that the answer begins with. Before it comes what others print while Python starts up.
READY = b"kclass is ready to read weights\n"

# What Python writes on stderr before an exception that nobody handles.
TRACEBACK = "Traceback (most recent call last)"

MORE_MEMORY = f"{AGAIN} If this computer limits the memory of a process, allow more."

COMMAND = "from kclass.backbones.reading_process import answer; answer()"


def read_apart(path: Path, wanted: Sequence[WantedLayer], *, backbone: str) -> Arrays:
    """What `read_weights` gives, read in a process of its own.

    Raises:
        ModelError: as `read_weights`; or the process cannot be started, crashed, or did not end.
    """
    request = {
        "path": str(path),
        "backbone": backbone,
        "wanted": [asdict(layer) for layer in wanted],
        "patience": PATIENCE,
    }
    with _process() as (process, said):
        _wait_until_ready(process, said)
        with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
            stdin.write(json.dumps(request).encode())
        try:
            return _received(process.stdout, wanted)
        except EOFError as error:
            process.wait()
            raise _broken_off(path, said) from error


@contextlib.contextmanager
def _process() -> Iterator[tuple[Any, BinaryIO]]:
    """The process, which is gone when the block is left, and the file of what it says on stderr."""
    if not sys.executable:
        raise _not_started("this Python does not know its own program")
    # Python itself passes over what is no text in its path.
    path = os.pathsep.join(each for each in sys.path if isinstance(each, str))
    command, environment = [sys.executable, "-P", "-c", COMMAND], {**os.environ, "PYTHONPATH": path}
    pipe = subprocess.PIPE
    with contextlib.ExitStack() as stack:
        try:
            said = stack.enter_context(tempfile.TemporaryFile())
            process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=said, env=environment)
        except OSError as error:
            raise _not_started(error.strerror or str(error)) from error
        stack.enter_context(process)
        stack.callback(process.kill)
        yield process, said


def _not_started(reason: str) -> ModelError:
    return ModelError(
        f"no process can be started that reads a weight file: {reason}",
        fix="Set sys.executable to the path of the Python that kclass is installed in.",
    )


def _wait_until_ready(process: Any, said: BinaryIO) -> None:
    """Wait until the process has imported all that it needs.

    Raises:
        ModelError: it ended before.
    """
    if any(line.endswith(READY) for line in process.stdout):
        return
    reason = _last_line(said) or f"it ends with code {process.wait()}"
    raise ModelError(
        f"the process that reads weight files does not start up: {reason}",
        fix=f'See to it that {sys.executable} -c "import kclass.backbones.reading_process, h5py" works.',
    )


def _broken_off(path: Path, said: BinaryIO) -> ModelError:
    """The error for an answer that does not come to its end."""
    if TRACEBACK in _all(said):
        return ModelError(f"the weight file {path} cannot be read: {_last_line(said)}", fix=AGAIN)
    return ModelError(
        f"the weight file {path} is damaged: the HDF5 library crashes on it, or reads it for ever", fix=AGAIN
    )


def _last_line(said: BinaryIO) -> str:
    lines = _all(said).split("\n")
    return printable(next((line.strip() for line in reversed(lines) if line.strip()), ""))


def _all(said: BinaryIO) -> str:
    said.seek(0)
    return said.read().decode(errors="replace")


def _received(stream: BinaryIO, wanted: Sequence[WantedLayer]) -> Arrays:
    """What the process answers.

    Raises:
        ModelError: it answers with one.
        EOFError: it does not end its answer.
    """
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    if refusal := json.loads(line):
        raise ModelError(refusal["message"], fix=refusal["fix"])
    return [
        [_array(stream, shape, dtype) for shape, dtype in zip(layer.shapes, layer.dtypes, strict=True)]
        for layer in wanted
    ]


def _array(stream: BinaryIO, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    array = np.empty(shape, dtype)
    content = array.reshape(-1).view(np.uint8)
    if stream.readinto(content.data) != content.size:  # type: ignore[attr-defined]
        raise EOFError
    return array


def answer() -> None:
    """Answer the request on stdin, in the process that reads."""
    import h5py  # noqa: F401  # not ready without it

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks gets it too, and ends this process
    with _answer_stream() as stream:
        stream.write(READY)
        stream.flush()
        _answer(stream)


def _answer_stream() -> BinaryIO:
    """What stdout was until now; what others print goes to stderr from here on."""
    own = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(own, "wb")


def _answer(stream: BinaryIO) -> None:
    request = json.load(sys.stdin)
    path, wanted = Path(request["path"]), [_layer(**layer) for layer in request["wanted"]]
    size = path.stat().st_size if is_there(path) else 0
    _take_no_more_memory(ROOM + COPIES * (size + sum(map(_bytes, wanted))))
    with Path(os.devnull).open("w") as nowhere:
        faulthandler.dump_traceback_later(request["patience"] + size / SLOWEST, exit=True, file=nowhere)
        refusal, arrays = {}, []
        try:
            arrays = read_weights(path, wanted, backbone=request["backbone"])
        except ModelError as error:
            refusal = {"message": error.message, "fix": error.fix}
        except MemoryError:
            refusal = {"message": f"reading the weight file {path} takes too much memory", "fix": MORE_MEMORY}
        stream.write(json.dumps(refusal).encode() + b"\n")
        for array in (array for layer in arrays for array in layer):
            stream.write(array.tobytes())
        stream.flush()
        faulthandler.cancel_dump_traceback_later()


def _take_no_more_memory(most: int) -> None:
    """Let this process take so many bytes more, where the system can count them.

    A damaged length of a text makes the HDF5 library take gigabytes.
    """
    with contextlib.suppress(ImportError, FileNotFoundError):
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = pages * resource.getpagesize() + most
        resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))


def _bytes(layer: WantedLayer) -> int:
    return sum(math.prod(shape) for shape in layer.shapes) * WORD


def _layer(*, place: dict[str, Any], shapes: list[list[int]], dtypes: list[str], **rest: Any) -> WantedLayer:
    return WantedLayer(place=Place(**place), shapes=tuple(map(tuple, shapes)), dtypes=tuple(dtypes), **rest)
