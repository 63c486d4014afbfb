import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_fits import CLASSES, SmallFit

import kclass
from kclass.explanation.heat import covered
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
    assert set(plain) == {
        "path",
        "label",
        "index",
        "probability",
        "heat",
        "layer",
        "method",
        "unit",
        "flips",
        "verdict",
        "scale",
        "peak",
        "half_area",
    }
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


def test_several_maps_can_share_a_scale(explained: kclass.Explained, tmp_path: Path) -> None:
    assert explained.scale == float(explained.heat.max())
    assert explained.plot().axes[2].get_ylim() == (0, pytest.approx(explained.scale))
    bar = explained.plot(scale=explained.scale / 2).axes[2]
    assert bar.get_ylim() == (0, pytest.approx(explained.scale / 2))
    assert bar.get_yticklabels()[-1].get_text().startswith("≥ ")
    weaker = covered(explained.photo, explained.heat, scale=4 * explained.scale)
    assert (weaker != covered(explained.photo, explained.heat, scale=explained.scale)).any()
    shown = Image.fromarray(weaker).resize((320, 200), Image.Resampling.BILINEAR)
    assert np.array_equal(explained.picture(scale=4 * explained.scale), shown)
    plain, other = explained.save(tmp_path / "a.png"), explained.save(tmp_path / "b.png", scale=9.0)
    assert plain.read_bytes() != other.read_bytes()
    for use in (explained.plot, explained.picture):
        with pytest.raises(kclass.OptionError, match=r"scale is -1\.0; it must be above 0"):
            use(scale=-1.0)


def test_the_place_of_the_evidence_is_told(explained: kclass.Explained) -> None:
    heat = np.zeros((4, 5), np.float32)
    heat[3, 0] = 2
    found = replace(explained, heat=heat)
    assert found.peak is not None
    assert (found.peak.value, found.peak.x, found.peak.y) == pytest.approx((2, 0.1, 0.875))
    assert found.half_area == pytest.approx(0.5 / 20)
    plain = found.to_dict()
    assert plain["peak"] == {"value": 2.0, "x": pytest.approx(0.1), "y": pytest.approx(0.875)}
    assert (plain["half_area"], plain["scale"]) == (pytest.approx(0.025), 2.0)


def test_a_map_that_is_not_finite_is_still_json(explained: kclass.Explained) -> None:
    heat = np.array([[1, np.nan], [np.inf, 0]], np.float32)
    plain = replace(explained, heat=heat, probability=float("nan")).to_dict()
    assert plain["heat"] == [[1.0, None], [None, 0.0]]
    assert [plain[name] for name in ("probability", "peak", "half_area", "scale")] == [None, None, None, 0.0]
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_what_a_figure_says_of_how_the_map_was_made(explained: kclass.Explained) -> None:
    assert explained.made == f"Grad-CAM at {explained.layer}"
    assert explained.made_of() == f"0.png · Grad-CAM at {explained.layer}"
    fine = replace(
        explained, heat=np.eye(320, dtype=np.float32), method="Integrated gradients", layer="photo"
    )
    assert fine.made == "Integrated gradients, shown as means of 10 × 10 pixels"  # noqa: RUF001
    inner = replace(explained, heat=np.eye(160, dtype=np.float32), flips=True)
    assert inner.made == (
        f"Grad-CAM at {explained.layer}, with the mirrored photo, shown as means of 5 × 5 cells"  # noqa: RUF001
    )


def test_a_class_whose_name_cannot_be_drawn_is_called_after_its_place(explained: kclass.Explained) -> None:
    assert explained.name == "ash"
    assert replace(explained, label="07.Old_Bridge", index=3).name == "Old Bridge"
    assert replace(explained, label="\ue000\ue001", index=41).name == "class 41"


def test_notebooks_show_the_picture(explained: kclass.Explained) -> None:
    assert explained._repr_png_().startswith(b"\x89PNG")


def test_the_plain_photo_has_the_shape_of_the_picture(explained: kclass.Explained) -> None:
    assert explained.plain().size == explained.picture().size == (320, 200)
