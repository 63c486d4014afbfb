import contextlib
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kclass
from kclass.backbones.archive import DAMAGE
from kclass.evaluation.novelty import Novelty, doubted, read_novelty, threshold_of
from kclass.evaluation.spread import Spread, fit_spread


def some_novelty(features: int = 6, directions: int = 2) -> Novelty:
    random = np.random.default_rng(0)
    basis = np.linalg.qr(random.normal(size=(features, features)))[0][:directions]
    centres = random.normal(size=(3, features)).astype(np.float16)
    return Novelty(Spread(centres, basis.astype(np.float32), np.array([0.3, 0.2])[:directions], 0.1), 1.7)


def test_a_score_is_the_distance_raised_by_doubt_over_the_threshold() -> None:
    # Distances 2 and 2; doubts 0 and .5, so 2 and 2 (1 + .2 * .5).
    assert doubted(np.array([2.0, 2]), np.array([[1.0, 0], [0.5, 0.5]])).tolist() == pytest.approx([2, 2.2])
    novelty = some_novelty()
    features = np.random.default_rng(1).random((4, 6), dtype=np.float32)
    sure, unsure = np.tile([1.0, 0], (4, 1)), np.tile([0.5, 0.5], (4, 1))
    distances = novelty.spread.distances(features)
    assert novelty.scores(features, sure) == pytest.approx(distances / 1.7)
    assert novelty.scores(features, unsure) == pytest.approx(distances * 1.1 / 1.7)


# The threshold


def test_the_threshold_is_the_score_at_its_conformal_place() -> None:
    # 39 scores 2, 3 ... 40: place ceil(40 * .95) = 38 of 2 ... 40 is 39.
    scores = np.arange(2.0, 41)[::-1]
    assert threshold_of(scores) == (39, 0.05)
    # At 10 %: place ceil(40 * .9) = 36 is 37.
    assert threshold_of(scores, false_alarms=0.1) == (37, 0.1)


def test_scores_that_nobody_judged_do_not_count() -> None:
    scores = np.append(np.arange(2.0, 41), [np.nan] * 30)
    assert threshold_of(scores) == (39, 0.05)


def test_few_photos_have_more_false_alarms_and_say_so() -> None:
    assert threshold_of(np.arange(2.0, 12)) == (11, pytest.approx(1 / 11))
    assert threshold_of(np.arange(2.0, 21)) == (20, pytest.approx(0.05))  # 19: place ceil(20 * .95) = 19


def test_too_few_photos_set_no_threshold() -> None:
    assert threshold_of(np.arange(8.0)) is None
    assert threshold_of(np.full(30, np.nan)) is None


def test_photos_that_are_all_alike_leave_a_threshold_that_can_be_divided_by() -> None:
    assert threshold_of(np.zeros(30)) == (1, 0.05)


@pytest.mark.parametrize("rate", [0, 1, -0.1, float("nan")])
def test_a_rate_out_of_range_is_refused(rate: float) -> None:
    with pytest.raises(kclass.OptionError, match="it must be between 0 and 1"):
        threshold_of(np.arange(30.0), false_alarms=rate)


@pytest.mark.parametrize("photos", [20, 50, 400])
def test_other_photos_raise_as_many_false_alarms_as_stated(photos: int) -> None:
    random = np.random.default_rng(0)
    alarms = []
    for _ in range(200):
        found = threshold_of(2 + random.standard_exponential(photos))
        assert found is not None
        alarms.append(np.mean(2 + random.standard_exponential(500) > found[0]))
    assert 0.03 < np.mean(alarms) <= 0.053


# The file


def test_what_is_written_is_read_again() -> None:
    novelty = some_novelty()
    again = read_novelty(novelty.to_bytes())
    features = np.random.default_rng(1).random((5, 6), dtype=np.float32)
    probabilities = np.tile([0.6, 0.4], (5, 1))
    assert np.array_equal(again.scores(features, probabilities), novelty.scores(features, probabilities))


