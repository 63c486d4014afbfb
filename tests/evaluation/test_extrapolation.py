from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.evaluation.extrapolation import Extrapolation, extrapolate
from kclass.evaluation.power_law import PowerLaw

SIZES = 320.0 * 2 ** (np.arange(-9, 1) / 2)
LAW = PowerLaw(floor=0.05, scale=1.0, exponent=0.5)
PHOTOS = 2000


def simulated(
    error: Callable[[float], float], *, photos: int = PHOTOS, repeats: int = 5, seed: int = 0
) -> NDArray[np.bool_]:
    """Photos of every difficulty: those below the error are predicted wrong, with some noise about it."""
    random = np.random.default_rng(seed)
    difficulty = (np.arange(photos) + 0.5) / photos
    noise = random.normal(0, 0.02, (repeats, len(SIZES), photos))
    limits = np.array([error(size) for size in SIZES])
    return difficulty + noise < limits[None, :, None]


def law_error(size: float) -> float:
    return float(LAW.at(np.array([size]))[0])


def read(wrong: NDArray[np.bool_], **changes: Any) -> Extrapolation:
    given: dict[str, Any] = {
        "half": 7,
        "together": np.arange(wrong.shape[2]),
        "now": 400,
        "further": 100,
        "thinned": {},
        "labels": np.arange(wrong.shape[2], dtype=np.int32) % 2,
        "class_sizes": np.array([160.0, 160.0]),
        "seed": 0,
    }
    return extrapolate(SIZES, wrong, **{**given, **changes})


def test_a_curve_that_follows_a_law_tells_what_more_photos_bring() -> None:
    found = read(simulated(law_error))
    assert found.doubt == ""
    assert found.errors == pytest.approx([law_error(size) for size in SIZES], abs=0.003)
    truth = law_error(400), law_error(500)
    assert (found.now.value, found.more.value) == pytest.approx(truth, abs=0.003)
    assert found.now.low < truth[0] < found.now.high
    assert found.more.low < truth[1] < found.more.high
    assert found.drop.low < truth[0] - truth[1] < found.drop.high
    assert found.fell.value == pytest.approx(law_error(160) - law_error(320), abs=0.002)
    assert found.missed.low < 0 < found.missed.high


def test_more_photos_are_those_asked_about() -> None:
    wrong = simulated(law_error)
    few, many = read(wrong, further=10), read(wrong, further=400)
    assert few.drop.value < 0.2 * many.drop.value
    assert few.now.value == many.now.value
    assert read(wrong, now=800, further=10).now.value < few.now.value


def test_a_flat_curve_tells_nothing() -> None:
    found = read(simulated(lambda size: 0.2))
    assert found.doubt.startswith("from 160 to 320 training photos the error fell by ")
    assert found.fell.low <= 0


def test_a_curve_with_hardly_an_error_tells_nothing() -> None:
    found = read(simulated(lambda size: 0.03 if size < 200 else 0.015, photos=200))
    assert found.doubt == f"of 200 photos only {200 * found.errors[-1]:.0f} are predicted wrong"
    assert 200 * found.errors[-1] < 5
    nothing = read(np.zeros((3, len(SIZES), 50), dtype=np.bool_))
    assert nothing.doubt == "none of 50 photos is predicted wrong"
    assert (nothing.drop.value, nothing.law.at(np.array([400.0]))[0]) == (0, 0)


def test_a_curve_that_its_first_half_does_not_foretell_tells_nothing() -> None:
    found = read(simulated(lambda size: 0.4 if size < 170 else 0.1))
    assert found.missed.low > 0.2
    assert found.doubt.startswith("from up to 160 training photos the curve foretells an error for 320 that")
    assert found.doubt.endswith(f" is off by {100 * found.missed.value:+.1f} points")


def test_fewer_photos_and_copies_of_photos_tell_less() -> None:
    wide = read(simulated(law_error, photos=200)).now
    narrow = read(simulated(law_error)).now
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    wrong = simulated(law_error, photos=200)
    copied = read(np.repeat(wrong, 10, axis=2), together=np.repeat(np.arange(200), 10)).now
    assert copied.high - copied.low == pytest.approx(wide.high - wide.low, rel=0.15)


def test_the_band_runs_through_now_and_more() -> None:
    found = read(simulated(law_error))
    errors, lows, highs = found.band(np.array([400.0, 500.0]))
    assert errors.tolist() == [found.now.value, found.more.value]
    assert [lows[0], highs[1]] == pytest.approx([found.now.low, found.more.high])


def test_the_same_seed_draws_the_same() -> None:
    wrong = simulated(law_error, photos=200)
    assert read(wrong).to_dict() == read(wrong).to_dict()
    assert read(wrong, seed=1).now.low != read(wrong).now.low


def thinned(wrong: NDArray[np.bool_], *, first: int, number: int) -> NDArray[np.bool_]:
    """What is wrong besides if some photos are missing: so many of those that were right."""
    worse = np.repeat(wrong[:1, -1], 3, axis=0)
    worse[:, np.flatnonzero(~wrong[0, -1])[first : first + number]] = True
    return worse


def test_the_class_that_needs_photos_most_comes_first_and_is_named() -> None:
    wrong = simulated(law_error)
    found = read(
        wrong, thinned={0: thinned(wrong, first=0, number=5), 1: thinned(wrong, first=9, number=100)}
    )
    assert [need.label for need in found.needs] == [1, 0]
    assert [need.halved.value for need in found.needs] == pytest.approx([0.05, 0.0025])
    assert found.needs[0].halved.low < 0.05 < found.needs[0].halved.high
    assert found.neediest == 1


def test_the_own_error_of_a_class_is_that_of_its_photos_alone() -> None:
    wrong = simulated(law_error)
    worse = wrong[:1, -1].copy()
    worse[:, np.flatnonzero(~wrong[0, -1])[:100]] = True  # every other photo is of class 0
    (need,) = read(wrong, thinned={0: worse}).needs
    assert need.halved.value == pytest.approx(0.05)
    assert need.own.value == pytest.approx(0.05, abs=0.002)
    labels = np.ones(PHOTOS, dtype=np.int32)
    labels[np.flatnonzero(~wrong[0, -1])[:100]] = 0
    (need,) = read(wrong, thinned={0: worse}, labels=labels).needs
    assert (need.own.value, need.own.low, need.own.high) == pytest.approx((1, 1, 1))


def test_needs_are_counted_by_photo() -> None:
    wrong = simulated(law_error)
    halves = {0: thinned(wrong, first=0, number=60), 1: thinned(wrong, first=100, number=100)}
    found = read(wrong, thinned=halves, class_sizes=np.array([20.0, 300.0]))
    assert [need.label for need in found.needs] == [0, 1]
    assert (found.needs[0].photos, found.neediest) == (20, 0)


def test_of_classes_that_need_about_as_much_none_is_named() -> None:
    wrong = simulated(law_error)
    halves = {0: thinned(wrong, first=0, number=40), 1: thinned(wrong, first=100, number=44)}
    assert read(wrong, thinned=halves).neediest is None
    assert read(wrong, thinned={0: wrong[:1, -1]}).neediest is None  # nothing hangs on it
    assert read(wrong).needs == ()


def test_a_curve_of_few_sizes_is_refused() -> None:
    with pytest.raises(OptionError, match="a curve of 10 sizes, 2 of them up to half of the photos"):
        read(simulated(law_error), half=1)
