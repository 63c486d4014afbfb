import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.explanation.maps import CONSTANT, EMPTY, UNDEFINED, Explanation, verdict


def heat_of(*rows: list[float]) -> NDArray[np.float32]:
    return np.array(rows, dtype=np.float32)


@pytest.mark.parametrize(
    ("heat", "expected"),
    [
        (heat_of([0, 0.1], [0, 0]), ""),
        (heat_of([0, 1e-20]), ""),
        (heat_of([5, 5.001]), ""),
        (heat_of([0, 0], [0, 0]), EMPTY),
        (heat_of([3, 3], [3, 3]), CONSTANT),
        (heat_of([3, 3.00001], [3, 3]), CONSTANT),
        (heat_of([7]), CONSTANT),
        (heat_of([0, np.nan]), UNDEFINED),
        (heat_of([0, np.inf]), UNDEFINED),
    ],
)
def test_a_map_that_shows_no_place_says_so(heat: NDArray[np.float32], expected: str) -> None:
    assert verdict(heat) == expected


def test_an_explanation_has_a_peak_and_a_verdict_for_each_photo() -> None:
    maps = np.stack([heat_of([0, 0.5]), heat_of([0, 0])])
    scores = np.zeros((2, 3), np.float32)
    found = Explanation(maps, np.array([0, 1]), scores, scores, "layer", "method", "unit")
    assert found.peaks.tolist() == [0.5, 0]
    assert found.verdicts == ("", EMPTY)
