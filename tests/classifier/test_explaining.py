from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from processes import python, run
from small_fits import CLASSES, SmallFit

import kclass
from kclass.classifier.explaining import AT_ONCE

pytestmark = pytest.mark.filterwarnings(
    # Keras reads models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
)


def test_many_photos_are_explained_in_order_each_for_its_class(fitted: SmallFit, tmp_path: Path) -> None:
    classifier = kclass.load(fitted.model)
    photos = sorted(fitted.data.rglob("*.png"))[: AT_ONCE + 2]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    told: list[tuple[str, int, int]] = []
    found = [
        *classifier.explain_all(
            [photos[0], broken, *photos[1:]],
            targets=[CLASSES[2], None, CLASSES[1], *[None] * (len(photos) - 2)],
            progress=lambda stage, done, total, note="": told.append((stage, done, total)),
        )
    ]
    assert isinstance(found[1], kclass.PhotoError)
    assert "broken.jpg" in found[1].message
    explained = [each for each in found if isinstance(each, kclass.Explained)]
    assert [each.path for each in explained] == photos
    assert [each.label for each in explained[:2]] == [CLASSES[2], CLASSES[1]]
    for each in explained:
        alone = classifier.explain(each.path, target=each.label)
        assert np.array_equal(alone.heat, each.heat)
        assert alone.probability == pytest.approx(each.probability, abs=1e-6)
    assert [each.label for each in explained[2:]] == [
        classifier.predict(each.path).label for each in explained[2:]
    ]
    assert told[0] == ("explaining", 0, AT_ONCE + 3)
    assert told[-1] == ("explaining", AT_ONCE + 3, AT_ONCE + 3)


def test_targets_are_as_many_as_photos_and_classes_of_the_model(fitted: SmallFit) -> None:
    classifier = kclass.load(fitted.model)
    with pytest.raises(kclass.OptionError, match="there are 1 targets for 2 photos"):
        classifier.explain_all([fitted.photo, fitted.photo], targets=[None])
    with pytest.raises(kclass.OptionError, match="there are 0 targets for 2 photos"):
        classifier.explain_all([fitted.photo, fitted.photo], targets=[])
    assert [*classifier.explain_all([], targets=[])] == []
    with pytest.raises(kclass.OptionError, match="elm"):
        classifier.explain_all([fitted.photo], targets=["elm"])


def test_the_layer_that_is_pooled_is_explained_without_tensorflow(fitted: SmallFit, tmp_path: Path) -> None:
    code = """
import sys, kclass
found = kclass.load(sys.argv[1]).explain(sys.argv[2])
print(found.method, found.heat.max() > 0, sorted({"tensorflow", "keras"} & set(sys.modules)))
"""
    found = run(*python(code, str(fitted.model), str(fitted.photo)), cwd=tmp_path)
    assert (found.stdout, found.stderr) == ("Grad-CAM True []\n", "")


def test_it_is_the_map_of_the_gradient(fitted: SmallFit) -> None:
    classifier = kclass.load(fitted.model)
    found = classifier.explain(fitted.photo)
    wanted = kclass.explain(classifier.keras_model, found.photo[None], targets=np.array([found.index]))
    assert (found.layer, found.method) == (wanted.layer, wanted.method)
    np.testing.assert_allclose(found.heat, wanted.maps[0], atol=1e-3 * float(wanted.peaks[0]))
    assert found.probability == pytest.approx(float(wanted.probabilities[0, found.index]), abs=1e-4)


def test_flips_take_the_mean_with_the_mirrored_photo(fitted: SmallFit, tmp_path: Path) -> None:
    classifier = kclass.load(fitted.model)
    mirrored = tmp_path / "mirrored.png"
    with Image.open(fitted.photo) as photo:
        photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(mirrored)
    label = classifier.explain(fitted.photo).label
    plain, turned = (classifier.explain(path, target=label) for path in (fitted.photo, mirrored))
    found = classifier.explain(fitted.photo, target=label, flips=True)
    assert not np.allclose(plain.heat, turned.heat[:, ::-1], rtol=0.02)
    np.testing.assert_allclose(found.heat, (plain.heat + turned.heat[:, ::-1]) / 2, atol=1e-3)
    assert (found.flips, plain.flips) == (True, False)
    assert found.to_dict()["flips"] is True
    (many,) = classifier.explain_all([fitted.photo], targets=[label], flips=True)
    assert isinstance(many, kclass.Explained)
    assert np.array_equal(many.heat, found.heat)


