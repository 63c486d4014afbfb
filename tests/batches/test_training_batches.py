import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from processes import run

from kclass.batches.augmentation import PRESETS, Preset
from kclass.batches.balance import class_weights
from kclass.batches.colour_layers import Jitter
from kclass.batches.mixing import mixed
from kclass.batches.opening import open_photos
from kclass.batches.options import BatchOptions
from kclass.batches.photo_source import KeptPhotos, PhotoSource
from kclass.batches.rows import photo_errors
from kclass.batches.training import draw_epoch, labelled, training_batches
from kclass.batches.views import AS_THEY_ARE, Views
from kclass.errors import PhotoError
from kclass.keras_import import import_keras, import_tensorflow

PIXELS = np.random.default_rng(0).integers(0, 256, (200, 4, 4, 3), dtype=np.uint8)
PHOTOS = KeptPhotos.of(PIXELS)
PLACES_AS_LABELS = np.arange(200, dtype=np.int32)
ALL = np.arange(200)

Arrays = tuple[NDArray[Any], ...]


def epoch_of(
    places: NDArray[np.int64] = ALL,
    *,
    photos: PhotoSource = PHOTOS,
    labels: NDArray[np.int32] = PLACES_AS_LABELS,
    seed: int = 0,
    epoch: int = 1,
    **options: Any,
) -> list[Arrays]:
    """The batches of an epoch."""
    found = training_batches(
        photos,
        labels,
        places,
        classes=int(labels.max()) + 1,
        options=BatchOptions(**{"augment": PRESETS["flip"], **options}),
        seed=seed,
        epoch=epoch,
    )
    return [tuple(part.numpy() for part in batch) for batch in found]


def joined(batches: list[Arrays]) -> Arrays:
    return tuple(np.concatenate(parts) for parts in zip(*batches, strict=True))


def whole(*args: Any, **options: Any) -> Arrays:
    """The whole epoch in one piece."""
    return joined(epoch_of(*args, **options))


def mirrored(found: Arrays) -> NDArray[np.bool_]:
    """Which photos came mirrored, in the order they came; all others came as they are."""
    photos, labels = found
    as_they_are = (photos == PIXELS[labels]).all(axis=(1, 2, 3))
    turned = (photos == PIXELS[labels][:, :, ::-1]).all(axis=(1, 2, 3))
    assert (as_they_are != turned).all()
    result: NDArray[np.bool_] = turned
    return result


# Order


def test_an_epoch_shows_each_photo_once_with_its_label() -> None:
    photos, labels = whole()
    assert photos.dtype == np.uint8
    assert labels.dtype == np.int32
    assert sorted(labels) == list(range(200))
    mirrored((photos, labels))


def test_photos_are_shuffled_over_the_whole_set() -> None:
    _, labels = whole()
    # The first batch of 32 would be the photos 0 to 31 without shuffling; shuffled within a buffer
    # of one batch it could not reach the end.
    assert labels[:32].max() > 150


def test_batches_have_the_size_wanted_and_the_last_what_is_left() -> None:
    for size, sizes in ((64, [64, 64, 64, 8]), (100, [100, 100])):
        assert [len(labels) for _, labels in epoch_of(size=size)] == sizes


def test_only_the_places_given_are_learned_from() -> None:
    _, labels = whole(np.array([5, 17, 101]))
    assert sorted(labels) == [5, 17, 101]


# Augmentation


def test_about_half_of_the_photos_are_mirrored_each_for_itself() -> None:
    # Binomial with 200 photos: 60 to 140 leaves out 1.6e-8 of the cases.
    assert 60 < mirrored(whole(size=32)).sum() < 140
    assert 60 < mirrored(whole(size=200)).sum() < 140


def test_without_augmentation_photos_come_as_they_are() -> None:
    assert not mirrored(whole(augment=PRESETS["none"])).any()


