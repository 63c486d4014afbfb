from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tiny_training import PHOTOS, VECTORS, backbone, features, lesson, photos

from kclass.batches.augmentation import PRESETS
from kclass.batches.opening import open_photos
from kclass.batches.photo_source import KeptPhotos
from kclass.batches.rows import photo_errors
from kclass.engines.network import convert
from kclass.engines.openvino import OpenVinoEngine
from kclass.errors import PhotoError
from kclass.training.shown import Lesson, Shown, ShownFeatures, ShownPhotos
from kclass.training.stem import Stem

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras's variables
)

Arrays = tuple[NDArray[Any], ...]

# Photo and features of a place both say which it is.
PLACES = np.arange(40)
GREYS = np.repeat(PLACES.astype(np.uint8), 8 * 8 * 3).reshape(40, 8, 8, 3)
NUMBERS = PLACES.astype(np.float32)[:, None]
SKEWED = (PLACES % 4 == 0).astype(np.int32)  # 30 of class 0, 10 of class 1


def both(what: Lesson) -> tuple[Shown, Shown]:
    return photos(what, GREYS), features(what, NUMBERS)


def batches(found: Any) -> list[Arrays]:
    return [tuple(part.numpy() for part in batch) for batch in found]


def joined(found: Any) -> Arrays:
    return tuple(np.concatenate(parts) for parts in zip(*batches(found), strict=True))


def places(found: Any) -> list[int]:
    """Which photos batches show, in order, told by their greys or numbers."""
    pixels = joined(found)[0]
    shown: list[int] = pixels.reshape(len(pixels), -1)[:, 0].astype(int).tolist()
    return shown


@pytest.mark.parametrize(
    "options", [{}, {"balance": "sample"}, {"balance": "weights", "label_smoothing": 0.1}]
)
@pytest.mark.parametrize("epoch", [1, 7])
def test_features_come_in_the_order_of_photos_with_the_same_labels(epoch: int, options: Any) -> None:
    of_photos, of_features = (
        batches(each.training(epoch)) for each in both(lesson(labels=SKEWED, **options))
    )
    assert [len(batch[0]) for batch in of_photos] == [8, 8, 8, 8]
    for (pixels, *rest), (numbers, *others) in zip(of_photos, of_features, strict=True):
        assert (pixels[:, 0, 0, 0] == numbers[:, 0]).all()
        assert all((one == other).all() for one, other in zip(rest, others, strict=True))
        assert [each.dtype for each in rest] == [each.dtype for each in others]


def test_another_epoch_or_seed_has_another_order() -> None:
    for shown, other in zip(both(lesson()), both(lesson(seed=1)), strict=True):
        order = places(shown.training(1))
        assert places(shown.training(1)) == order
        assert places(shown.training(2)) != order
        assert places(other.training(1)) != order


def test_an_epoch_learns_from_all_but_the_photos_held_out() -> None:
    for shown in both(lesson(held_out=[3, 17, 30])):
        assert sorted(places(shown.training(1))) == sorted({*range(40)} - {3, 17, 30})


def test_photos_held_out_come_as_they_are_in_order_with_their_labels() -> None:
    what = lesson(labels=SKEWED, held_out=[30, 3, 17, 8], size=3, augment=PRESETS["standard"], mixup=0.4)
    for shown in both(what):
        found = batches(shown.judging())
        assert [len(batch[0]) for batch in found] == [3, 1]
        assert places(shown.judging()) == [30, 3, 17, 8]
        assert joined(shown.judging())[1].tolist() == [0, 0, 0, 1]
    assert what.held_out_labels.tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("learned", "size", "steps"), [(36, 8, 5), (40, 8, 5), (33, 32, 2), (5, 8, 1), (3, 1, 3)]
)
@pytest.mark.parametrize("balance", ["none", "sample"])
def test_the_steps_of_an_epoch_are_its_batches(learned: int, size: int, steps: int, balance: Any) -> None:
    what = lesson(held_out=range(learned, 40), size=size, balance=balance)
    assert what.steps == steps
    for shown in both(what):
        assert len(batches(shown.training(1))) == steps
        assert int(shown.training(1).cardinality()) == steps


