"""TensorFlow and Keras, imported so that they write nothing into the home folder."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from kclass.errors import KClassError
from kclass.files import cache_folder, is_there

BACKEND = "tensorflow"
VARIABLE = "KERAS_BACKEND"

_SET = f"{VARIABLE}={BACKEND}"


def check_backend() -> None:
    """Check that Keras runs on TensorFlow, or will once it is imported. Imports nothing.

    Keras goes by the environment variable KERAS_BACKEND, then by the file keras.json in its folder;
    once it is imported, neither matters any more.

    Raises:
        KClassError: it runs, or is told to run, on another backend.
    """
    imported, variable = _imported_backend(), os.environ.get(VARIABLE)
    if imported:
        where, backend, fix = "Keras runs on", imported, f"Set {_SET} before Keras is first imported."
    elif variable:
        where, backend, fix = f"{VARIABLE} is", variable, f"Unset it, or set {_SET}."
    else:
        file = keras_folder() / "keras.json"
        where, backend = f"{file} sets Keras's backend to", _backend_of(file)
        fix = f"Change it there, or set {_SET}, which counts for more."
    if backend != BACKEND:
        raise KClassError(f"{where} {backend}; kclass needs Keras on TensorFlow", fix=fix)


def _imported_backend() -> str | None:
    """What Keras runs on; None if it is not imported yet, or is being imported by another thread."""
    backend = getattr(sys.modules.get("keras"), "backend", None)
    name = getattr(backend, "backend", None)
    return None if name is None else str(name())


def _backend_of(file: Path) -> str:
    """What Keras takes from its settings: TensorFlow, if they are not there or say nothing of it."""
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return BACKEND
    return str(settings.get("backend", BACKEND)) if isinstance(settings, dict) else BACKEND


def import_tensorflow() -> Any:
    """The module `tensorflow`, which imports Keras with it.

    Keras makes `~/.keras` when it is imported; if there is none yet, its files go into kclass's
    cache instead. What the user has set is left as it is.

    Raises:
        KClassError: see `check_backend`.
    """
    check_backend()
    if "keras" not in sys.modules:
        os.environ.setdefault(VARIABLE, BACKEND)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        os.environ.setdefault("KERAS_HOME", str(keras_folder()))
        if "matplotlib" not in sys.modules:  # Keras imports it, and it makes folders as well
            os.environ.setdefault("MPLCONFIGDIR", str(cache_folder() / "matplotlib"))
    import tensorflow

    return tensorflow


def keras_folder() -> Path:
    """Keras's own folder: `KERAS_HOME`, or `~/.keras` if there is one, or else one in kclass's cache."""
    chosen = os.environ.get("KERAS_HOME")
    if chosen:
        return Path(os.path.expanduser(chosen))  # noqa: PTH111 - `Path.expanduser` raises for nobody's home
    usual = Path(os.path.expanduser("~/.keras"))  # noqa: PTH111
    return usual if is_there(usual) else own_keras_folder()


def own_keras_folder() -> Path:
    """The folder for Keras's files in kclass's cache."""
    return cache_folder() / "keras"


def import_keras() -> Any:
    """The module `keras`, running on TensorFlow.

    Raises:
        KClassError: see `check_backend`; or Keras was half imported for another backend, which is not
            installed.
    """
    import_tensorflow()
    try:
        import keras
    except ModuleNotFoundError as error:
        raise KClassError(
            f"Keras cannot be imported: {error}", fix=f"Start Python anew, with {_SET}."
        ) from error
    return keras