def test_layers_change_the_photo_that_they_were_drawn_for() -> None:
    # Each photo of one grey, and brightness alone: the factor tells which numbers it was given.
    greys = KeptPhotos.of(np.full((200, 2, 2, 3), 100, np.uint8))
    bright = Preset("bright", layers=(Jitter(brightness=0.5),))
    photos, labels = whole(photos=greys, augment=bright, size=16)
    plan = draw_epoch(PLACES_AS_LABELS, ALL, options=BatchOptions(augment=bright), size=2, seed=0, epoch=1)
    assert (labels == plan.places).all()
    assert photos[:, 0, 0, 0] == pytest.approx(100 * plan.drawn.numbers[0][:, 0], rel=1e-4)
    assert photos.dtype == np.float32


def test_the_size_of_batches_makes_no_difference_to_what_happens_to_a_photo() -> None:
    small, large = (whole(augment=PRESETS["standard"], size=size) for size in (7, 64))
    assert (small[1] == large[1]).all()
    assert small[0] == pytest.approx(large[0], abs=1e-3)


def test_crops_are_taken_where_photos_are_read() -> None:
    asked: list[Views] = []

    class Watched(KeptPhotos):
        def read(self, rows: NDArray[np.int64], views: Views = AS_THEY_ARE) -> NDArray[np.uint8]:
            asked.append(views)
            return super().read(rows, views)

    photos = Watched(PHOTOS.pixels, PHOTOS.shapes, 4)
    epoch_of(photos=photos, augment=PRESETS["light"], size=200)
    (views,) = asked
    assert views.crops is not None
    assert views.flips is not None
    assert views.crops.shape == (200, 4)
    assert 0.8 <= views.crops[:, 0].min() < views.crops[:, 0].max() <= 1


# Repeating


EVERYTHING: dict[str, Any] = {"augment": PRESETS["strong"], "mixup": 0.4, "cutmix": 1.0, "balance": "sample"}
CLASSES = (np.arange(200) % 7 % 3).astype(np.int32)


@pytest.mark.parametrize("options", [{}, {"augment": PRESETS["lakes"]}, EVERYTHING])
def test_the_same_seed_and_epoch_give_the_same_batches(options: dict[str, Any]) -> None:
    first, again = (whole(labels=CLASSES, seed=3, epoch=2, **options) for _ in range(2))
    assert all((one == other).all() for one, other in zip(first, again, strict=True))


@pytest.mark.parametrize("change", [{"epoch": 2}, {"seed": 1}, {"seed": 2**40}])
def test_another_epoch_or_seed_has_another_order_and_other_changes(change: dict[str, int]) -> None:
    # Seeds that agree in their low 32 bits are different seeds.
    start, other = whole(), whole(**change)
    assert (start[1] != other[1]).any()
    assert (mirrored(start)[np.argsort(start[1])] != mirrored(other)[np.argsort(other[1])]).any()


def test_a_data_set_gone_through_twice_gives_the_same_batches() -> None:
    batches = training_batches(
        PHOTOS,
        PLACES_AS_LABELS,
        ALL,
        classes=200,
        options=BatchOptions(augment=PRESETS["landmarks"]),
        seed=0,
        epoch=1,
    )
    first, again = ([photos.numpy() for photos, _ in batches] for _ in range(2))
    assert all((one == other).all() for one, other in zip(first, again, strict=True))


def test_two_that_are_gone_through_at_once_do_not_disturb_each_other() -> None:
    options: dict[str, Any] = {"augment": PRESETS["strong"], "size": 8}
    calm = whole(**options)[0]
    datasets = [
        training_batches(
            PHOTOS,
            PLACES_AS_LABELS,
            ALL,
            classes=200,
            options=BatchOptions(**options),
            seed=0,
            epoch=epoch,
        )
        for epoch in (1, 2)
    ]
    pairs = list(zip(*datasets, strict=True))
    assert (np.concatenate([one[0].numpy() for one, _ in pairs]) == calm).all()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("photos")
    paths = [folder / f"{place:02}.jpg" for place in range(24)]
    for path, seed in zip(paths, itertools.count()):
        pixels = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((50 + 7 * (seed % 5), 60)).save(path)
    return paths


