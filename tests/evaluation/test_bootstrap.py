import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import bootstrap

from kclass.errors import OptionError
from kclass.evaluation.bootstrap import bootstrap_intervals, resampled, scores
from kclass.evaluation.intervals import wilson

NAMES = {"balanced_accuracy", "macro_f1", "log_loss", "brier"}
Case = tuple[NDArray[np.float64], NDArray[np.int32]]


def predictions(photos: int, classes: int, *, margin: float = 2.0, seed: int = 0) -> Case:
    """Probabilities of which `margin` says how often they are right."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, photos).astype(np.int32)
    logits = rng.normal(size=(photos, classes))
    logits[np.arange(photos), labels] += margin
    odds = np.exp(2 * logits)
    return odds / odds.sum(axis=1, keepdims=True), labels


def all_right(photos: int) -> Case:
    return np.tile([0.99, 0.01], (photos, 1)), np.zeros(photos, np.int32)


@pytest.mark.parametrize(("photos", "classes"), [(60, 2), (150, 5)])
def test_without_added_photos_the_resamples_are_those_of_scipy(photos: int, classes: int) -> None:
    probabilities, labels = predictions(photos, classes)
    drawn = resampled(probabilities, labels, resamples=4000, added=0, seed=0)
    assert set(drawn) == NAMES
    for score, values in drawn.items():
        theirs = bootstrap(
            (np.arange(photos),),
            lambda rows, score=score: scores(probabilities[rows], labels[rows])[score],
            vectorized=False,
            n_resamples=1000,
            method="percentile",
            rng=np.random.default_rng(1),
        )
        # With 1,000 resamples quantiles at 2.5 % and the spread are known to some 8 and 3 %.
        spread = theirs.standard_error
        assert values.std() == pytest.approx(spread, rel=0.1)
        ends = theirs.confidence_interval
        assert np.quantile(values, (0.025, 0.975)) == pytest.approx([ends.low, ends.high], abs=0.35 * spread)


@pytest.mark.parametrize("photos", [2, 20, 153, 1000])
def test_where_everything_is_right_balanced_accuracy_has_about_the_interval_of_wilson(photos: int) -> None:
    # All added photos that are there wrong is one resample in 16: the end is photos / (photos + 4), in
    # Wilson's photos / (photos + 3.84).
    low, high = bootstrap_intervals(*all_right(photos))["balanced_accuracy"]
    assert (low, high) == (pytest.approx(photos / (photos + 4)), 1)
    assert low == pytest.approx(wilson(photos, photos).low, abs=0.01)


@pytest.mark.parametrize(("photos", "wrong"), [(50, 25), (50, 5), (200, 14), (1000, 10)])
def test_to_the_accuracy_the_resamples_give_the_interval_of_wilson(photos: int, wrong: int) -> None:
    # Of photos of one class, balanced accuracy is accuracy.
    probabilities, labels = all_right(photos)
    probabilities[:wrong] = (0.01, 0.99)
    low, high = bootstrap_intervals(probabilities, labels, resamples=20_000)["balanced_accuracy"]
    expected = wilson(photos - wrong, photos)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1.5 / photos)


@st.composite
def wild(draw: st.DrawFn) -> Case:
    photos, classes = draw(st.integers(1, 12)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    logits = rng.normal(scale=draw(st.sampled_from([0, 1e-9, 1, 30, 800])), size=(photos, classes))
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    labels = rng.integers(0, draw(st.integers(1, classes)), photos).astype(np.int32)
    return odds / odds.sum(axis=1, keepdims=True), labels


@settings(deadline=None)
@given(wild())
def test_every_interval_has_a_width_and_holds_its_score(case: Case) -> None:
    values = scores(*case)
    for name, (low, high) in bootstrap_intervals(*case, resamples=200).items():
        assert low <= values[name] <= high
        assert low < high
        assert low >= 0
        if name in ("balanced_accuracy", "macro_f1"):
            assert high <= 1


def test_classes_of_the_same_probability_cost_what_they_cost_give_or_take_the_added_photos() -> None:
    # ln 2 for any photo and either class; 3.8415 of 6 + 3.8415 photos cost from 0 to 2 ln 2.
    probabilities, labels = np.full((6, 2), 0.5), np.array([0, 1, 0, 1, 0, 1], np.int32)
    low, high = bootstrap_intervals(probabilities, labels)["log_loss"]
    share = 3.841459 / 9.841459
    assert [low, high] == pytest.approx([(1 - share) * np.log(2), (1 + share) * np.log(2)], rel=1e-6)


def test_an_added_photo_that_is_wrong_is_one_in_doubt() -> None:
    # The second class has 1e-6 of the first nine photos, and .4 of the last: nearly all that are wrong
    # are that one, at -ln .4 = .92 and not at 13.8, which would bring the high end to some 4 * 13.8 / 14.
    probabilities = np.array([[1 - 1e-6, 1e-6]] * 9 + [[0.6, 0.4]])
    low, high = bootstrap_intervals(probabilities, np.zeros(10, np.int32))["log_loss"]
    # Four photos at .92, and of ten resampled ones at most five at -ln .6 = .51.
    assert 0.2 < high < (4 * 0.92 + 5 * 0.52) / 14
    assert low < 0.051


def test_the_same_seed_gives_the_same_intervals_and_another_gives_others() -> None:
    case = predictions(30, 3)
    assert bootstrap_intervals(*case) == bootstrap_intervals(*case)
    assert bootstrap_intervals(*case) != bootstrap_intervals(*case, seed=1)


def test_more_confidence_and_fewer_photos_make_wider_intervals() -> None:
    case = predictions(400, 3)
    few = predictions(40, 3)
    usual = bootstrap_intervals(*case)
    for wider in (bootstrap_intervals(*case, confidence=0.99), bootstrap_intervals(*few)):
        for name in NAMES:
            assert wider[name][1] - wider[name][0] > usual[name][1] - usual[name][0]


def test_the_number_of_resamples_is_what_is_asked_for() -> None:
    drawn = resampled(*predictions(10, 3), resamples=123, added=2, seed=0)
    assert {len(values) for values in drawn.values()} == {123}


def test_drawing_in_parts_gives_as_much_as_drawing_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    case = predictions(50, 4)
    whole = resampled(*case, resamples=300, added=4, seed=0)
    monkeypatch.setattr("kclass.evaluation.bootstrap._AT_ONCE", 1000)
    in_parts = resampled(*case, resamples=300, added=4, seed=0)
    for name in NAMES:
        assert in_parts[name].tolist() == whole[name].tolist()


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
def test_a_confidence_out_of_range_has_no_interval(confidence: float) -> None:
    with pytest.raises(OptionError, match="between 0 and 1") as caught:
        bootstrap_intervals(*predictions(10, 2), confidence=confidence)
    assert caught.value.fix == "Write 95 % as 0.95."


def test_too_few_resamples_are_refused() -> None:
    with pytest.raises(OptionError, match="resamples is 99; it must be 100 or more"):
        bootstrap_intervals(*predictions(10, 2), resamples=99)


def test_a_thousand_photos_take_no_time_to_speak_of() -> None:
    case = predictions(1000, 10)
    start = time.process_time()
    bootstrap_intervals(*case)
    assert time.process_time() - start < 1
