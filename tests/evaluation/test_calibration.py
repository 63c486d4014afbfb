import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kclass
from kclass.evaluation.calibration import BINNING, fit_temperature, reliability
from kclass.evaluation.intervals import wilson


def sure(confidences: list[float]) -> np.ndarray:
    """Probabilities of two classes, the first one as probable as said."""
    first = np.array(confidences)
    return np.stack([first, 1 - first], axis=1)


def labels(right: list[int]) -> np.ndarray:
    """Labels that make the first class right where there is a 1."""
    return (1 - np.array(right)).astype(np.int32)


def test_an_error_that_was_worked_by_hand() -> None:
    # Sorted: .6 wrong, .7 right, .8 right, .9 right. Two bins have accuracies 1/2 and 1, three (cuts
    # after 1 and 2 photos) 0, 1, 1, four 0, 1, 1, 1: all rise, so there are four, and the error is
    # (.6 + .3 + .2 + .1) / 4.
    found = reliability(sure([0.9, 0.6, 0.8, 0.7]), labels([1, 0, 1, 1]))
    assert [each.photos for each in found.bins] == [1, 1, 1, 1]
    assert [each.accuracy for each in found.bins] == [0, 1, 1, 1]
    assert found.edges == pytest.approx((0, 0.65, 0.75, 0.85, 1))
    assert found.ece == pytest.approx(0.3)


def test_bins_are_no_more_than_keep_accuracy_from_falling() -> None:
    # Two bins have accuracies 1 and 1/2, so there is one: |.75 - .75| = 0.
    found = reliability(sure([0.6, 0.7, 0.8, 0.9]), labels([1, 1, 0, 1]))
    (only,) = found.bins
    assert (only.low, only.high, only.photos) == (0, 1, 4)
    assert only.interval == wilson(3, 4)
    assert found.ece == pytest.approx(0)


def test_photos_of_one_confidence_share_a_bin_whatever_their_order() -> None:
    probabilities, truth = sure([0.9] * 6 + [1.0] * 6), labels([1, 0] * 3 + [1] * 6)
    found = reliability(probabilities, truth)
    assert [each.photos for each in found.bins] == [6, 6]
    assert found.ece == pytest.approx((6 * 0.4 + 0) / 12)
    assert reliability(probabilities[::-1], truth[::-1]) == found


def test_there_are_fifteen_bins_at_most() -> None:
    found = reliability(sure(np.linspace(0.5, 1, 200).tolist()), labels([1] * 200))
    assert len(found.bins) == 15
    assert found.ece == pytest.approx(0.25)  # mean confidence .75, all right


def test_one_photo_is_enough() -> None:
    found = reliability(sure([0.8]), labels([1]))
    assert (found.photos, found.ece, found.edges) == (1, pytest.approx(0.2), (0, 1))


def test_no_photo_is_too_few() -> None:
    with pytest.raises(kclass.DataError, match="there are no photos to judge confidence by"):
        reliability(np.empty((0, 2)), np.empty(0, np.int32))


def test_a_calibrated_classifier_looks_calibrated_even_by_fifty_photos() -> None:
    random = np.random.default_rng(0)
    errors = []
    for _ in range(60):
        confidences = 0.5 + 0.5 * random.beta(8, 1.2, 50)
        errors.append(reliability(sure(confidences.tolist()), labels(random.random(50) < confidences)).ece)
    assert np.mean(errors) < 0.05  # by 15 bins of fixed width or mass it is .05 to .09


def test_reliability_is_plain_data() -> None:
    found = reliability(sure([0.6, 0.9]), labels([0, 1]))
    told = json.loads(json.dumps(found.to_dict()))
    assert told["binning"] == BINNING
    assert told["photos"] == 2
    assert told["bins"][1] == {
        "low": 0.75,
        "high": 1.0,
        "photos": 1,
        "confidence": 0.9,
        "accuracy": 1.0,
        "interval": wilson(1, 1).to_dict(),
    }


def test_reliability_can_be_looked_at() -> None:
    figure = reliability(sure([0.62, 0.97]), labels([0, 1])).plot()
    assert BINNING in figure.axes[0].get_title(loc="left").replace("\n", " ")
    heights = [bar.get_height() for bar in figure.axes[1].patches]
    assert [place / 20 for place, height in enumerate(heights) if height] == [0.6, 0.95]


