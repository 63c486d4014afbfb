import numpy as np
from numpy.typing import NDArray

from kclass.batches.training import training_batches

PHOTOS = np.random.default_rng(0).integers(0, 256, (200, 4, 4, 3), dtype=np.uint8)
LABELS = np.arange(200, dtype=np.int32)
ALL = np.arange(200)

Pair = tuple[NDArray[np.uint8], NDArray[np.int32]]


def epoch_of(places: NDArray[np.int64] = ALL, *, batch_size: int = 32, seed: int = 0, epoch: int = 1) -> Pair:
    found = training_batches(PHOTOS, LABELS, places, batch_size=batch_size, seed=seed, epoch=epoch)
    photos, labels = zip(*((photos.numpy(), labels.numpy()) for photos, labels in found), strict=True)
    return np.concatenate(photos), np.concatenate(labels)


def mirrored(found: Pair) -> NDArray[np.bool_]:
    """Which photos came mirrored, in the order they came; all others came as they are."""
    photos, labels = found
    as_they_are = (photos == PHOTOS[labels]).all(axis=(1, 2, 3))
    turned = (photos == PHOTOS[labels][:, :, ::-1]).all(axis=(1, 2, 3))
    assert (as_they_are != turned).all()
    result: NDArray[np.bool_] = turned
    return result


def test_an_epoch_shows_each_photo_once_with_its_label() -> None:
    photos, labels = epoch_of()
    assert photos.dtype == np.uint8
    assert labels.dtype == np.int32
    assert sorted(labels) == list(range(200))
    mirrored((photos, labels))


def test_photos_are_shuffled_over_the_whole_set() -> None:
    _, labels = epoch_of()
    # The first batch of 32 would be the photos 0 to 31 without shuffling; shuffled within a buffer
    # of one batch it could not reach the end.
    assert labels[:32].max() > 150


def test_about_half_of_the_photos_are_mirrored() -> None:
    # Binomial with 200 photos: 60 to 140 leaves out 1.6e-8 of the cases.
    assert 60 < mirrored(epoch_of()).sum() < 140


def test_photos_of_one_batch_are_mirrored_independently() -> None:
    assert 60 < mirrored(epoch_of(batch_size=200)).sum() < 140


def test_the_same_seed_and_epoch_give_the_same_batches() -> None:
    first, again = epoch_of(seed=3, epoch=2), epoch_of(seed=3, epoch=2)
    assert (first[0] == again[0]).all()
    assert (first[1] == again[1]).all()


def test_a_data_set_gone_through_twice_gives_the_same_batches() -> None:
    batches = training_batches(PHOTOS, LABELS, ALL, batch_size=64, seed=0, epoch=1)
    first, again = ([photos.numpy() for photos, _ in batches] for _ in range(2))
    assert all((one == other).all() for one, other in zip(first, again, strict=True))


def test_another_epoch_or_seed_has_another_order_and_mirrors_other_photos() -> None:
    start, epoch, seed = epoch_of(), epoch_of(epoch=2), epoch_of(seed=1)
    for other in (epoch, seed):
        assert (start[1] != other[1]).any()
        assert (mirrored(start) != mirrored(other)).any()
    assert (epoch[1] != seed[1]).any()


def test_batches_have_the_size_wanted_and_the_last_what_is_left() -> None:
    for batch_size, sizes in ((64, [64, 64, 64, 8]), (100, [100, 100])):
        found = training_batches(PHOTOS, LABELS, ALL, batch_size=batch_size, seed=0, epoch=1)
        assert [len(labels) for _, labels in found] == sizes


def test_only_the_places_given_are_learned_from() -> None:
    _, labels = epoch_of(np.array([5, 17, 101]))
    assert sorted(labels) == [5, 17, 101]


def test_a_large_seed_is_taken_whole() -> None:
    # Seeds that agree in their low 32 bits are different seeds.
    high, low = epoch_of(seed=2**40), epoch_of(seed=0)
    assert (high[1] != low[1]).any()
    assert (mirrored(high) != mirrored(low)).any()
