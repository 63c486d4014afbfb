from pathlib import Path

import numpy as np
import pytest
from processes import python, run
from small_fits import CLASSES, SmallFit

import kclass
from kclass.classifier.explaining import AT_ONCE
from kclass.explanation.gradcam import grad_cam
from kclass.explanation.gradients import GradientNetwork

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
    network = GradientNetwork(classifier.keras_model)
    wanted = grad_cam(network, found.photo[None], targets=np.array([found.index]))
    assert (found.layer, found.method) == (wanted.layer, wanted.method)
    np.testing.assert_allclose(found.heat, wanted.maps[0], atol=1e-3 * float(wanted.peaks[0]))
    assert found.probability == pytest.approx(float(wanted.probabilities[0, found.index]), abs=1e-4)