def drawn(photos: int, temperature: float, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `temperature` times too large, and labels that follow the true ones."""
    random = np.random.default_rng(1)
    logits = random.normal(0, 2, (photos, classes))
    chosen = (logits + random.gumbel(size=logits.shape)).argmax(axis=1)
    return logits * temperature, chosen.astype(np.int32)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_a_temperature_is_found_again(temperature: float) -> None:
    assert fit_temperature(*drawn(20_000, temperature)) == pytest.approx(temperature, rel=0.03)


def test_a_constant_added_to_all_logits_of_a_photo_changes_nothing() -> None:
    logits, truth = drawn(50, 2.0)
    shifts = np.linspace(-300, 300, 50)[:, None]
    assert fit_temperature(logits + shifts, truth) == pytest.approx(fit_temperature(logits, truth), rel=1e-4)


def test_few_photos_move_it_less_than_many() -> None:
    assert 1 < fit_temperature(*drawn(8, 3.0)) < fit_temperature(*drawn(2000, 3.0))


def test_a_temperature_that_was_worked_by_hand() -> None:
    # One photo, logits (2, 0), label 0: the derivative of ln(1 + e^(-2/T)) + 2 (ln T)² by ln T is
    # (2/T) / (1 + e^(2/T)) + 4 ln T; at T = 0.9398 it is 0.2264 + 4 (-0.0621) = -0.022, at .9448 0.0.
    temperature = fit_temperature(np.array([[2.0, 0.0]]), np.array([0], np.int32))
    slope = (2 / temperature) / (1 + np.exp(2 / temperature)) + 4 * np.log(temperature)
    assert slope == pytest.approx(0, abs=1e-4)
    assert 0.9 < temperature < 1


def test_photos_that_are_all_right_leave_a_sensible_temperature() -> None:
    logits = np.array([[9.0, 0], [0, 8], [7, 0]])
    assert 0.5 < fit_temperature(logits, np.array([0, 1, 0], np.int32)) < 1


def test_photos_that_are_all_wrong_make_it_hot_but_bounded() -> None:
    logits = np.tile([500.0, 0], (400, 1))
    assert 10 < fit_temperature(logits, np.ones(400, np.int32)) <= 20.001


def test_weights_are_counted_and_their_scale_is_not() -> None:
    logits, truth = np.array([[3.0, 0], [3, 0]]), np.array([0, 1], np.int32)
    evenly = fit_temperature(logits, truth)
    assert fit_temperature(logits, truth, np.array([1.0, 5])) > evenly
    assert fit_temperature(logits, truth, np.array([7.0, 7])) == pytest.approx(evenly)


def test_photos_that_nothing_is_known_of_are_left_out() -> None:
    logits, truth = drawn(30, 2.0)
    more = np.vstack([logits, [[np.nan] * 3], [[np.inf, 0, 0]]])
    assert fit_temperature(more, np.append(truth, [0, 0]).astype(np.int32)) == fit_temperature(logits, truth)
    assert fit_temperature(np.full((2, 3), np.nan), np.zeros(2, np.int32)) == 1


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(kclass.OptionError, match="2 rows of probabilities for 1 labels"):
        fit_temperature(np.zeros((2, 2)), np.zeros(1, np.int32))


@given(st.lists(st.tuples(st.floats(-800, 800), st.floats(-800, 800), st.integers(0, 1)), min_size=1))
def test_any_logits_give_a_temperature_within_its_bounds(rows: list[tuple[float, float, int]]) -> None:
    logits = np.array([row[:2] for row in rows])
    temperature = fit_temperature(logits, np.array([row[2] for row in rows], np.int32))
    assert 0.049 < temperature < 20.1


def test_confidences_that_are_neighbouring_floats_are_parted() -> None:
    probabilities = np.array([[1 - 2**-53, 2**-53], [1.0, 0.0]])
    found = reliability(probabilities, np.array([1, 0], np.int32))
    assert [each.photos for each in found.bins] == [1, 1]
    assert [each.accuracy for each in found.bins] == [0, 1]
