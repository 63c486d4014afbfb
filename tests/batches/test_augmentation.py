from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.batches.augmentation import ACROSS, BOTH, DEFAULT, PRESETS, Drawn, Preset, preset
from kclass.batches.colour_layers import Jitter
from kclass.batches.cropping import Crop
from kclass.errors import OptionError

SIZE = 24
PHOTOS = np.random.default_rng(0).integers(0, 256, (40, SIZE, SIZE, 3), dtype=np.uint8)


def drawn(name: str, *, photos: int = 40, seed: int = 0, epoch: int = 1) -> Drawn:
    return preset(name).draw(photos, size=SIZE, seed=seed, epoch=epoch)


def arrays(found: Drawn) -> list[NDArray[Any]]:
    views = [part for part in (found.views.crops, found.views.flips) if part is not None]
    return [*views, *found.numbers]


def alike(one: Drawn, other: Drawn) -> bool:
    return all((a == b).all() for a, b in zip(arrays(one), arrays(other), strict=True))


@pytest.mark.parametrize("name", sorted(set(PRESETS) - {"none"}))
def test_what_is_drawn_follows_from_seed_and_epoch_alone(name: str) -> None:
    assert alike(drawn(name, seed=3, epoch=2), drawn(name, seed=3, epoch=2))
    assert not alike(drawn(name), drawn(name, epoch=2))
    assert not alike(drawn(name), drawn(name, seed=1))


def test_no_two_things_are_drawn_from_the_same_random_numbers() -> None:
    found = Preset("twice", flips=BOTH, layers=(Jitter(brightness=1), Jitter(brightness=1))).draw(
        2000, size=SIZE, seed=0, epoch=1
    )
    assert found.views.flips is not None
    rows = [*found.views.flips.T.astype(float), *(numbers[:, 0] for numbers in found.numbers)]
    assert np.abs(np.corrcoef(rows) - np.eye(4)).max() < 0.07


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_values_stay_within_0_and_255_and_shapes_are_kept(name: str) -> None:
    chosen = preset(name)
    found = chosen.apply(PHOTOS, drawn(name).numbers)
    values = np.asarray(found)
    assert values.shape == PHOTOS.shape
    assert values.dtype == (np.float32 if chosen.layers else np.uint8)
    assert values.min() >= 0
    assert values.max() <= 255
    if chosen.layers:
        assert np.abs(values - PHOTOS.astype(np.float32)).mean() > 2
    else:
        assert (values == PHOTOS).all()


def test_some_rows_of_what_was_drawn_are_those_of_their_photos() -> None:
    rows = np.array([7, 3, 3])
    whole, part = drawn("strong"), drawn("strong").select(rows)
    assert all((a[rows] == b).all() for a, b in zip(arrays(whole), arrays(part), strict=True))
    together = preset("strong").apply(PHOTOS, whole.numbers).numpy()
    alone = preset("strong").apply(PHOTOS[rows], part.numbers).numpy()
    assert together[rows] == pytest.approx(alone, abs=1e-3)


def test_none_does_nothing() -> None:
    found = drawn("none")
    assert (found.views.crops, found.views.flips, found.numbers) == (None, None, ())


def test_half_of_the_photos_are_mirrored_in_the_ways_wanted() -> None:
    for name, ways in (("flip", [0.5, 0]), ("landmarks", [0.5, 0.5]), ("light", [0.5, 0])):
        flips = drawn(name, photos=4000).views.flips
        assert flips is not None
        assert flips.mean(axis=0) == pytest.approx(ways, abs=0.03)


def test_the_presets_of_the_write_ups_are_theirs() -> None:
    assert {name: str(PRESETS[name]) for name in ("fiat-ferrari", "landmarks", "lakes")} == {
        "fiat-ferrari": "fiat-ferrari: crop of 0.8–1 of the photo at ratio 1, half mirrored left to right",  # noqa: RUF001
        "landmarks": "landmarks: half mirrored left to right, half mirrored upside down, "
        "brightness ±0.3, contrast ±0.2, saturation ±0.3, hue ±0.2",
        "lakes": "lakes: rotation ±10°, zoom to 1.1, warp ±0.2, light ±0.2",
    }


def test_the_default_crops_a_little_and_mirrors() -> None:
    assert DEFAULT == "light"
    assert PRESETS[DEFAULT] == Preset("light", Crop((0.8, 1), (0.9, 1 / 0.9)), ACROSS)


def test_presets_say_what_they_do() -> None:
    assert str(PRESETS["flip"]) == "flip: half mirrored left to right"
    assert str(PRESETS["light"]) == (
        "light: crop of 0.8–1 of the photo at ratio 0.9–1.1, half mirrored left to right"  # noqa: RUF001
    )
    assert str(PRESETS["none"]) == "none: photos as they are"


def test_light_standard_and_strong_change_more_and_more() -> None:
    areas = [PRESETS[name].crop.area[0] for name in ("light", "standard", "strong")]  # type: ignore[union-attr]
    assert all(more < less for less, more in pairwise(areas))
    changes = [
        np.abs(np.asarray(PRESETS[name].apply(PHOTOS, drawn(name).numbers), np.float32) - PHOTOS).mean()
        for name in ("light", "standard", "strong")
    ]
    assert changes[0] == 0 < changes[1]
    assert changes[2] > 5


def test_an_unknown_preset_is_answered_with_all_of_them() -> None:
    with pytest.raises(OptionError) as raised:
        preset("lite")
    assert raised.value.message == (
        "augment is 'lite'; it must be one of "
        "fiat-ferrari, flip, lakes, landmarks, light, none, standard, strong"
    )
    assert raised.value.fix == "Did you mean light?"


def test_every_preset_is_found_by_its_name() -> None:
    assert all(preset(name).name == name for name in PRESETS)
