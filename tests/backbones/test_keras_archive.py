import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kclass.backbones.archive import Archive, read_archive
from kclass.backbones.keras_archive import archive_of, keras_model
from kclass.errors import ModelError
from kclass.keras_import import import_keras

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)


def changed(archive: Archive, **layer: Any) -> Archive:
    """The archive with another last layer."""
    graph = json.loads(json.dumps(archive.graph))
    graph["config"]["layers"][-1].update(layer)
    return Archive(graph, archive.weights)


def test_an_archive_is_what_keras_saves_less_addresses_in_memory(many_layers: Any, tmp_path: Path) -> None:
    many_layers.save(tmp_path / "model.keras")
    saved, taken = read_archive(tmp_path / "model.keras"), archive_of(many_layers)
    address = re.compile(r', "shared_object_id": \d+')
    assert len(address.findall(json.dumps(saved.graph))) > 3
    assert json.dumps(taken.graph) == address.sub("", json.dumps(saved.graph))
    assert taken.entries == {}


def test_a_model_comes_back_the_same(
    many_layers: Any, many_layers_archive: Archive, small_photos: Any
) -> None:
    assert np.array_equal(keras_model(many_layers_archive)(small_photos), many_layers(small_photos))


def test_what_lies_beside_the_network_is_not_written_for_keras(
    many_layers_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    keras = import_keras()
    load_model, names = keras.saving.load_model, []

    def noting(path: Path, **options: Any) -> Any:
        with zipfile.ZipFile(path) as file:
            names.extend(file.namelist())
        return load_model(path, **options)

    monkeypatch.setattr(keras.saving, "load_model", noting)
    keras_model(replace(many_layers_archive, entries={"kclass/network.bin": bytes(1000)}))
    assert sorted(names) == ["config.json", "metadata.json", "model.weights.h5"]


def test_code_in_a_model_is_refused_and_does_not_run(many_layers: Any, tmp_path: Path) -> None:
    keras = import_keras()
    trap = tmp_path / "trap"
    code = eval(f"lambda x: (__import__('os').mkdir({str(trap)!r}), x)[1]")
    photo = keras.Input((8, 8, 3), name="photo")
    archive = archive_of(keras.Model(photo, keras.layers.Lambda(code, output_shape=(8, 8, 3))(photo)))
    if trap.exists():
        trap.rmdir()
    with pytest.raises(ModelError, match=r"Keras cannot open the model: .*[Ll]ambda"):
        keras_model(archive)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("module", "kind"), [("os", "mkdir"), ("subprocess", "Popen"), ("keras.layers", "NoSuchLayer")]
)
def test_classes_that_are_no_layers_are_refused(many_layers_archive: Archive, module: str, kind: str) -> None:
    with pytest.raises(ModelError, match="Keras cannot open the model") as caught:
        keras_model(changed(many_layers_archive, module=module, class_name=kind, registered_name=kind))
    assert "\n" not in caught.value.message


@pytest.mark.filterwarnings("ignore:Skipping nested container:UserWarning")
def test_weights_that_do_not_fit_the_graph_are_refused(many_layers_archive: Archive, weigh: Any) -> None:
    keras = import_keras()
    photo = keras.Input((32, 32, 3))
    other = archive_of(keras.Model(photo, keras.layers.Conv2D(2, 1)(photo)))
    with pytest.raises(ModelError, match="Keras cannot open the model"):
        keras_model(Archive(many_layers_archive.graph, other.weights))
