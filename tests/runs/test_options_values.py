from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kclass.errors import OptionError
from kclass.runs.values import flag, fraction_or_place, number, one_of, whole, whole_numbers

NEVER_A_NUMBER = ["3", True, False, [3], 3j, np.array([3])]


def refused(message: str, call: Any, *arguments: Any) -> None:
    with pytest.raises(OptionError) as raised:
        call("size", *arguments)
    assert raised.value.message == message


def test_none_stays_none() -> None:
    for take in (whole, whole_numbers, number, fraction_or_place):
        assert take("size", None) is None


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_a_whole_number_of_any_kind_is_one_of_python(value: Any) -> None:
    assert (whole("size", value), type(whole("size", value))) == (3, int)
    assert (number("size", value), type(number("size", value))) == (3, int)
    assert whole_numbers("size", value) == (3,)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.float64(0.5)])
def test_a_number_of_any_kind_is_one_of_python(value: Any) -> None:
    assert (number("size", value), type(number("size", value))) == (0.5, float)


@pytest.mark.parametrize("value", [*NEVER_A_NUMBER, 3.0, float("nan")])
def test_what_is_no_whole_number_is_refused_as_it_was_given(value: Any) -> None:
    refused(f"size is {value!r}; it must be a whole number", whole, value)


@pytest.mark.parametrize("value", NEVER_A_NUMBER)
def test_what_is_no_number_is_refused_as_it_was_given(value: Any) -> None:
    refused(f"size is {value!r}; it must be a number", number, value)


@pytest.mark.parametrize("value", [(64, 32), [64, 32], (np.int32(64), 32), np.array([64, 32])])
def test_several_whole_numbers_are_a_row_of_those_of_python(value: Any) -> None:
    found = whole_numbers("hidden", value)
    assert found == (64, 32)
    assert [type(each) for each in found] == [int, int]


@pytest.mark.parametrize(
    "value", [0, -1, (64, 0), (64, True), True, (), [], "64", b"64", 6.5, (64, "32"), {}]
)
def test_what_is_no_row_of_whole_numbers_from_1_on_is_refused(value: Any) -> None:
    refused(
        f"size is {value!r}; it must be a whole number, 1 or more, or several of them", whole_numbers, value
    )


def test_a_flag_is_true_or_false_and_nothing_that_counts_as_such() -> None:
    assert flag("strict", True) is True
    assert flag("strict", False) is False
    for value in (0, 1, None, "yes", np.bool_(True)):
        refused(f"size is {value!r}; it must be True or False", flag, value)


def test_a_fraction_is_a_number_and_all_other_text_a_place() -> None:
    assert fraction_or_place("valid", 0.2) == 0.2
    assert (
        fraction_or_place("valid", "photos") == fraction_or_place("valid", Path("photos")) == Path("photos")
    )
    for text in ("0.2", "1e-1", " 1 "):
        refused(
            f"size is {text!r}; it must be a number, and not text, or a folder of other photos",
            fraction_or_place,
            text,
        )
    assert fraction_or_place("valid", Path("0.2")) == Path("0.2")
    refused("size is [0.2]; it must be a number", fraction_or_place, [0.2])


def test_a_word_is_one_of_those_that_there_are_or_is_refused_with_the_nearest() -> None:
    one_of("size", "small", ("small", "large"))
    with pytest.raises(OptionError) as raised:
        one_of("size", "smal", ("small", "large"))
    assert raised.value.message == "size is 'smal'; it must be one of large, small"
    assert raised.value.fix == "Did you mean small?"
    for value in (None, ["small"], 3):
        refused(f"size is {value!r}; it must be one of large, small", one_of, value, ("small", "large"))