def test_a_score_without_directions_is_read_again() -> None:
    again = read_novelty(some_novelty(directions=0).to_bytes())
    assert again.spread.directions.shape == (0, 6)


def test_it_is_small_enough_for_the_model_file() -> None:
    random = np.random.default_rng(0)
    features = random.random((900, 1280), dtype=np.float32)
    labels = (np.arange(900) % 100).astype(np.int32)
    assert len(Novelty(fit_spread(features, labels, classes=100), 1.5).to_bytes()) < 600_000


def changed(**changes: np.ndarray | None) -> bytes:
    novelty = some_novelty()
    arrays: dict[str, np.ndarray | None] = {
        "centres": novelty.spread.centres,
        "directions": novelty.spread.directions,
        "variances": novelty.spread.variances,
        "scale": np.array([novelty.spread.rest, novelty.threshold]),
    }
    buffer = io.BytesIO()
    np.savez(buffer, **{name: each for name, each in (arrays | changes).items() if each is not None})
    return buffer.getvalue()


def packed() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, centres=np.zeros((4000, 4000), np.float16))
    return buffer.getvalue()


def claiming(shape: tuple[int, ...]) -> bytes:
    """An archive with an array that claims a shape and holds eight bytes."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": shape})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("centres.npy", header.getvalue() + bytes(8))
    return buffer.getvalue()


F16, F32 = np.float16, np.float32


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: b"", "File is not a zip file"),
        (lambda: b"rubbish", "File is not a zip file"),
        (packed, "it is packed"),
        (lambda: claiming((10**9, 10**6)), "an array has not the 1,000,000,000,000,000 numbers"),
        (lambda: claiming((-1,)), "an array is of another kind"),
        (lambda: changed(scale=None), "it has no scale"),
        (lambda: changed(centres=None), "it has no centres"),
        (lambda: changed(centres=np.array([None])), "an array is of another kind"),
        (lambda: changed(centres=np.zeros((2, 6))), "its numbers are of other kinds"),
        (lambda: changed(directions=np.zeros((2, 6))), "its numbers are of other kinds"),
        (lambda: changed(centres=np.zeros((2, 5), F16)), "it has the shapes (2, 5), (2, 6) and (2,)"),
        (lambda: changed(centres=np.zeros((0, 6), F16)), "it has the shapes (0, 6), (2, 6) and (2,)"),
        (lambda: changed(centres=np.zeros(6, F16)), "it has the shapes (6,), (2, 6) and (2,)"),
        (lambda: changed(variances=np.ones((2, 1))), "it has the shapes (2, 1) and (2,)"),
        (lambda: changed(variances=np.ones(())), "it has the shapes () and (2,)"),
        (lambda: changed(scale=np.ones(3)), "it has the shapes (2,) and (3,)"),
        (lambda: changed(scale=np.array([0.1, np.nan])), "its numbers are not all finite"),
        (lambda: changed(directions=np.full((2, 6), np.inf, F32)), "its numbers are not all finite"),
        (lambda: changed(variances=np.array([0.0, 1])), "a variance or the threshold is not above 0"),
        (lambda: changed(scale=np.array([0.1, -1])), "a variance or the threshold is not above 0"),
    ],
)
def test_what_kclass_did_not_write_is_refused(make: Callable[[], bytes], says: str) -> None:
    with pytest.raises((ValueError, zipfile.BadZipFile)) as raised:
        read_novelty(make())
    assert str(raised.value).startswith(says)


@given(place=st.integers(0, 3000), value=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_read(place: int, value: int) -> None:
    data = bytearray(some_novelty().to_bytes())
    data[place % len(data)] = value
    with contextlib.suppress(DAMAGE):
        read_novelty(bytes(data))


def test_directions_that_lie_column_by_column_are_read_back() -> None:
    spread = some_novelty().spread
    by_column = replace(spread, directions=np.asfortranarray(spread.directions))
    again = read_novelty(Novelty(by_column, 1.5).to_bytes())
    assert np.array_equal(again.spread.directions, spread.directions)
