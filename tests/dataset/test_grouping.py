import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kclass.dataset.grouping import group_numbers, merged, numbered, straddling
from kclass.dataset.samples import Samples
from kclass.errors import DataError, OptionError


def table(*paths: str, groups: list[int] | None = None, splits: list[int] | None = None) -> Samples:
    return Samples(
        paths=paths,
        labels=np.zeros(len(paths), np.int32),
        classes=("cat",),
        root=Path("/photos"),
        splits=np.array(splits or [], np.int8),
        groups=np.array(groups or [], np.int32),
    )


def test_the_first_bracket_of_an_expression_names_the_group() -> None:
    samples = table("cat/p1_a.jpg", "cat/p2_a.jpg", "dog/p1_b.jpg")
    assert group_numbers(samples, r"p(\d+)_(.)").tolist() == [0, 1, 0]


def test_an_expression_without_brackets_names_the_group_by_all_that_it_finds() -> None:
    samples = table("cat/p1_a.jpg", "cat/p2_a.jpg", "dog/p1_b.jpg")
    assert group_numbers(samples, r"^\w+/").tolist() == [0, 0, 1]


def test_a_path_that_an_expression_does_not_match_is_named() -> None:
    samples = table("cat/p1.jpg", "cat/x.jpg", "cat/y.jpg")
    with pytest.raises(DataError) as caught:
        group_numbers(samples, r"p\d")
    assert caught.value.message == r"2 of 3 photos do not match the group 'p\\d': cat/x.jpg and 1 more"
    assert "every path below the root" in caught.value.fix


def test_an_expression_that_finds_nothing_in_its_brackets_does_not_match() -> None:
    with pytest.raises(DataError, match="1 of 1 photos do not match"):
        group_numbers(table("cat/1.jpg"), r"cat(\d*)/")


def test_what_is_no_expression_is_refused() -> None:
    with pytest.raises(OptionError, match=re.escape("by is 'p(', which is no regular expression")) as caught:
        group_numbers(table("cat/1.jpg"), "p(")
    assert r"r'^(\w+)_\d+'" in caught.value.fix


def test_a_function_is_given_the_photos_file() -> None:
    seen: list[Path] = []

    def first_letter(file: Path) -> str | None:
        seen.append(file)
        return file.name[0] if file.name != "z.jpg" else None

    samples = table("cat/a1.jpg", "dog/a2.jpg", "dog/z.jpg", "dog/b.jpg")
    assert group_numbers(samples, first_letter).tolist() == [0, 0, -1, 1]
    assert seen[0] == Path("/photos/cat/a1.jpg")


def test_a_function_that_fails_is_told_with_the_photo() -> None:
    with pytest.raises(DataError) as caught:
        group_numbers(table("cat/1.jpg"), lambda file: {}[file.stem])
    assert caught.value.message == "the function fails on /photos/cat/1.jpg: KeyError: '1'"
    assert caught.value.fix == "Let it give back None for photos that are in no group."


def test_values_name_the_groups_one_a_photo() -> None:
    samples = table("1.jpg", "2.jpg", "3.jpg", "4.jpg")
    assert group_numbers(samples, ["anna", None, "ben", "anna"]).tolist() == [0, -1, 1, 0]
    assert group_numbers(samples, np.array([7.0, np.nan, 7.0, 2.0])).tolist() == [0, -1, 0, 1]  # type: ignore[arg-type]


def test_as_many_values_as_photos_are_asked_for() -> None:
    with pytest.raises(OptionError, match="1 groups for 2 photos; there must be one for each"):
        group_numbers(table("1.jpg", "2.jpg"), ["a"])


def test_what_groups_nothing_is_refused() -> None:
    with pytest.raises(OptionError, match="groups are 7; they must be"):
        group_numbers(table("1.jpg"), 7)  # type: ignore[arg-type]


def test_a_value_that_cannot_be_compared_is_refused() -> None:
    with pytest.raises(OptionError, match="cannot be compared") as caught:
        numbered([["a"], ["a"]])
    assert caught.value.fix == "Name groups by words or numbers."


def test_empty_text_is_no_group() -> None:
    assert numbered(["", " ", "a"]).tolist() == [-1, -1, 0]


def test_relations_are_merged_along_chains() -> None:
    # 0-1 by the first, 1-2 by the second, 2-3 by the first; 4 and 5 are alone.
    first = np.array([5, 5, 9, 9, -1, -1])
    second = np.array([-1, 3, 3, -1, -1, 8])
    assert merged(first, second).tolist() == [0, 0, 0, 0, 4, 5]


def test_no_photos_are_no_groups() -> None:
    assert merged(np.array([], np.int64), np.array([], np.int32)).tolist() == []


def slowly_merged(relations: list[list[int]]) -> list[int]:
    """By taking in, from each photo on, whatever shares a number with what is already there."""
    number = len(relations[0])
    result = list(range(number))
    for start in range(number):
        reached = {start}
        while True:
            more = {
                j
                for relation in relations
                for i in reached
                for j in range(number)
                if relation[i] >= 0 and relation[i] == relation[j]
            }
            if more <= reached:
                break
            reached |= more
        result[start] = min(reached)
    return result


@given(st.lists(st.tuples(st.integers(-1, 8), st.integers(-1, 8), st.integers(-1, 8)), max_size=16))
def test_merged_groups_are_what_can_be_reached_from_each_photo(rows: list[tuple[int, int, int]]) -> None:
    relations = [list(each) for each in zip(*rows, strict=True)] or [[], [], []]
    assert merged(*map(np.array, relations)).tolist() == slowly_merged(relations) if rows else True


def test_a_long_chain_is_one_group() -> None:
    places = np.arange(20_000)
    assert (merged(places // 2, (places + 1) // 2) == 0).all()


def test_groups_in_several_splits_are_counted() -> None:
    samples = table(*"abcdefgh", groups=[0, 0, 1, 1, -1, -1, 2, 2], splits=[0, 1, 2, 2, 0, 1, 0, -1])
    assert straddling(samples) == 1
    assert straddling(table()) == 0
