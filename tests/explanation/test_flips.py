from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.explanation.explaining import explain_photos
from kclass.explanation.methods import Method
from kclass.explanation.network import Pass


class LeftSided:
    """A network of two classes: how bright the left and the right pixel are."""

    layer, map_shape, classes = "layer", (1, 2, 1), 2

    def __init__(self) -> None:
        self.targets: list[list[int]] = []

    def passes(
        self, photos: NDArray[np.generic], *, targets: NDArray[np.int64] | None = None
    ) -> Iterator[Pass]:
        for photo in photos:
            logits = photo[None, 0, :, 0].astype(np.float32)
            chosen = logits.argmax(axis=1) if targets is None else targets[:1]
            self.targets.append(chosen.tolist())
            activations = photo[None].astype(np.float32)
            yield Pass(photo[None], activations, activations, chosen, logits, logits)


def right_twice(_: Any, found: Pass) -> NDArray[np.float32]:
    return found.activations[..., 0] * np.array([1, 2], np.float32)


METHOD = Method("right", "Right", right_twice)
PHOTOS = np.array([[[[10], [4]]], [[[2], [6]]]], np.uint8)


def test_the_mirrored_map_is_turned_back_and_the_mean_taken() -> None:
    found = explain_photos(LeftSided(), PHOTOS[:1], method=METHOD, flips=True)
    # 10 8 as it is; mirrored 4 10 gives 4 20, which is 20 4 turned back.
    assert found.maps.tolist() == [[[15, 6]]]
    plain = explain_photos(LeftSided(), PHOTOS[:1], method=METHOD)
    assert plain.maps.tolist() == [[[10, 8]]]


def test_the_class_is_that_of_the_photo_as_it_is() -> None:
    network = LeftSided()
    found = explain_photos(network, PHOTOS, method=METHOD, flips=True)
    assert found.targets.tolist() == [0, 1]
    assert found.logits.tolist() == [[10, 4], [2, 6]]
    # The mirror image of each is explained for the same class, not for the other that it shows.
    assert network.targets == [[0], [0], [1], [1]]


def test_a_mirrored_photo_has_the_mirrored_map() -> None:
    found, turned = (
        explain_photos(LeftSided(), photos, method=METHOD, targets=np.zeros(2, np.int64), flips=True)
        for photos in (PHOTOS, PHOTOS[:, :, ::-1])
    )
    np.testing.assert_array_equal(turned.maps[:, :, ::-1], found.maps)
