import json
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import run
from small_fits import SmallFit, write_photos

import kclass
from kclass.photos.loading import load as load_photo

# Keras alone, as whoever is handed the file has it.
PLAIN_KERAS = """
import json, sys
for name in ("kclass", "keras_cv"):
    sys.modules[name] = None
import keras, numpy
for path in sys.argv[2:]:
    model = keras.saving.load_model(path, safe_mode=True)
    photos = numpy.load(sys.argv[1] + str(model.input_shape[1]) + ".npy")
    print(json.dumps(model.predict(photos, verbose=0).tolist()))
"""


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> SmallFit:
    folder = tmp_path_factory.mktemp("round-trip")
    data = write_photos(folder / "trees", {"ash": 6, "birch": 6})
    classifier = kclass.fit(data, backbone="scratch", size=16, epochs=1, out=folder / "run")
    return SmallFit(data, folder / "run", classifier)


def chances(predictions: kclass.Predictions) -> np.ndarray:
    """float64 (photos, classes), the classes in the model's order."""
    return np.array(
        [[guess.probability for guess in sorted(each.top, key=lambda g: g.index)] for each in predictions]
    )


def alone(classifier: kclass.Classifier, photos: list[Path]) -> np.ndarray:
    return chances(kclass.Predictions(tuple(classifier.predict(photo) for photo in photos), ()))


def test_a_model_predicts_the_same_once_it_is_saved_and_loaded(fitted: SmallFit, tmp_path: Path) -> None:
    photos = sorted(fitted.data.rglob("*.png"))[::4]
    loaded = kclass.load(fitted.classifier.save(tmp_path / "copy.keras"))
    assert loaded.record == fitted.classifier.record
    # One photo is computed in f32, many in the model's precision.
    assert np.abs(alone(loaded, photos) - alone(fitted.classifier, photos)).max() < 1e-5
    many = [chances(each.predict_all(photos)) for each in (loaded, fitted.classifier)]
    assert np.abs(many[0] - many[1]).max() < 1e-5


def test_what_is_loaded_and_saved_again_is_the_same_model(fitted: SmallFit, tmp_path: Path) -> None:
    loaded = kclass.load(fitted.model)
    again = kclass.load(loaded.save(tmp_path / "again.keras"))
    assert again.record == loaded.record
    assert again.novelty is not None
    assert loaded.novelty is not None
    assert again.novelty.to_bytes() == loaded.novelty.to_bytes()
    assert again.archive.weights == loaded.archive.weights
    assert again.archive.graph == loaded.archive.graph
    assert again.network == loaded.network


@pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
def test_plain_keras_opens_the_file_and_gives_the_same_probabilities(
    fitted: SmallFit, scratch: SmallFit, tmp_path: Path
) -> None:
    photos = sorted(fitted.data.rglob("*.png"))[::6]
    for size in (fitted.classifier.size, 16):
        pixels = [load_photo(photo, size=size, how="squash") for photo in photos]
        np.save(tmp_path / f"photos{size}.npy", np.stack(pixels))
    ended = run(
        *(sys.executable, "-c", PLAIN_KERAS, str(tmp_path / "photos"), str(fitted.model), str(scratch.model)),
        cwd=tmp_path,
    )
    assert ended.returncode == 0, ended.stderr
    assert scratch.classifier.record.calibration["temperature"] != 1
    of_keras = [np.array(json.loads(line)) for line in ended.stdout.splitlines()]
    for ours, theirs in zip((fitted, scratch), of_keras, strict=True):
        assert np.abs(alone(ours.classifier, photos) - theirs).max() < 1e-4


@pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
def test_the_keras_model_takes_raw_photos_and_gives_probabilities(fitted: SmallFit) -> None:
    photo = load_photo(fitted.photo, size=fitted.classifier.size, how="squash")
    found = fitted.classifier.keras_model(photo[None].astype(np.float32), training=False).numpy()
    assert np.abs(found - alone(fitted.classifier, [fitted.photo])).max() < 1e-4


def test_the_file_holds_nothing_of_this_machine_but_the_name_of_the_data(fitted: SmallFit) -> None:
    content = fitted.model.read_bytes()
    assert str(fitted.data).encode() not in content
    assert str(Path.home()).encode() not in content
