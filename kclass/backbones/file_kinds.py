"""What a file that is given as weights is, by its first bytes; its name does not count."""

import re
import stat
import zipfile
from collections.abc import Collection
from enum import Enum
from pathlib import Path

from kclass.backbones.archive import CONFIG, DAMAGE, SIZE_LIMIT, WEIGHTS
from kclass.errors import ModelError
from kclass.photos.hashing import file_content_hash

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
ZIP_SIGNATURE = b"PK\x03\x04"
PICKLE_PROTOCOLS = range(2, 6)

# The pickled magic number with which PyTorch's old format begins, after the pickle's own two bytes.
TORCH_MAGIC = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."

# What the HDF5 library says of a file that is shorter than it was.
HDF5_LENGTHS = re.compile(r"truncated file: eof = (\d+),.* stored_eof = (\d+)")

HEAD = 512
SHOWN = 40

WHICH = "Give a .weights.h5, .keras or .h5 file that Keras saved, or the word imagenet or none."
AGAIN = "Download or copy it again, or save it again with Keras."
WITH_KERAS = "Save its weights with Keras where it was made: model.save_weights('backbone.weights.h5')."


class Kind(Enum):
    """The two formats in which Keras keeps weights."""

    HDF5 = "HDF5"
    KERAS = "a .keras archive"


def kind_of(path: Path) -> Kind:
    """Which kind of weight file this is.

    Raises:
        ModelError: it is not there, cannot be read, has more bytes than such files have, or is none;
            the error says what it is instead.
    """
    try:
        kind, size = _kind(path), path.stat().st_size
    except FileNotFoundError as error:
        raise ModelError(f"there is no weight file {path}", fix=WHICH) from error
    except OSError as error:
        raise unreadable(path, error) from error
    except DAMAGE as error:
        raise damaged(path, error) from error
    if size > SIZE_LIMIT:
        raise ModelError(f"the weight file {path} has more than {SIZE_LIMIT:,} bytes", fix=WITH_KERAS)
    return kind


def weight_file_hash(path: Path) -> str:
    """The hash of a weight file's bytes, read piece by piece.

    Raises:
        ModelError: as `kind_of`.
    """
    kind_of(path)
    try:
        return file_content_hash(path)
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> ModelError:
    """The error for a file that the system does not give."""
    return ModelError(
        f"cannot read the weight file {path}: {error.strerror or error}",
        fix="Give a file that you may read, for instance a copy of your own.",
    )


def damaged(path: Path, error: Exception) -> ModelError:
    """The error for a file of the right kind on whose content a library fails."""
    reason = " ".join(str(error).split()).strip("'\"") or type(error).__name__
    if lengths := HDF5_LENGTHS.search(reason):
        there, whole = (f"{int(length):,}" for length in lengths.groups())
        return ModelError(
            f"the weight file {path} is cut short: it has {there} of its {whole} bytes", fix=AGAIN
        )
    return ModelError(f"the weight file {path} is damaged or cut short ({reason})", fix=AGAIN)


def _kind(path: Path) -> Kind:
    head = _head(path)
    if head.startswith(HDF5_SIGNATURE):
        return Kind.HDF5
    if head.startswith(ZIP_SIGNATURE):
        return _kind_of_zip(path)
    raise _refusal(path, head)


def _head(path: Path) -> bytes:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise _folder(path)
    if not stat.S_ISREG(mode):
        raise ModelError(f"{path} is a device or a pipe, not a weight file", fix=WHICH)
    with path.open("rb") as file:
        return file.read(HEAD)


def _folder(path: Path) -> ModelError:
    if (path / "saved_model.pb").exists():
        return ModelError(f"{path} is a TensorFlow SavedModel, not a weight file", fix=WITH_KERAS)
    return ModelError(f"{path} is a folder, not a weight file", fix=WHICH)


def _kind_of_zip(path: Path) -> Kind:
    if not zipfile.is_zipfile(path):
        raise ModelError(f"the weight file {path} is cut short: the end of the archive is missing", fix=AGAIN)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if CONFIG in names and WEIGHTS in names:
        return Kind.KERAS
    raise _torch(path) if _is_torch(names) else _other_zip(path, names)


def _is_torch(names: Collection[str]) -> bool:
    return any(name == "data.pkl" or name.endswith("/data.pkl") for name in names)


def _other_zip(path: Path, names: Collection[str]) -> ModelError:
    missing = WEIGHTS if WEIGHTS not in names else CONFIG
    return ModelError(f"{path} is a zip archive, but not a .keras one: it has no {missing}", fix=WHICH)


def _torch(path: Path) -> ModelError:
    return ModelError(f"{path} is a file of PyTorch, whose weights Keras cannot take", fix=WHICH)


def _refusal(path: Path, head: bytes) -> ModelError:
    """Why a file that begins like this is no weight file."""
    if not head:
        return ModelError(f"the weight file {path} is empty", fix=AGAIN)
    if HDF5_SIGNATURE.startswith(head) or ZIP_SIGNATURE.startswith(head):
        return ModelError(f"the weight file {path} is cut short: it has {len(head)} bytes", fix=AGAIN)
    if head[0] == 0x80 and head[1:2] and head[1] in PICKLE_PROTOCOLS:
        return _torch(path) if head[2:].startswith(TORCH_MAGIC) else _pickle(path)
    if text := _as_text(head):
        return ModelError(f"{path} is a text file that begins with {text!r}, not weights", fix=WHICH)
    return ModelError(f"{path} is not a weight file: neither HDF5 nor a .keras archive", fix=WHICH)


def _pickle(path: Path) -> ModelError:
    return ModelError(
        f"{path} is a pickle, which can run code when it is opened, so kclass opens none", fix=WITH_KERAS
    )


def _as_text(head: bytes) -> str:
    """The beginning of what is text; empty if it is none."""
    try:
        text = " ".join(head.decode().split())
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else a letter was cut at the end
            return ""
        text = " ".join(head[: error.start].decode().split())
    return text[:SHOWN] if text.isprintable() else ""