def test_weights_let_classes_count_alike() -> None:
    # Of 32 photos 24 and 8 are of the classes: 32 / (2 * 24), 32 / (2 * 8).
    for shown in both(lesson(labels=SKEWED, balance="weights")):
        _, labels, weights = joined(shown.training(1))
        assert weights[labels == 0] == pytest.approx(2 / 3)
        assert weights[labels == 1] == pytest.approx(2)


def test_sampling_shows_classes_equally_often() -> None:
    for shown in both(lesson(labels=SKEWED, balance="sample")):
        assert np.bincount(joined(shown.training(1))[1]).tolist() == [16, 16]


def test_smoothing_spreads_a_share_of_each_label_over_all_classes() -> None:
    for shown in both(lesson(labels=SKEWED, classes=4, label_smoothing=0.2)):
        _, labels = joined(shown.training(1))
        assert labels.dtype == np.float32
        assert labels == pytest.approx(np.eye(4)[SKEWED[places(shown.training(1))]] * 0.8 + 0.05)


def test_photos_held_out_count_alike_unless_training_is_balanced() -> None:
    # 6 and 2 of the 8 are of the classes: 8 / (2 * 6), 8 / (2 * 2).
    assert lesson(labels=SKEWED).held_out_weights.tolist() == [1.0] * 8
    for balance in ("weights", "sample"):
        weights = lesson(labels=SKEWED, balance=balance).held_out_weights
        assert weights == pytest.approx([2, 2 / 3, 2 / 3, 2 / 3, 2, 2 / 3, 2 / 3, 2 / 3])


def test_a_class_of_which_no_photo_is_held_out_leaves_the_others_their_weights() -> None:
    weights = lesson(labels=SKEWED, held_out=[1, 2, 4], classes=5, balance="weights").held_out_weights
    assert weights == pytest.approx([0.75, 0.75, 1.5])


def test_photos_are_augmented_and_mixed() -> None:
    plain = joined(photos(lesson()).training(1))
    for options in ({"augment": PRESETS["flip"]}, {"mixup": 0.4}, {"cutmix": 1.0}):
        changed = joined(photos(lesson(**options)).training(1))
        assert changed[0].shape == plain[0].shape
        assert (changed[0] != plain[0]).any()
    assert changed[1].shape == (32, 2)


def test_photos_go_through_the_stem_after_they_were_changed() -> None:
    network = convert(backbone(), output="relu2")
    stem = Stem(OpenVinoEngine(network, precision="f32", streams=2), network.shapes[1][1:])
    what = lesson(augment=PRESETS["flip"])
    shown = ShownPhotos(what, KeptPhotos.of(PHOTOS), stem)
    before = photos(what)
    for whole, through in ((before.training(3), shown.training(3)), (before.judging(), shown.judging())):
        pixels, labels = joined(whole)
        found, truth = joined(through)
        assert (found == stem.run(pixels)).all()
        assert (truth == labels).all()


def test_photos_on_disk_are_as_good_as_those_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "pixels"
    file.write_bytes(PHOTOS.tobytes())
    pixels = np.memmap(file, np.uint8, "r", shape=PHOTOS.shape)
    on_disk, in_memory = (joined(photos(lesson(), each).training(1)) for each in (pixels, PHOTOS))
    assert all((one == other).all() for one, other in zip(on_disk, in_memory, strict=True))


def test_what_goes_wrong_in_reading_is_told(tmp_path: Path) -> None:
    paths = [tmp_path / f"{place}.png" for place in range(40)]
    for path, pixels in zip(paths, PHOTOS, strict=True):
        Image.fromarray(pixels).save(path)
    opened = open_photos(paths, size=8, resize="squash", threads=2, cache="none")
    shown = ShownPhotos(lesson(), opened.photos)
    assert not shown.failures
    paths[20].unlink()
    with pytest.raises(PhotoError, match=r"20\.png") as caught, photo_errors(shown):
        batches(shown.training(1))
    assert shown.failures == [caught.value]


def test_features_have_no_failures() -> None:
    assert features().failures == ()
    assert ShownFeatures(lesson(), VECTORS, failures=[PhotoError("gone")]).failures[0].message == "gone"


def test_a_lesson_of_one_photo_in_batches_of_one() -> None:
    what = lesson(held_out=range(1, 40), size=1, label_smoothing=0.1, balance="weights")
    for shown in both(what):
        (batch,) = batches(shown.training(1))
        assert [len(part) for part in batch] == [1, 1, 1]
        assert batch[2] == pytest.approx([1])
