"""Keras's files of ImageNet weights: downloaded once by Keras, or put into its folder by hand."""

import contextlib
import hashlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kclass.backbones.archive import DAMAGE
from kclass.backbones.efficientnet_lite import EMBEDDED
from kclass.backbones.facts import FACTS
from kclass.errors import ModelError, OutputError
from kclass.files import is_there, make_folder
from kclass.keras_import import import_keras, keras_folder, own_keras_folder

SHA256_LENGTH = 64


def imagenet_path(name: str) -> Path:
    """Where Keras keeps the ImageNet weights of a network, whether they are there or not.

    That is Keras's folder, or kclass's cache if they were put there before Keras had a folder.

    Args:
        name: one of `kclass.backbones.applications.APPLICATIONS`.
    """
    usual, own = (
        folder / "models" / FACTS[name].weights_file for folder in (keras_folder(), own_keras_folder())
    )
    return own if is_there(own) and not is_there(usual) else usual


def imagenet_stamp(name: str) -> str:
    """What tells the weight file that is there from one that took its place.

    Empty for networks whose file has a hash, which says that: another file is not taken.

    Args:
        name: one of `kclass.backbones.applications.APPLICATIONS`.
    """
    path = imagenet_path(name)
    if FACTS[name].weights_hash or not is_there(path):
        return ""
    status = path.stat()
    return f"-{status.st_size}-{status.st_mtime_ns}"


def imagenet_weights(name: str) -> Callable[[Any], None]:
    """What loads the ImageNet weights, which Keras downloads if they are not there.

    Args:
        name: one of `kclass.backbones.applications.APPLICATIONS`.
    """

    def load(net: Any) -> None:
        path = fetch_weights(name)
        try:
            net.load_weights(path)
        except (OSError, *DAMAGE) as error:
            raise ModelError(
                f"{path} does not hold the ImageNet weights of {name}, or it is damaged",
                fix="Delete it, so that it is downloaded again, or put a whole one in its place.",
            ) from error

    return load


def fetch_weights(name: str) -> Path:
    """The weight file, whole as far as its hash tells; Keras downloads it if it is not there.

    Keras itself would delete a damaged file before it knows whether there is another.

    Args:
        name: one of `kclass.backbones.applications.APPLICATIONS`.

    Raises:
        ModelError: it is not here or damaged, and cannot be downloaded or put into its folder.
    """
    path = imagenet_path(name)
    there = is_there(path)
    if there and _whole(path, FACTS[name].weights_hash):
        return path
    folder = _folder_beside(path, name)
    try:
        _download(name, path, folder)
    except Exception as error:  # Keras wraps what urllib raises in a bare Exception.
        reason = (str(error) or type(error).__name__).splitlines()[0].rpartition(" -- ")[2]
        wrong = f"{path} is damaged and " if there else ""
        raise ModelError(
            f"{wrong}the ImageNet weights of {name} cannot be downloaded ({reason})",
            fix=f"Go online once, or put {path.name} into {path.parent}; or use"
            f" --backbone {EMBEDDED}, whose weights are installed.",
        ) from error
    return path


def _whole(path: Path, expected: str) -> bool:
    if not expected:
        return True
    method = "sha256" if len(expected) == SHA256_LENGTH else "md5"
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, method).hexdigest() == expected
    except OSError as error:
        raise ModelError(f"cannot read the weight file {path}: {error.strerror or error}") from error


def _folder_beside(path: Path, name: str) -> "tempfile.TemporaryDirectory[str]":
    """A folder for the download on the file system where the file will lie."""
    try:
        return tempfile.TemporaryDirectory(dir=make_folder(path.parent))
    except (OSError, OutputError) as error:
        reason = error.message if isinstance(error, OutputError) else error.strerror or str(error)
        raise ModelError(
            f"the ImageNet weights of {name} cannot be put into {path.parent}: {reason}",
            fix=f"Set KERAS_HOME to a folder that you may write; or use --backbone {EMBEDDED},"
            " whose weights are installed.",
        ) from error


def _download(name: str, path: Path, beside: "tempfile.TemporaryDirectory[str]") -> None:
    facts = FACTS[name]
    with beside as folder:
        # Keras tells of its download on stdout, which belongs to results.
        with contextlib.redirect_stdout(sys.stderr):
            import_keras().utils.get_file(
                path.name,
                facts.weights_url,
                file_hash=facts.weights_hash or None,
                cache_dir=folder,
                cache_subdir="",
            )
        (Path(folder) / path.name).replace(path)
