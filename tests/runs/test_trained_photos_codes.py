import numpy as np
import pytest

from kclass.runs.trained_photos_codes import likeness, likeness_of_one


def codes_of(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def test_the_likeness_of_a_photo_to_itself_is_one_also_if_the_directions_hold_a_part_of_it() -> None:
    codes = codes_of([0.6, 0.0], [0.0, 0.9], [0.3, 0.4])
    assert np.diag(likeness(codes, codes)) == pytest.approx([1, 1, 1], abs=1e-6)


def test_a_photo_that_the_directions_hold_little_of_is_not_like_one_that_they_hold_whole() -> None:
    # The cosine of the codes is 1; the features can have 0.3 * 1 + sqrt(1 - 0.09) * 0 = 0.3 at most.
    assert likeness(codes_of([0.3, 0.0]), codes_of([1.0, 0.0]))[0, 0] == pytest.approx(0.3)


def test_of_photos_that_the_directions_hold_a_part_of_the_codes_must_be_alike_too() -> None:
    # Features could have 0.36 * 0 + 0.8 * 0.8 = 0.64 at most; the cosine of the codes is 0.
    assert likeness(codes_of([0.6, 0.0]), codes_of([0.0, 0.6]))[0, 0] == pytest.approx(0)


def around(spread: float) -> np.ndarray:
    """Codes of 40 photos whose features differ little from one direction."""
    values = np.random.default_rng(0).normal(0, spread, (40, 8))
    values[:, 0] += 1
    found: np.ndarray = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
    return found


@pytest.mark.parametrize(("spread", "alike"), [(0.5, 0.95), (0.05, 0.999), (0.001, None)])
def test_photos_that_are_all_alike_to_the_network_need_more_likeness_or_cannot_be_told(
    spread: float, alike: float | None
) -> None:
    assert likeness_of_one(around(spread)) == alike


def test_one_training_photo_is_told_from_others() -> None:
    assert likeness_of_one(codes_of([1.0])) == 0.95