DIGEST = """
import hashlib, sys
from pathlib import Path
import numpy as np
from kclass.batches.augmentation import PRESETS
from kclass.batches.opening import open_photos
from kclass.batches.options import BatchOptions
from kclass.batches.training import training_batches

def digest(folder):
    options = BatchOptions(size=5, augment=PRESETS["strong"], mixup=0.4, balance="weights")
    paths = sorted(Path(folder).glob("*.jpg"))
    opened = open_photos(
        paths, size=16, resize="squash", threads=4, crop=options.augment.crop, cache="none"
    )
    labels = (np.arange(len(paths)) % 5 % 2).astype(np.int32)
    batches = training_batches(
        opened.photos, labels, np.arange(len(paths)), classes=2, options=options, seed=1, epoch=3
    )
    return hashlib.sha256(b"".join(part.numpy().tobytes() for batch in batches for part in batch)).hexdigest()
"""


@pytest.mark.slow
def test_two_processes_with_four_threads_each_get_the_same_batches(files: list[Path]) -> None:
    own: dict[str, Any] = {}
    exec(DIGEST, own)
    folder = files[0].parent
    here = own["digest"](folder)
    code = f"{DIGEST}\nprint(digest(sys.argv[1]))"
    ended = run(sys.executable, "-c", code, str(folder), cwd=folder, variables={"PYTHONHASHSEED": "7"})
    assert ended.stdout.split() == [here], ended.stderr


@pytest.mark.parametrize("cache", ["none", "memory"])
def test_labels_stay_with_their_photos_however_many_threads_read(cache: str, tmp_path: Path) -> None:
    # Each photo is its label's grey; crops and mirroring leave that.
    paths = [tmp_path / f"{place}.png" for place in range(60)]
    for place, path in enumerate(paths):
        Image.new("RGB", (20 + place % 7, 20), (4 * place,) * 3).save(path)
    crop = PRESETS["light"].crop
    photos = open_photos(paths, size=8, resize="crop", threads=4, crop=crop, cache=cache).photos  # type: ignore[arg-type]
    pixels, labels = whole(
        np.arange(60), photos=photos, labels=np.arange(60, dtype=np.int32), augment=PRESETS["light"], size=7
    )
    assert sorted(labels) == list(range(60))
    assert (pixels == 4 * labels[:, None, None, None]).all()


def test_a_photo_that_goes_away_is_named(files: list[Path], tmp_path: Path) -> None:
    paths = [tmp_path / path.name for path in files]
    for old, new in zip(files, paths, strict=True):
        new.write_bytes(old.read_bytes())
    photos = open_photos(paths, size=16, resize="squash", threads=2, cache="none").photos
    labels, places = np.zeros(24, np.int32), np.arange(24)
    epoch_of(places, photos=photos, labels=labels)
    paths[4].unlink()
    with (
        pytest.raises(PhotoError, match="it could be read before the first epoch") as raised,
        photo_errors(photos),
    ):
        epoch_of(places, photos=photos, labels=labels, epoch=2)
    assert str(paths[4]) in raised.value.message


# Mixing


def test_mixed_photos_have_soft_labels_as_drawn() -> None:
    greys = KeptPhotos.of(np.repeat(np.arange(200, dtype=np.uint8), 12).reshape(200, 2, 2, 3))
    options: dict[str, Any] = {"augment": PRESETS["none"], "mixup": 1.0, "size": 64}
    plan = draw_epoch(PLACES_AS_LABELS, ALL, options=BatchOptions(**options), size=2, seed=0, epoch=1)
    assert plan.mixing.shape == (4, 6)
    for batch, (photos, labels) in enumerate(epoch_of(photos=greys, **options)):
        rows = plan.places[64 * batch : 64 * (batch + 1)]
        wanted = mixed(greys.read(rows), np.eye(200, dtype=np.float32)[rows], plan.mixing[batch])
        assert photos == pytest.approx(wanted[0].numpy(), abs=1e-3)
        assert labels == pytest.approx(wanted[1].numpy(), abs=1e-6)
        # What a photo of grey g is mixed from is what its label says it is.
        assert photos[:, 0, 0, 0] == pytest.approx(labels @ np.arange(200), abs=1e-2)
        assert labels.sum(axis=1) == pytest.approx(1)


