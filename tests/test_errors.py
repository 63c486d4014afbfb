import copy
import pickle

import pytest

from kclass.errors import DataError, KClassError, ModelError, OptionError, OutputError, PhotoError

KINDS = [KClassError, OptionError, PhotoError, DataError, ModelError, OutputError]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_what_is_wrong_and_below_it_what_to_do(kind: type[KClassError]) -> None:
    assert str(kind("it is broken")) == "it is broken"
    error = kind("it is broken", fix="Mend it.")
    assert str(error) == "it is broken\nMend it."
    assert (error.message, error.fix) == ("it is broken", "Mend it.")
    assert isinstance(error, KClassError)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("taken", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_errors_survive_the_way_between_processes(kind: type[KClassError], taken: object) -> None:
    assert callable(taken)
    error = taken(kind("it is broken", fix="Mend it."))
    assert type(error) is kind
    assert (error.message, error.fix) == ("it is broken", "Mend it.")


def test_wrong_use_ends_with_2_and_everything_else_with_1() -> None:
    assert {kind.__name__: kind.exit_code for kind in KINDS} == {
        "KClassError": 1,
        "OptionError": 2,
        "PhotoError": 1,
        "DataError": 1,
        "ModelError": 1,
        "OutputError": 1,
    }


@pytest.mark.parametrize(
    ("value", "fix"),
    [("gup", "Did you mean gpu?"), ("automatic", "Did you mean auto?"), ("phone", ""), ("", "")],
)
def test_an_unknown_word_is_answered_with_the_nearest_valid_one(value: str, fix: str) -> None:
    error = OptionError.unknown("device", value, ("gpu", "cpu", "auto"))
    assert error.message == f"device is {value!r}; it must be one of auto, cpu, gpu"
    assert error.fix == fix


@pytest.mark.parametrize(
    ("value", "message", "fix"),
    [
        ("layer_1x", "layer_1, layer_21, layer_19, layer_18, layer_17 and 20 more", "Did you mean layer_1?"),
        ("LAYER_1X", "layer_1, layer_21, layer_19, layer_18, layer_17 and 20 more", "Did you mean layer_1?"),
        ("xyz", "layer_0, layer_1, layer_10, layer_11, layer_12 and 20 more", ""),
    ],
)
def test_of_many_valid_words_the_nearest_are_named_or_the_first(value: str, message: str, fix: str) -> None:
    error = OptionError.unknown("layer", value, (f"layer_{number}" for number in range(25)))
    assert error.message == f"layer is {value!r}; it must be one of {message}"
    assert error.fix == fix
