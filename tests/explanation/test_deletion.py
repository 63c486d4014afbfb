from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from kclass.explanation.deletion import (
    blurred,
    masking_curves,
    pixel_ranks,
    probabilities_of,
)
from kclass.explanation.network import Pass


class FirstPixel:
    """Class 1 has the probability (1 + p) / (2 + p), p being the pixel at the top left."""

    layer, classes, map_shape = "pixels", 2, (2, 2, 1)

    def passes(self, photos: NDArray[Any], *, targets: NDArray[np.int64] | None = None) -> Iterator[Pass]:
        raise NotImplementedError

    def scores(self, photos: NDArray[Any]) -> NDArray[np.float32]:
        logits = np.log1p(photos[:, 0, 0, :1].astype(np.float32))
        return np.concatenate([np.zeros_like(logits), logits], axis=1)


def curves_of(photo: Any, heat: Any, *, target: int = 1, **options: Any) -> Any:
    photos, maps = np.array([photo])[..., None], np.array([heat], np.float32)
    rng = np.random.default_rng(options.pop("seed", 0))
    return masking_curves(FirstPixel(), photos, maps, np.array([target]), rng=rng, **options)


PHOTO = np.array([[8, 0], [0, 0]], np.uint8)


def test_a_deletion_worked_by_hand() -> None:
    # The pixel is 8 at first, (1 + 8) / (2 + 8) = .9, and the photo's mean, 2, once it has gone: .75.
    found = curves_of(PHOTO, [[4, 3], [2, 1]], steps=4)
    assert found.shares.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert found.deletion[0] == pytest.approx([0.9, 0.75, 0.75, 0.75, 0.75], abs=1e-6)
    # Trapezia a quarter wide: (.9 + .75) / 8 + 3 · .75 / 4.
    assert found.deletion_areas == pytest.approx([0.76875], abs=1e-6)
    last = curves_of(PHOTO, [[1, 2], [3, 4]], steps=4)
    assert last.deletion[0] == pytest.approx([0.9, 0.9, 0.9, 0.9, 0.75], abs=1e-6)
    assert last.deletion_areas == pytest.approx([0.88125], abs=1e-6)
    # Two steps of two pixels each: the pixel at the top left is the second.
    assert curves_of(PHOTO, [[3, 4], [2, 1]], steps=2).deletion[0] == pytest.approx([0.9, 0.75, 0.75])


def test_the_probability_is_that_of_the_class_asked_for() -> None:
    found = curves_of(PHOTO, [[4, 3], [2, 1]], target=0, steps=4)
    assert found.deletion[0] == pytest.approx([0.1, 0.25, 0.25, 0.25, 0.25], abs=1e-6)


def test_insertion_begins_with_the_blurred_photo_and_brings_the_hottest_first() -> None:
    photo = np.zeros((20, 20), np.float32)
    photo[0, 0] = 8
    # The blur has a standard deviation of one pixel. Kernel exp(-k²/2), k = -3 … 3, sums to 2.5066 /
    # .99992 = 2.5059; at the edge, which is repeated outwards, 1 + .6065 + .1353 + .0111 of it see the
    # pixel: .6995 down and across.
    soft = blurred(photo[..., None])[0, 0, 0]
    assert soft == pytest.approx(8 * 0.6995**2, rel=1e-3)
    found = curves_of(photo, [[4, 3], [2, 1]], steps=4)
    least = (1 + soft) / (2 + soft)
    assert found.insertion[0] == pytest.approx([least, 0.9, 0.9, 0.9, 0.9], rel=1e-5)
    last = curves_of(photo, [[1, 2], [3, 4]], steps=4)
    assert last.insertion[0] == pytest.approx([least, least, least, least, 0.9], rel=1e-5)
    assert found.insertion_areas[0] - last.insertion_areas[0] == pytest.approx(0.75 * (0.9 - least), rel=1e-4)


def test_several_photos_keep_their_order() -> None:
    photos = np.zeros((2, 2, 2, 1), np.uint8)
    photos[1, 0, 0] = 8
    maps = np.array([[[4, 3], [2, 1]]] * 2, np.float32)
    rng = np.random.default_rng(0)
    found = masking_curves(FirstPixel(), photos, maps, np.array([1, 1]), rng=rng, steps=1)
    assert found.deletion == pytest.approx(np.array([[0.5, 0.5], [0.9, 0.75]]), abs=1e-6)


@pytest.mark.parametrize(
    "pointless", [np.zeros((2, 3)), np.full((2, 3), 5.0), np.full((2, 3), np.nan), [[1, 2, np.inf]] * 2]
)
def test_a_map_that_shows_no_place_goes_in_the_order_of_the_random_map(pointless: Any) -> None:
    ties = np.random.default_rng(3).random((2, 3), np.float32)
    other = np.zeros((2, 3), np.float32)
    found = pixel_ranks(np.array(pointless, np.float32), (6, 9), ties=ties)
    assert np.array_equal(found, pixel_ranks(ties, (6, 9), ties=other))


def test_ties_are_broken_among_equals_alone_and_from_the_seed() -> None:
    heat = np.array([[0, 0], [0, 1]], np.float32)
    ties = np.array([[0.2, 0.9], [0.1, 0.0]], np.float32)
    assert pixel_ranks(heat, (2, 2), ties=ties).tolist() == [[2, 1], [3, 0]]
    empty = [[0, 0], [0, 0]]
    curves = [curves_of(PHOTO, empty, steps=4, seed=seed).deletion.tolist() for seed in range(8)]
    assert curves[0] == curves_of(PHOTO, empty, steps=4, seed=0).deletion.tolist()
    assert len({str(each) for each in curves}) > 1


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.integers(1, 4)),
        elements=st.floats(0, width=32) | st.just(np.nan),
    )
)
def test_every_pixel_has_its_place_whatever_the_map(heat: NDArray[np.float32]) -> None:
    ties = np.random.default_rng(0).random(heat.shape, np.float32)
    ranks = pixel_ranks(heat, (5, 7), ties=ties)
    assert sorted(ranks.ravel().tolist()) == list(range(35))


def test_a_photo_keeps_its_type() -> None:
    photo = np.array([[[1, 2], [2, 2]], [[2, 2], [2, 3]]], np.uint8)
    assert blurred(photo).dtype == np.uint8


def test_large_logits_have_probabilities() -> None:
    found = probabilities_of(np.array([[1000, 1000], [0, np.log(3)]], np.float32))
    assert found == pytest.approx(np.array([[0.5, 0.5], [0.25, 0.75]]), abs=1e-6)
