import functools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny_training import PHOTOS, backbone

from kclass.backbones.archive import Archive
from kclass.backbones.keras_archive import keras_model
from kclass.backbones.registry import open_backbone
from kclass.engines.network import convert
from kclass.engines.openvino import OpenVinoEngine
from kclass.keras_import import import_keras, import_tensorflow
from kclass.training.stem import Stem
from kclass.training.unfreezing import unfrozen

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras's variables
)

CUT = "relu2"


def stem_of(archive: Archive, cut: str) -> Stem:
    network = convert(archive, output=cut)
    return Stem(OpenVinoEngine(network, precision="f32", streams=2), network.shapes[1][1:])


@functools.cache
def stem() -> Stem:
    return stem_of(backbone(), CUT)


def by_keras(archive: Archive, cut: str, photos: NDArray[Any]) -> NDArray[np.float32]:
    network = keras_model(archive)
    part = import_keras().Model(network.inputs[0], network.get_layer(cut).output)
    found: NDArray[np.float32] = part(photos.astype(np.float32)).numpy()
    return found


def in_batches(photos: NDArray[Any], *rest: Any, size: int) -> Any:
    return import_tensorflow().data.Dataset.from_tensor_slices((photos, *rest)).batch(size)


def test_a_stem_gives_what_keras_gives_up_to_the_cut() -> None:
    found = stem().run(PHOTOS)
    assert found.dtype == np.float32
    assert found.shape == (40, 4, 4, 6)
    assert found == pytest.approx(by_keras(backbone(), CUT, PHOTOS), abs=1e-5)
    assert stem().shape == (4, 4, 6)


def test_a_stem_of_a_real_backbone_gives_what_keras_gives_up_to_its_last_stage() -> None:
    archive = open_backbone("efficientnet_lite0", weights="none", size=32, seed=0)
    cut = unfrozen(archive, "stage5").cut
    assert cut is not None
    photos = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    found, wanted = stem_of(archive, cut).run(photos), by_keras(archive, cut, photos)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() < 1e-3 * np.abs(wanted).max()


def test_photos_that_are_not_whole_are_rounded() -> None:
    near = PHOTOS[:6].astype(np.float32) + np.linspace(-0.49, 0.49, 6, dtype=np.float32)[:, None, None, None]
    assert (stem().run(near) == stem().run(PHOTOS[:6])).all()
    # 254.6 is white and not, cut off, 254.
    assert (
        stem().run(np.full((1, 8, 8, 3), 254.6)) == stem().run(np.full((1, 8, 8, 3), 255, np.uint8))
    ).all()


def test_each_photo_gives_the_same_in_whatever_batch_it_is() -> None:
    whole = stem().run(PHOTOS)
    assert (stem().run(PHOTOS[::-1]) == whole[::-1]).all()
    assert (stem().run(PHOTOS[7:8]) == whole[7:8]).all()


@pytest.mark.parametrize("size", [1, 7, 40])
def test_batches_keep_their_order_and_what_comes_with_the_photos(size: int) -> None:
    labels, weights = np.arange(40, dtype=np.int32), np.linspace(0, 1, 40, dtype=np.float32)
    batches = [*stem().after(in_batches(PHOTOS, labels, weights, size=size))]
    assert [len(found) for found, _, _ in batches] == [size] * (40 // size) + [40 % size] * (40 % size > 0)
    found, truth, weighed = (
        np.concatenate([each.numpy() for each in part]) for part in zip(*batches, strict=True)
    )
    assert (found == stem().run(PHOTOS)).all()
    assert (truth == labels).all()
    assert (weighed == weights).all()


def test_batches_of_floats_pass_through_too_and_again() -> None:
    batches = stem().after(in_batches(PHOTOS.astype(np.float32), np.zeros(40), size=16))
    first, again = (np.concatenate([found.numpy() for found, _ in batches]) for _ in range(2))
    assert (first == stem().run(PHOTOS)).all()
    assert (first == again).all()


def test_the_axes_are_known_before_the_first_batch() -> None:
    batches = stem().after(in_batches(PHOTOS, np.zeros(40, np.int32), size=16))
    assert [spec.shape.as_list() for spec in batches.element_spec] == [[None, 4, 4, 6], [None]]
    assert int(batches.cardinality()) == 3