def test_options_of_explaining_that_cannot_be_used_are_refused(fitted: SmallFit) -> None:
    classifier = kclass.load(fitted.model)
    for options, message in (
        ({"flips": 1}, "flips is 1; it must be True or False"),
        ({"layer": 3}, "layer is 3; it must be the name of a layer"),
        ({"method": "gradcam"}, "method is 'gradcam'; it must be one of "),
        ({"method": "occlusion", "layer": "stem_conv"}, "layer is 'stem_conv', but occlusion looks at "),
    ):
        for explain in (classifier.explain, classifier.explain_top):
            with pytest.raises(kclass.OptionError) as raised:
                explain(fitted.photo, **options)
            assert raised.value.message.startswith(message)
        for explain_many in (classifier.explain_all, classifier.explain_top_all):
            with pytest.raises(kclass.OptionError):
                explain_many([fitted.photo], **options)  # at once, not when the first photo is asked for


def test_the_most_probable_classes_are_explained_in_that_order(fitted: SmallFit) -> None:
    classifier = kclass.load(fitted.model)
    found = classifier.explain_top(str(fitted.photo), top=2)
    guesses = classifier.predict(fitted.photo, top=2).top
    assert [each.label for each in found] == [guess.label for guess in guesses]
    for each, guess in zip(found, guesses, strict=True):
        assert each.probability == pytest.approx(guess.probability, abs=1e-4)
        assert np.array_equal(each.heat, classifier.explain(fitted.photo, target=each.label).heat)
    assert len(classifier.explain_top(fitted.photo, top=1)) == 1
    assert len(classifier.explain_top(fitted.photo)) == len(classifier.explain_top(fitted.photo, top=9)) == 3


def test_many_photos_are_explained_for_their_most_probable_classes(fitted: SmallFit) -> None:
    classifier = kclass.load(fitted.model)
    photos = [fitted.photo, Path("gone.jpg"), *sorted((fitted.data / "cedar").iterdir())]
    told: list[tuple[int, int]] = []
    found = [
        *classifier.explain_top_all(
            photos, top=2, progress=lambda stage, done, total, note="": told.append((done, total))
        )
    ]
    assert isinstance(found[1], kclass.PhotoError)
    with pytest.raises(kclass.PhotoError, match=r"cannot read gone\.jpg"):
        classifier.explain_top(photos[1])
    tops = [each for each in found if isinstance(each, kclass.ExplainedTop)]
    assert [each.path for each in tops] == [photos[0], *photos[2:]]
    assert tops[-1].maps[1].label == classifier.explain_top(photos[-1], top=2).maps[1].label
    assert (told[0], told[-1]) == ((0, len(photos)), (len(photos), len(photos)))


@pytest.mark.parametrize("top", [0, -1, 1.5, True, "3"])
def test_top_is_a_whole_number_above_0(top: Any, fitted: SmallFit) -> None:
    with pytest.raises(kclass.OptionError, match=r"^top is "):
        kclass.load(fitted.model).explain_top(fitted.photo, top=top)


def test_a_photo_has_the_class_of_the_nearest_folder_that_is_called_after_one(
    fitted: SmallFit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = kclass.load(fitted.model)
    deep = tmp_path / "birch" / "cedar" / "2024" / "a.jpg"
    assert classifier.folder_classes([fitted.photo, deep]) == ["ash", "cedar"]
    (tmp_path / "birch").mkdir()
    monkeypatch.chdir(tmp_path / "birch")
    assert classifier.folder_classes(["a.jpg"]) == ["birch"]
    with pytest.raises(kclass.DataError) as raised:
        classifier.folder_classes([deep, tmp_path / "ashes" / "b.jpg"])
    assert raised.value.message == (
        f"1 photo lies in no folder of a class of the model: {tmp_path / 'ashes' / 'b.jpg'}"
    )
    assert raised.value.fix == "The folders would be called ash, birch, cedar."
    with pytest.raises(kclass.DataError, match=r"^7 photos lie in no folder .*: /0\.jpg, .* and 2 more"):
        classifier.folder_classes([f"/{place}.jpg" for place in range(7)])


def test_an_unknown_layer_is_refused_without_tensorflow(fitted: SmallFit, tmp_path: Path) -> None:
    code = """
import sys, kclass
try:
    kclass.load(sys.argv[1]).explain(sys.argv[2], layer="nowhere")
except kclass.OptionError as error:
    print(error.message.partition(";")[0], sorted({"tensorflow", "keras"} & set(sys.modules)))
"""
    found = run(*python(code, str(fitted.model), str(fitted.photo)), cwd=tmp_path)
    assert (found.stdout, found.stderr) == ("layer is 'nowhere' []\n", "")
