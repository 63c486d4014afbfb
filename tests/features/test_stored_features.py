import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kclass.features.stored import TOLERANCE, from_bytes, to_bytes

ROWS = arrays(np.float32, st.integers(1, 40), elements=st.floats(width=32))


@given(ROWS)
def test_any_row_comes_back_within_the_tolerance_of_its_largest_value(row: np.ndarray) -> None:
    found = from_bytes(to_bytes(row)).astype(np.float32)
    if np.isfinite(row).all():
        limit = TOLERANCE * np.abs(row.astype(np.float64)).max()
        assert np.abs(found.astype(np.float64) - row).max() <= limit
    else:
        np.testing.assert_array_equal(found, row)


@given(ROWS)
def test_what_was_rounded_once_is_not_rounded_again(row: np.ndarray) -> None:
    kept = to_bytes(row)
    assert to_bytes(from_bytes(kept).astype(np.float32)) == kept


@pytest.mark.parametrize(
    ("row", "bytes_each"),
    [
        ([0.0, 0.0], 2),
        ([0.1, 5.25, 1e-9], 2),
        ([65504.0, 1.0], 2),
        ([65519.0, 1.0], 2),
        ([65520.0, 1.0], 4),
        ([1e30, -1e30], 4),
        ([2.0**-15, 0.3 * 2.0**-15], 2),
        ([1e-6, 3.3e-7], 4),
        ([np.inf, 1.0], 4),
        ([-np.inf, np.inf], 4),
        ([np.nan, 1.0], 4),
    ],
)
def test_float16_is_taken_where_it_holds_the_row(row: list[float], bytes_each: int) -> None:
    features = np.array(row, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = to_bytes(features)
    assert len(kept) == bytes_each * len(row) + 1
    assert from_bytes(kept).dtype.itemsize == bytes_each
    if bytes_each == 4:
        np.testing.assert_array_equal(from_bytes(kept), features)


def test_the_numbers_are_those_of_ieee_half_precision() -> None:
    # 1/3 is 0x3555 in binary16, and 1 is 0x3c00.
    assert to_bytes(np.array([1 / 3, 1.0], np.float32)) == np.array([0x3555, 0x3C00], "u2").tobytes() + b"e"
