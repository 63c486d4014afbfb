from dataclasses import replace

import numpy as np
import pytest

from kclass.evaluation.intervals import ValueInterval, wilson
from kclass.evaluation.paired import difference_interval
from kclass.explanation.measures import CENTRE, OWN, RANDOM, Gain, Measure, verdict_of
from kclass.explanation.randomisation import Randomised


def measure(own: list[float], random: list[float], centre: list[float], **options: bool) -> Measure:
    values = {OWN: own, RANDOM: random, CENTRE: centre}
    return Measure("m", {whose: np.array(each, np.float64) for whose, each in values.items()}, **options)


def test_a_gain_is_the_mean_of_the_differences_on_the_same_photos() -> None:
    found = measure([0.5, 0.7, 0.9], [0.4, 0.5, 0.6], [0.6, 0.7, 0.8])
    over = found.gain_over(RANDOM)
    # Differences .1, .2, .3: mean .2 ± .2484, see test_mean_interval.
    assert over.value == pytest.approx(0.2)
    assert (over.interval.low, over.interval.high) == pytest.approx((-0.0484, 0.4484), abs=1e-4)
    assert not over.sure
    assert str(over) == "+0.200 (-0.048 to +0.448)"
    assert found.gain_over(CENTRE).value == pytest.approx(0)
    assert found.mean(OWN) == pytest.approx(0.7)


def test_where_low_is_good_less_is_a_gain() -> None:
    found = measure([0.1, 0.2, 0.3], [0.5, 0.6, 0.8], [0.1, 0.2, 0.3], low_is_good=True)
    # .4, .4, .5: mean .4333, standard deviation .0577: ± 4.3027 · .0577 / √3 = .1434.
    over = found.gain_over(RANDOM)
    assert over.value == pytest.approx(0.4333, abs=1e-4)
    assert over.interval.low == pytest.approx(0.2899, abs=1e-4)
    assert over.sure
    assert found.row()[0] == "m (low is good)"


def test_hits_have_the_intervals_of_proportions() -> None:
    found = measure([1, 1, 1, 0], [0, 1, 0, 0], [1, 1, 1, 1], hits=True)
    assert found.gain_over(RANDOM).value == 0.5
    assert found.gain_over(RANDOM).interval == difference_interval(0, 2, 4)
    assert found.gain_over(CENTRE).interval == difference_interval(1, 0, 4)
    own = found.interval(OWN)
    assert (own.low, own.high) == (wilson(3, 4).low, wilson(3, 4).high)


def test_a_measure_is_plain_data_too() -> None:
    found = measure([0.5, 0.5], [0.25, 0.25], [0.5, 0.5]).to_dict()
    assert found == {
        "photos": 2,
        "low_is_good": False,
        "map": {"mean": 0.5, "interval": {"low": 0.5, "high": 0.5}},
        "random": {"mean": 0.25, "interval": {"low": 0.25, "high": 0.25}},
        "centre": {"mean": 0.5, "interval": {"low": 0.5, "high": 0.5}},
        "gains": {
            "random": {"mean": 0.25, "interval": {"low": 0.25, "high": 0.25}},
            "centre": {"mean": 0, "interval": {"low": 0, "high": 0}},
        },
    }


GOOD = measure([0.8, 0.9, 0.8], [0.4, 0.5, 0.4], [0.5, 0.6, 0.5])
LIKE_CENTRE = measure([0.8, 0.9, 0.8], [0.4, 0.5, 0.4], [0.8, 0.9, 0.8])
NOTHING = measure([0.4, 0.5, 0.4], [0.4, 0.5, 0.4], [0.8, 0.9, 0.8])
# One photo says nothing of its spread: -1 to 1.
ONE = measure([0.4], [0.4], [0.4])
# Differences .1 and -.1: mean 0 ± 12.7062 · .1414 / √2 = 1.27, kept to -1 to 1.
TWO = measure([0.5, 0.4], [0.4, 0.5], [0.4, 0.5])
WORSE = measure([0.1, 0.2, 0.1], [0.4, 0.5, 0.4], [0.8, 0.9, 0.8])
MAYBE_LIKE_CENTRE = measure([0.8, 0.9, 0.8], [0.4, 0.5, 0.4], [0.6, 0.95, 0.7])
HEEDED = [Randomised("head", np.array([0.1, 0.2])), Randomised("all", np.array([0.0, 0.1]))]


@pytest.mark.parametrize(
    ("deletion", "insertion", "words"),
    [
        (GOOD, GOOD, "better than a random map and than the middle of the photo"),
        (GOOD, LIKE_CENTRE, "better than a random map, but not in all than the middle of the photo"),
        (NOTHING, GOOD, "better than a random map in m alone: do not rely on single maps"),
        (NOTHING, NOTHING, "not better than a random map: do not rely on these maps"),
        (NOTHING, WORSE, "not better than a random map: do not rely on these maps"),
        (ONE, ONE, "too few photos to tell whether these maps are better than a random map"),
        (TWO, TWO, "too few photos to tell whether these maps are better than a random map"),
        (NOTHING, TWO, "too few photos to tell whether these maps are better than a random map"),
        (
            GOOD,
            MAYBE_LIKE_CENTRE,
            "better than a random map, but too few photos to tell whether than the middle of the photo",
        ),
        (
            LIKE_CENTRE,
            MAYBE_LIKE_CENTRE,
            "better than a random map, but not in all than the middle of the photo",
        ),
    ],
)
def test_the_verdict_says_what_maps_beat(deletion: Measure, insertion: Measure, words: str) -> None:
    assert verdict_of(deletion, insertion, HEEDED) == words


def test_a_measure_that_needs_more_photos_is_named() -> None:
    insertion = replace(TWO, name="insertion")
    assert verdict_of(replace(GOOD, name="deletion"), insertion, HEEDED) == (
        "better than a random map in deletion, but too few photos to tell in insertion"
    )


@pytest.mark.parametrize(("high", "unknown"), [(0.1, True), (0.099, False)])
def test_more_photos_are_needed_where_a_gain_that_matters_is_not_excluded(high: float, unknown: bool) -> None:
    assert Gain(0.01, ValueInterval(-0.05, high)).open is unknown
    assert not Gain(0.2, ValueInterval(0.001, 0.4)).open


def test_the_verdict_says_what_maps_do_not_look_at() -> None:
    head = [Randomised("head", np.array([0.9, 0.8])), HEEDED[1]]
    assert verdict_of(GOOD, GOOD, head) == (
        "better than a random map and than the middle of the photo; "
        "they are much the same when the head is random, so they do not tell the classes apart"
    )
    both = [head[0], Randomised("all", np.array([0.6]))]
    assert verdict_of(GOOD, GOOD, both).endswith(
        "; they are much the same when all weights are random, so they say little about the network"
    )
