import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from processes import python, run
from small_fits import SmallFit

import kclass
from kclass.engines.network import convert
from kclass.explanation.explaining import explain_photos
from kclass.explanation.measures import CENTRE, OWN, RANDOM
from kclass.explanation.methods import GRAD_CAM
from kclass.explanation.pooled import PooledNetwork
from kclass.explanation.randomisation import mean_over_draws, randomised, rank_correlations

pytestmark = pytest.mark.filterwarnings(
    # Keras reads models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
)


@pytest.fixture(scope="module")
def masks(fitted: SmallFit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Masks of two photos: the right half, and nothing."""
    folder = tmp_path_factory.mktemp("masks")
    right = np.zeros((30, 48), np.uint8)
    right[:, 24:] = 255
    Image.fromarray(right).save(folder / "0.png")
    Image.fromarray(np.zeros_like(right)).save(folder / "1.png")
    return folder


@pytest.fixture(scope="module")
def photos(fitted: SmallFit, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two photos with a mask, one of them empty; one without; one that cannot be read."""
    broken = tmp_path_factory.mktemp("photos") / "broken.jpg"
    broken.write_bytes(b"no photo")
    return [*(fitted.data / "ash" / f"{number}.png" for number in (0, 1, 2)), broken]


@pytest.fixture(scope="module")
def found(fitted: SmallFit, photos: list[Path], masks: Path) -> kclass.Faithfulness:
    return kclass.faithfulness(fitted.classifier, photos, masks=masks)


def test_all_that_can_be_read_is_measured_beside_random_and_centre_maps(
    fitted: SmallFit, photos: list[Path], found: kclass.Faithfulness
) -> None:
    assert found.photos == tuple(photos[:3])
    (error,) = found.unreadable
    assert "broken.jpg" in error.message
    explained = [fitted.classifier.explain(photo) for photo in found.photos]
    assert found.labels == tuple(each.label for each in explained)
    assert (found.method, found.layer) == (explained[0].method, explained[0].layer)
    for curves in found.curves.values():
        assert curves.deletion.shape == curves.insertion.shape == (3, 11)
        # All begin with the photo and end with it.
        for each, row, column in zip(explained, curves.deletion, curves.insertion, strict=True):
            assert row[0] == pytest.approx(each.probability, abs=1e-4)
            assert column[-1] == pytest.approx(each.probability, abs=1e-4)
    areas = {tuple(curves.deletion_areas.tolist()) for curves in found.curves.values()}
    assert len(areas) == len(found.curves) == 3


def test_masks_are_looked_at_where_there_is_something_in_them(
    photos: list[Path], found: kclass.Faithfulness
) -> None:
    assert found.masked == (photos[0],)
    assert found.unmasked == (photos[1], photos[2])
    pointing, energy, overlap = found.localisation
    assert [each.name for each in found.localisation] == ["pointing", "energy inside", "overlap"]
    # The middle of the photo is the first pixel of its right half, which holds half of the energy.
    assert pointing.values[CENTRE].tolist() == [1]
    assert energy.values[CENTRE] == pytest.approx([0.5], abs=1e-3)
    assert pointing.values[OWN].shape == overlap.values[RANDOM].shape == (1,)


def test_random_weights_change_the_maps_of_grad_cam(found: kclass.Faithfulness) -> None:
    assert [each.stage for each in found.checks] == ["head", "half", "all"]
    assert not any(each.unchanged for each in found.checks)


def test_correlations_with_a_random_head_are_the_mean_of_three_draws(
    fitted: SmallFit, found: kclass.Faithfulness
) -> None:
    archive = fitted.classifier.archive
    explained = [fitted.classifier.explain(photo) for photo in found.photos]
    photos, maps = (np.stack([getattr(each, part) for each in explained]) for part in ("photo", "heat"))

    def kept(draw: int) -> NDArray[np.float64]:
        drawn = randomised(archive, stage="head", seed=[0, 3, draw])
        network = PooledNetwork(drawn, found.layer, convert(drawn, output=found.layer))
        targets = np.array([each.index for each in explained])
        again = explain_photos(network, photos, method=GRAD_CAM, targets=targets)
        return rank_correlations(maps, again.maps)

    draws = [kept(draw) for draw in range(3)]
    assert len({each.tobytes() for each in draws}) == 3
    assert found.checks[0].correlations == pytest.approx(mean_over_draws(draws), nan_ok=True, abs=1e-6)


def test_it_is_told_as_a_table_and_as_plain_data(found: kclass.Faithfulness) -> None:
    lines = repr(found).splitlines()
    assert lines[0] == f"Faithfulness of Grad-CAM at {found.layer}: 3 photos"
    assert lines[1].split("  ")[-1] == "better than centre by"
    assert [line.split(" (")[0] for line in lines[2:7]] == [each.name for each in found.measures]
    assert lines[7].startswith("rank correlation with the maps of the head random: ")
    assert lines[-2] == "pointing, energy and overlap: 1 photo with a mask"
    assert lines[-1] == f"verdict: {found.verdict}"
    content = json.loads(json.dumps(found.to_dict()))
    assert content["verdict"] == found.verdict
    assert content["unmasked"] == [str(path) for path in found.unmasked]
    assert content["measures"]["deletion"]["map"]["mean"] == found.deletion.mean(OWN)
    assert content["curves"]["shares"][:2] == [0, 0.1]
    assert content["curves"]["random"]["insertion"] == pytest.approx(
        found.curves[RANDOM].insertion.mean(axis=0).tolist()
    )
    assert "broken.jpg" in content["unreadable"][0]


def test_the_curves_can_be_looked_at(found: kclass.Faithfulness) -> None:
    left, right = found.plot().axes
    assert np.asarray(left.get_lines()[0].get_ydata()) == pytest.approx(
        found.curves[OWN].deletion.mean(axis=0)
    )
    assert len(right.get_lines()) == 3


@pytest.mark.slow
def test_eigen_cam_is_found_not_to_look_at_the_head(fitted: SmallFit) -> None:
    found = kclass.faithfulness(fitted.classifier, [fitted.photo], method="eigen-cam")
    assert found.method == "Eigen-CAM"
    assert found.checks[0].mean == pytest.approx(1)
    assert "the head is random, so they do not tell the classes apart" in found.verdict or (
        "say little about the network" in found.verdict
    )
    assert (found.localisation, found.unmasked) == ((), ())


@pytest.mark.slow
def test_of_more_photos_than_wanted_some_are_drawn_from_the_seed(fitted: SmallFit) -> None:
    photos = sorted(fitted.data.rglob("*.png"))
    told: list[tuple[str, int, int]] = []

    def measured(seed: int) -> kclass.Faithfulness:
        return kclass.faithfulness(
            fitted.classifier,
            photos,
            number=1,
            seed=seed,
            progress=lambda stage, done, total, note="": told.append((stage, done, total)),
        )

    first, again, other = measured(0), measured(0), measured(1)
    assert first.to_dict() == again.to_dict()
    assert first.photos != other.photos
    assert told[:2] == [("measuring", 0, 1), ("measuring", 1, 1)]


@pytest.mark.slow
def test_flips_and_the_layer_matter(fitted: SmallFit) -> None:
    plain, flipped = (
        kclass.faithfulness(fitted.classifier, [fitted.photo], flips=flips) for flips in (False, True)
    )
    assert plain.curves[OWN].insertion.tolist() != flipped.curves[OWN].insertion.tolist()
    named = kclass.faithfulness(fitted.classifier, [fitted.photo], layer=plain.layer)
    assert named.to_dict() == plain.to_dict()


def test_wrong_options_are_refused(fitted: SmallFit, tmp_path: Path) -> None:
    def refused(kind: type[Exception], words: str, **options: object) -> None:
        with pytest.raises(kind, match=words):
            kclass.faithfulness(fitted.classifier, [fitted.photo], **options)  # type: ignore[arg-type]

    refused(kclass.OptionError, "flips is 'no'; it must be True or False", flips="no")
    refused(kclass.OptionError, "number is 0; it must be 1 or more", number=0)
    refused(kclass.OptionError, "seed is -1; it must be from 0 to 4294967295", seed=-1)
    refused(kclass.OptionError, "seed is True; it must be a whole number", seed=True)
    refused(kclass.OptionError, "method is 'gradcam'", method="gradcam")
    refused(kclass.OptionError, "layer is 3; it must be the name of a layer", layer=3)
    refused(kclass.OptionError, "layer is 'top'", layer="top")
    refused(kclass.OptionError, "masks is of the type int; it must be the path of a file", masks=3)
    refused(kclass.DataError, "no photo has a mask", masks=tmp_path)
    with pytest.raises(kclass.DataError, match="there are no photos to measure"):
        kclass.faithfulness(fitted.classifier, [])
    with pytest.raises(kclass.DataError, match="none of the photos to measure can be read"):
        kclass.faithfulness(fitted.classifier, [tmp_path / "nothing.jpg"])


def test_no_tensorflow_and_no_matplotlib_are_needed(fitted: SmallFit, tmp_path: Path) -> None:
    code = """
import sys, kclass
found = kclass.faithfulness(kclass.load(sys.argv[1]), [sys.argv[2]])
print(len(found.photos), sorted({"tensorflow", "keras", "matplotlib"} & set(sys.modules)))
"""
    ended = run(*python(code, str(fitted.model), str(fitted.photo)), cwd=tmp_path)
    assert (ended.stdout, ended.stderr) == ("1 []\n", "")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_a_network_without_finite_numbers_is_said_to_be_the_reason(fitted: SmallFit) -> None:
    archive = fitted.classifier.archive.with_temperature(float("nan"))
    with pytest.raises(kclass.ModelError, match=r"numbers for .*0\.png are not finite"):
        kclass.faithfulness(replace(fitted.classifier, archive=archive), [fitted.photo])
