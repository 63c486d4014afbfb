import numpy as np
from networks import RednessNetwork
from numpy.typing import NDArray

from kclass.explanation.maps import Explanation
from kclass.model_audit.pictures import SHOWN, SIDE, TRIED, pictures_of, typical_swap

NETWORK = RednessNetwork(np.full((8, 8), 1 / 640))


def red(values: list[int]) -> NDArray[np.uint8]:
    """Photos of so much red each, the rest black."""
    photos = np.zeros((len(values), 8, 8, 3), np.uint8)
    photos[..., 0] = np.array(values)[:, None, None]
    return photos


def test_the_example_is_the_photo_whose_odds_move_neither_most_nor_least() -> None:
    own, donors = red([100, 150, 120]), red([90, 20])

    def darker(photo: int, donor: int) -> NDArray[np.uint8]:
        of_both: NDArray[np.uint8] = np.minimum(own[photo], donors[donor])
        return of_both

    swap = typical_swap(
        NETWORK,
        own,
        donors,
        ["lada", "fiat"],
        what="surroundings",
        change=darker,
        target=1,
    )
    # 64 places of a red of r give log odds of r / 10. From 100, 150, 120 to 90, 20, 90: the last is between.
    assert (swap.donor, swap.before, swap.after, swap.tried) == ("lada", 12, 9, 3)
    assert swap.pictures.shape == (3, SIDE, SIDE, 3)
    assert swap.pictures[:, 0, 0, 0].tolist() == [120, 90, 90]


def test_no_more_photos_are_tried_than_are_needed() -> None:
    own = red([100] * (TRIED + 5))
    asked: list[int] = []

    def change(photo: int, donor: int) -> NDArray[np.uint8]:
        asked.append(photo)
        same: NDArray[np.uint8] = own[photo]
        return same

    swap = typical_swap(NETWORK, own, own[:1], ["lada"], what="cast of colour", change=change, target=1)
    assert (asked, swap.tried) == ([*range(TRIED)], TRIED)


def test_pictures_of_a_class_are_small_and_few() -> None:
    photos = red([0, 200, 100, 100, 100, 100])
    explained = Explanation(
        maps=np.ones((6, 2, 2), np.float32),
        targets=np.ones(6, np.int64),
        logits=np.zeros((6, 2), np.float32),
        probabilities=np.tile(np.array([0.25, 0.75], np.float32), (6, 1)),
        layer="red",
        method="Grad-CAM",
        unit="in units of the logit",
    )
    found = pictures_of(photos, explained, target=1)
    assert found.photos.shape == (SHOWN, SIDE, SIDE, 3)
    assert (found.photos.dtype, found.maps.shape) == (np.uint8, (SHOWN, 2, 2))
    assert found.mean[0, 0].tolist() == [100, 0, 0]
    assert found.probabilities == (0.75,) * SHOWN
    alone = found.mean_alone()
    assert (alone.photos.shape, alone.maps.shape) == ((0, SIDE, SIDE, 3), (0, 2, 2))
    assert alone.mean is found.mean
