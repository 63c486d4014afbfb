"""The options of a fit as keywords."""

import inspect
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import kclass
from kclass.runs.keywords import FitKeywords, signature_with_options

KEYWORDS = get_type_hints(FitKeywords)
OPTIONS = {each.name: each for each in fields(kclass.FitOptions)}
FUNCTIONS = [kclass.fit, kclass.lr_find]


def test_the_keywords_are_the_options_in_their_order() -> None:
    assert list(KEYWORDS) == list(OPTIONS)
    assert FitKeywords.__required_keys__ == frozenset()


@pytest.mark.parametrize("name", OPTIONS)
def test_a_keyword_has_the_type_of_its_option_and_paths_and_recipes_may_be_text(name: str) -> None:
    kind: Any = str | None if name == "recipe" else OPTIONS[name].type
    assert KEYWORDS[name] == (kind | str if Path in get_args(kind) else kind)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_signature_shows_each_option_with_its_type_and_default(function: Any) -> None:
    shown = inspect.signature(function).parameters
    assert list(shown)[-len(OPTIONS) :] == list(OPTIONS)
    for name, option in OPTIONS.items():
        assert shown[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert (shown[name].default, shown[name].annotation) == (option.default, KEYWORDS[name])
    assert not [each for each in shown.values() if each.kind is inspect.Parameter.VAR_KEYWORD]


def test_other_parameters_stay_as_they_are() -> None:
    def function(data: str, *, out: int = 3, **options: Any) -> None: ...

    own = list(signature_with_options(function).parameters.values())[:2]
    assert own == list(inspect.signature(function).parameters.values())[:2]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_keyword_that_is_no_option_is_a_type_error_as_for_any_function(function: Any) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'epoch'"):
        function("photos", epoch=3)