def test_each_batch_is_mixed_in_its_own_way() -> None:
    shares = [labels.max(axis=1).mean() for _, labels in epoch_of(mixup=1.0, size=50)]
    assert len(set(shares)) == 4


# Balance


SKEWED = np.array([0] * 150 + [1] * 40 + [2] * 10, np.int32)


def test_sampling_shows_each_class_equally_often() -> None:
    _, labels = whole(labels=SKEWED, balance="sample")
    assert sorted(np.bincount(labels).tolist()) == [66, 67, 67]
    _, other = whole(labels=SKEWED, balance="sample", epoch=2)
    assert (labels != other).any()


def test_weights_let_each_class_count_alike() -> None:
    _, labels, weights = whole(labels=SKEWED, balance="weights")
    # 200 / (3 * 150), 200 / (3 * 40), 200 / (3 * 10).
    assert {label: weights[labels == label][0] for label in (0, 1, 2)} == pytest.approx(
        {0: 4 / 9, 1: 5 / 3, 2: 20 / 3}
    )
    assert sorted(np.bincount(labels).tolist()) == [10, 40, 150]
    assert weights.mean() == pytest.approx(1)


def test_weights_are_those_of_the_photos_learned_from() -> None:
    _, labels, weights = whole(np.array([0, 1, 195]), labels=SKEWED, balance="weights")
    assert weights[labels == 2] == pytest.approx([1.5])
    assert weights[labels == 0] == pytest.approx([0.75, 0.75])


def test_each_class_of_a_mixture_counts_by_its_own_weight() -> None:
    options: dict[str, Any] = {"labels": SKEWED, "mixup": 1.0, "size": 64}
    _, plain = whole(**options)
    _, labels, weights = whole(**options, balance="weights")
    # Weight times label is what the weighted cross-entropy multiplies each log probability by.
    by_class = class_weights(SKEWED, classes=3)
    assert labels * weights[:, None] == pytest.approx(plain * by_class, abs=1e-5)
    assert labels.sum(axis=1) == pytest.approx(1)


# Smoothing


def test_smoothing_spreads_a_share_of_each_label_over_all_classes() -> None:
    photos, labels = whole(labels=SKEWED, label_smoothing=0.3)
    _, plain = whole(labels=SKEWED)
    assert labels.dtype == np.float32
    # .7 + .3 / 3 for the class of the photo, .3 / 3 for each other.
    assert labels == pytest.approx(0.7 * np.eye(3)[plain] + 0.1)
    assert (photos == whole(labels=SKEWED)[0]).all()


def test_smoothed_labels_cost_what_keras_smooths_itself() -> None:
    keras = import_keras()
    logits = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    _, plain = whole(labels=SKEWED)
    _, labels, weights = whole(labels=SKEWED, label_smoothing=0.2, balance="weights")
    reference = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)
    own = keras.losses.CategoricalCrossentropy(from_logits=True)
    by_class = class_weights(SKEWED, classes=3)[plain]
    wanted = float(reference(np.eye(3)[plain], logits, sample_weight=by_class))
    assert float(own(labels, logits, sample_weight=weights)) == pytest.approx(wanted, rel=1e-5)


