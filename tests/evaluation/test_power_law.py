import numpy as np
import pytest
from scipy.optimize import nnls

from kclass.errors import OptionError
from kclass.evaluation.power_law import EXPONENTS, PowerLaw, fit_power_laws

SIZES = np.array([10.0, 20, 40, 80, 160, 320])


@pytest.mark.parametrize("floor", [0.0, 0.04])
@pytest.mark.parametrize("place", [5, 30, 55])
def test_a_curve_that_is_a_power_law_is_found_again(floor: float, place: int) -> None:
    exponent = float(EXPONENTS[place])
    errors = floor + 0.8 * SIZES**-exponent
    (law,) = fit_power_laws(SIZES, errors[None], np.ones(6))
    assert (law.floor, law.scale, law.exponent) == pytest.approx((floor, 0.8, exponent), abs=1e-9)


def test_the_error_of_more_photos_follows_from_the_law() -> None:
    law = PowerLaw(floor=0.02, scale=0.8, exponent=0.5)
    assert law.at(np.array([100.0, 400.0])).tolist() == pytest.approx([0.1, 0.06])
    assert law.at(np.array([0.25])).tolist() == [1.0]  # .02 + .8 * 2 is no share
    assert law.to_dict() == {"floor": 0.02, "scale": 0.8, "exponent": 0.5}


def test_floor_and_scale_are_those_of_least_squares_not_below_0() -> None:
    random = np.random.default_rng(0)
    weights = random.uniform(0.2, 3, 6)
    curves = np.clip(0.3 * SIZES**-0.3 + random.normal(0, 0.05, (30, 6)), 0, 1)
    for law, errors in zip(fit_power_laws(SIZES, curves, weights), curves, strict=True):
        roots = np.sqrt(weights)
        solved = {
            exponent: nnls(np.column_stack([roots, roots * SIZES**-exponent]), roots * errors)
            for exponent in EXPONENTS.tolist()
        }
        (floor, scale), loss = solved[law.exponent]
        assert (law.floor, law.scale) == pytest.approx((floor, scale), abs=1e-8)
        assert loss == pytest.approx(min(each[1] for each in solved.values()), abs=1e-9)


def test_a_size_that_counts_more_is_met_more_closely() -> None:
    errors = np.array([[0.5, 0.2, 0.3, 0.1, 0.12, 0.02]])
    misses = []
    for weight in (1.0, 1000.0):
        (law,) = fit_power_laws(SIZES, errors, np.array([1, 1, 1, 1, 1, weight]))
        misses.append(abs(law.at(SIZES[-1:])[0] - 0.02))
    assert misses[1] < 0.1 * misses[0]


def test_a_curve_that_rises_is_flat() -> None:
    (law,) = fit_power_laws(SIZES, np.linspace(0.1, 0.2, 6)[None], np.ones(6))
    assert law.scale == 0
    assert law.floor == pytest.approx(0.15)


def test_two_sizes_tell_no_law() -> None:
    with pytest.raises(OptionError, match=r"power laws through \(1, 2\) errors of 2 sizes"):
        fit_power_laws(SIZES[:2], np.ones((1, 2)), np.ones(2))
