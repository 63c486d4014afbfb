"""Between Keras models in memory and archives."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from kclass.backbones.archive import DAMAGE, Archive, read_archive
from kclass.errors import ModelError
from kclass.keras_import import import_keras


def archive_of(model: Any) -> Archive:
    """The archive that Keras itself writes for a model, the same in every process that builds it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        archive = read_archive(path)
    return replace(archive, graph=_without_addresses(archive.graph))


def _without_addresses(node: Any) -> Any:
    """The graph without the ids of objects that several layers share, such as initialisers."""
    if isinstance(node, dict):
        return {key: _without_addresses(value) for key, value in node.items() if key != "shared_object_id"}
    return [_without_addresses(part) for part in node] if isinstance(node, list) else node


def keras_model(archive: Archive) -> Any:
    """The Keras model of an archive, opened by Keras in its safe mode, so without running code of it.

    Raises:
        ModelError: Keras cannot open it.
    """
    keras = import_keras()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        replace(archive, entries={}).write(path)
        try:
            return keras.saving.load_model(path, compile=False, safe_mode=True)
        except (OSError, *DAMAGE) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ModelError(f"Keras cannot open the model: {reason}") from error