def test_mixtures_are_smoothed_after_they_were_mixed() -> None:
    options: dict[str, Any] = {"labels": SKEWED, "mixup": 1.0, "cutmix": 1.0, "size": 64}
    mixed_photos, mixture = whole(**options)
    photos, labels = whole(**options, label_smoothing=0.3)
    assert labels == pytest.approx(0.7 * mixture + 0.1, abs=1e-6)
    assert (photos == mixed_photos).all()


def test_smoothing_leaves_weights_as_they_were() -> None:
    options: dict[str, Any] = {"labels": SKEWED, "mixup": 1.0, "balance": "weights", "size": 64}
    _, mixture, weights = whole(**options)
    _, labels, others = whole(**options, label_smoothing=0.3)
    assert (others == weights).all()
    assert labels == pytest.approx(0.7 * mixture + 0.1, abs=1e-6)
    assert labels.sum(axis=1) == pytest.approx(1)


def test_without_smoothing_labels_stay_places() -> None:
    assert whole(labels=SKEWED, label_smoothing=0.0)[1].dtype == np.int32


def test_all_classes_share_in_smoothing_also_those_without_photos() -> None:
    batches = training_batches(
        PHOTOS,
        SKEWED,
        ALL,
        classes=5,
        options=BatchOptions(label_smoothing=0.5, balance="weights"),
        seed=0,
        epoch=1,
    )
    for _, labels, weights in batches:
        assert labels.numpy()[:, 3:] == pytest.approx(0.1)
        assert np.isfinite(weights).all()


@pytest.mark.parametrize(
    "options", [{}, {"mixup": 0.4}, {"label_smoothing": 0.1}, {"balance": "weights"}, EVERYTHING]
)
def test_batches_are_counted_before_the_first(options: dict[str, Any]) -> None:
    batches = training_batches(
        PHOTOS, SKEWED, ALL, classes=3, options=BatchOptions(size=64, **options), seed=0, epoch=1
    )
    assert int(batches.cardinality()) == 4
    assert len([*batches]) == 4


@pytest.mark.parametrize(
    "options", [{"mixup": 0.4}, {"cutmix": 1.0}, {"label_smoothing": 0.1, "balance": "weights"}]
)
def test_a_batch_may_hold_one_photo(options: dict[str, Any]) -> None:
    photos, labels, *_ = whole(
        labels=SKEWED, places=np.array([7]), size=1, augment=PRESETS["none"], **options
    )
    # Mixed with itself, it stays what it is.
    assert photos == pytest.approx(PIXELS[7:8].astype(np.float32), abs=1e-3)
    smoothing = options.get("label_smoothing", 0.0)
    assert labels == pytest.approx((1 - smoothing) * np.eye(3)[[0]] + smoothing / 3, abs=1e-6)


def test_labels_of_features_are_made_as_those_of_photos_are() -> None:
    options = BatchOptions(size=64, augment=PRESETS["none"], balance="weights", label_smoothing=0.1)
    plan = draw_epoch(SKEWED, ALL, options=options, size=1, seed=0, epoch=1)
    chosen = (PLACES_AS_LABELS[plan.places], SKEWED[plan.places])
    features = import_tensorflow().data.Dataset.from_tensor_slices(chosen).batch(64)
    found = joined(
        [
            tuple(part.numpy() for part in batch)
            for batch in labelled(features, SKEWED, plan, options, classes=3)
        ]
    )
    _, *wanted = whole(labels=SKEWED, size=64, balance="weights", label_smoothing=0.1)
    assert (found[0] == plan.places).all()
    assert all((one == other).all() for one, other in zip(found[1:], wanted, strict=True))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_shapes_are_known_before_the_first_batch(smoothing: float) -> None:
    batches = training_batches(
        PHOTOS,
        SKEWED,
        ALL,
        classes=3,
        options=BatchOptions(**EVERYTHING | {"balance": "weights", "label_smoothing": smoothing}),
        seed=0,
        epoch=1,
    )
    assert [spec.shape.as_list() for spec in batches.element_spec] == [[None, 4, 4, 3], [None, 3], [None]]
