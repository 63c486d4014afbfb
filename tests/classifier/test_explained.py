import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_fits import CLASSES, SmallFit

import kclass
from kclass.explanation.overlays import covered
from kclass.photos.loading import load

pytestmark = pytest.mark.filterwarnings(
    # Keras reads models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
)


@pytest.fixture(scope="module")
def classifier(fitted: SmallFit) -> Iterator[kclass.Classifier]:
    """One that keeps the network it has made ready."""
    yield kclass.load(fitted.model)


@pytest.fixture(scope="module")
def explained(classifier: kclass.Classifier, fitted: SmallFit) -> kclass.Explained:
    return classifier.explain(fitted.photo)


def test_the_most_probable_class_is_explained_if_none_is_named(
    classifier: kclass.Classifier, explained: kclass.Explained, fitted: SmallFit
) -> None:
    predicted = classifier.predict(fitted.photo)
    assert (explained.label, explained.index) == (predicted.label, predicted.index)
    assert explained.probability == pytest.approx(predicted.probability, abs=1e-4)
    assert explained.path == fitted.photo
    assert explained.method == "Grad-CAM"


def test_any_class_can_be_explained_with_its_own_probability_and_map(
    classifier: kclass.Classifier, explained: kclass.Explained, fitted: SmallFit
) -> None:
    guesses = {guess.label: guess for guess in classifier.predict(fitted.photo).top}
    maps = []
    for index, label in enumerate(CLASSES):
        found = classifier.explain(str(fitted.photo), target=label)
        assert (found.label, found.index) == (label, index)
        assert found.probability == pytest.approx(guesses[label].probability, abs=1e-4)
        maps.append(found.heat)
    assert np.array_equal(maps[explained.index], explained.heat)
    assert not any(np.allclose(maps[a], maps[b]) for a, b in ((0, 1), (0, 2), (1, 2)))


def test_the_map_of_another_layer_has_that_layers_grid(
    classifier: kclass.Classifier, explained: kclass.Explained, fitted: SmallFit
) -> None:
    other = classifier.explain(fitted.photo, layer="stem_conv")
    assert other.layer == "stem_conv"
    assert other.heat.shape == (160, 160)
    assert explained.heat.shape == (10, 10)
    assert explained.layer != "stem_conv"
    # And the first layer is explained as before when nobody names one.
    assert np.array_equal(classifier.explain(fitted.photo).heat, explained.heat)


def test_an_unknown_class_is_refused_with_the_nearest(
    classifier: kclass.Classifier, fitted: SmallFit
) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        classifier.explain(fitted.photo, target="brich")
    assert raised.value.message == "class is 'brich'; it must be one of ash, birch, cedar"
    assert raised.value.fix == "Did you mean birch?"


def test_an_unknown_layer_is_refused(classifier: kclass.Classifier, fitted: SmallFit) -> None:
    with pytest.raises(kclass.OptionError, match="layer"):
        classifier.explain(fitted.photo, layer="nowhere")


def test_a_photo_that_cannot_be_read_is_an_error_of_that_photo(classifier: kclass.Classifier) -> None:
    with pytest.raises(kclass.PhotoError, match=r"cannot read gone\.jpg"):
        classifier.explain("gone.jpg")


def test_the_photo_is_what_the_network_saw_and_its_shape_what_people_see(
    classifier: kclass.Classifier, explained: kclass.Explained
) -> None:
    assert explained.photo.shape == (320, 320, 3)
    assert explained.aspect == pytest.approx(48 / 30)
    # Cropped photos keep their shape, so there is nothing to stretch back.
    cropping = replace(classifier, record=replace(classifier.record, resize="crop"))
    assert cropping.explain(explained.path).aspect == 1


def test_an_explanation_sees_exactly_the_pixels_that_a_prediction_sees(
    classifier: kclass.Classifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Large enough for JPEG to be decoded at a reduced scale, which another reserve would change.
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1600, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.jpg")
    monkeypatch.setattr("kclass.photos.loading.SPARE", 1)
    seen = load(tmp_path / "large.jpg", size=320)
    explained = classifier.explain(tmp_path / "large.jpg")
    assert np.array_equal(explained.photo, seen)
    assert explained.aspect == pytest.approx(4 / 3)


def test_explanations_can_be_compared_and_kept_in_sets(explained: kclass.Explained) -> None:
    assert explained != replace(explained)
    assert len({explained, explained}) == 1


def test_the_picture_is_written_as_png(explained: kclass.Explained, tmp_path: Path) -> None:
    path = explained.save(str(tmp_path / "maps" / "ash.png"))
    assert path == tmp_path / "maps" / "ash.png"
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.width > 2 * picture.height  # two wide photos side by side
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(kclass.OutputError, match="cannot write"):
        explained.save(tmp_path / "file" / "ash.png")


def test_plain_data_has_the_map_row_by_row(explained: kclass.Explained) -> None:
    plain = explained.to_dict()
    assert set(plain) == {"path", "label", "index", "probability", "heat", "layer", "method", "verdict"}
    assert np.array_equal(np.array(plain["heat"], np.float32), explained.heat)
    assert json.loads(json.dumps(plain)) == plain


def test_a_map_that_shows_no_place_says_so(explained: kclass.Explained) -> None:
    assert explained.verdict == ""
    empty = replace(explained, heat=np.zeros((7, 7), np.float32))
    assert empty.verdict.startswith("empty: ")
    assert empty.to_dict()["verdict"] == empty.verdict


def test_the_representation_leaves_the_arrays_out(explained: kclass.Explained) -> None:
    assert "array" not in repr(explained)
    assert explained.label in repr(explained)


@pytest.mark.parametrize(("aspect", "shape"), [(1.0, (320, 320)), (2.0, (320, 160)), (0.5, (160, 320))])
def test_its_picture_has_the_shape_of_the_photo(
    explained: kclass.Explained, aspect: float, shape: tuple[int, int]
) -> None:
    picture = replace(explained, aspect=aspect).picture()
    assert (picture.size, picture.mode) == (shape, "RGB")
    if aspect == 1:
        wanted = covered(explained.photo, explained.heat, scale=float(explained.heat.max()))
        assert np.array_equal(np.asarray(picture), wanted)
        assert not np.array_equal(wanted, explained.photo)
