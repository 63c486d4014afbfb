"""TensorFlow and Keras, imported so that they write nothing into the home folder."""

import os
import sys
from pathlib import Path
from typing import Any

from kclass.errors import KClassError
from kclass.files import cache_folder, is_there


def import_tensorflow() -> Any:
    """The module `tensorflow`, which imports Keras with it.

    Keras makes `~/.keras` when it is imported; if there is none yet, its files go into kclass's
    cache instead. What the user has set is left as it is.
    """
    if "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
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
        KClassError: Keras was imported before with another backend.
    """
    import_tensorflow()
    import keras

    if keras.backend.backend() != "tensorflow":
        raise KClassError(
            f"Keras runs on {keras.backend.backend()} here; kclass needs it on TensorFlow",
            fix="Set KERAS_BACKEND=tensorflow before Keras is first imported.",
        )
    return keras
