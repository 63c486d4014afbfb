from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kclass.backbones.layer_matching import (
    Match,
    Part,
    Place,
    StoredLayer,
    WantedLayer,
    best_matches,
    counted,
)

Row = tuple[str, int]  # a layer's name and the one side of its one weight


def wanted(rows: Sequence[Row], kind: str = "conv2d") -> list[WantedLayer]:
    return [
        WantedLayer(name, kind, Place(kind, index), index, ((side,),), ("float32",))
        for index, (name, side) in enumerate(rows)
    ]


def part(rows: Sequence[Row], *path: str, kind: str = "conv2d") -> Part:
    array: Any = SimpleNamespace
    layers = [
        StoredLayer(name, Place(kind, index), (array(shape=(side,)),))
        for index, (name, side) in enumerate(rows)
    ]
    return Part(path, layers)


def found(rows: Sequence[Row], *parts: Part) -> list[int]:
    """Which layer of the file is which of the network, as indices, of the one match that fits."""
    (match,) = best_matches(wanted(rows), parts)
    assert match.misfit is None
    assert match.ways == 1
    return [layer.place.number for layer in match.layers if layer is not None]


def nearest(rows: Sequence[Row], *parts: Part) -> Match:
    (match,) = best_matches(wanted(rows), parts)
    assert match.misfit is not None
    return match


def test_layers_are_matched_by_name_in_whatever_order_they_stand() -> None:
    assert found([("a", 3), ("b", 3)], part([("x", 3), ("b", 3), ("a", 3)])) == [2, 1]


def test_a_name_that_is_there_with_another_shape_is_a_misfit() -> None:
    match = nearest([("a", 3), ("b", 3)], part([("a", 3), ("b", 4)]))
    assert (match.misfit, match.alike) == (1, 2)
    assert [layer.shapes for layer in match.layers if layer] == [((3,),), ((4,),)]


def test_a_layer_that_is_missing_is_not_replaced_by_another() -> None:
    match = nearest([("a", 3), ("b", 3)], part([("a", 3), ("c", 3)]))
    assert (match.misfit, match.layers[1]) == (1, None)


@pytest.mark.parametrize("first", [0, 1, 94])
def test_names_that_keras_counts_may_begin_at_another_number(first: int) -> None:
    names = [f"conv2d_{first + step}" if first + step else "conv2d" for step in range(3)]
    stored = part([(names[2], 5), (names[0], 3), (names[1], 4)])
    assert found([("conv2d", 3), ("conv2d_1", 4), ("conv2d_2", 5)], stored) == [1, 2, 0]


def test_the_numbers_decide_and_not_an_equal_name() -> None:
    ours = [("conv2d_2", 3), ("conv2d_3", 4)]
    assert found(ours, part([("conv2d_1", 3), ("conv2d_2", 4), ("conv2d_3", 9)])) == [0, 1]


def test_counted_layers_of_a_head_and_of_what_comes_before_are_told_by_their_shapes() -> None:
    stored = part([("conv2d", 9), ("conv2d_1", 3), ("conv2d_2", 4), ("conv2d_3", 7)])
    assert found([("conv2d", 3), ("conv2d_1", 4)], stored) == [1, 2]


def test_counted_layers_that_could_be_several_are_not_guessed() -> None:
    ours = wanted([("conv2d", 3), ("conv2d_1", 3)])
    (match,) = best_matches(ours, [part([("conv2d", 3), ("conv2d_1", 3), ("conv2d_2", 3)])])
    assert match.ways == 2


def test_counted_layers_with_a_gap_are_not_those_without() -> None:
    ours = [("a", 2), ("conv2d", 3), ("conv2d_1", 4)]
    assert nearest(ours, part([("a", 2), ("conv2d", 3), ("conv2d_2", 4)])).misfit == 2


def test_only_the_class_of_a_layer_makes_its_name_a_counted_one() -> None:
    assert nearest([("block_1", 3), ("block_2", 3)], part([("block_2", 3), ("block_3", 3)])).misfit == 0


def test_a_part_without_names_is_matched_by_places() -> None:
    assert found([("a", 3), ("b", 4)], part([("", 3), ("", 4), ("", 9)])) == [0, 1]
    assert nearest([("a", 3), ("b", 4)], part([("", 3), ("", 9)])).misfit == 1


def test_a_file_that_knows_no_classes_is_matched_by_the_place_among_all() -> None:
    ours = [
        WantedLayer(name, kind, Place(kind, 0), index, ((side,),), ("float32",))
        for index, (name, kind, side) in enumerate([("a", "conv2d", 3), ("b", "dense", 4)])
    ]
    (match,) = best_matches(ours, [part([("old_a", 3), ("old_b", 4)], kind="")])
    assert match.misfit is None


def test_places_are_not_asked_where_a_name_is_known() -> None:
    assert nearest([("a", 3), ("b", 4)], part([("a", 3), ("c", 4)])).misfit == 1


def test_the_innermost_model_is_the_one_that_fits() -> None:
    rows = [("a", 3), ("b", 4)]
    inner, outer = part(rows, "layers", "functional"), part([*rows, ("dense", 2)])
    (match,) = best_matches(wanted(rows), [outer, inner])
    assert match.part is inner


def test_two_models_that_fit_are_both_given() -> None:
    rows = [("a", 3), ("b", 4)]
    one, two = part(rows, "one"), part(rows, "two")
    matches = best_matches(wanted(rows), [part([*rows, *rows]), one, two])
    assert [match.part for match in matches] == [one, two]


def test_of_those_that_do_not_fit_the_one_with_most_names_is_told_of() -> None:
    few, many = part([("a", 9)], "few"), part([("a", 3), ("b", 9)], "many")
    assert nearest([("a", 3), ("b", 4)], few, many).part is many


def test_two_layers_of_one_name_are_neither() -> None:
    ours, b = [("a", 3), ("b", 4)], ("b", 4)
    assert nearest(ours, part([("a", 3), ("a", 3), b])).layers[0] is None
    assert nearest([("a", 3), *ours], part([("a", 3), b])).layers[:2] == [None, None]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 3)), min_size=1, max_size=6), st.data())
def test_whatever_fits_has_every_shape_right_and_no_layer_twice(rows: list[Row], data: st.DataObject) -> None:
    names = st.sampled_from(["a", "b", "", "conv2d", "conv2d_1", "conv2d_2", "conv2d_7"])
    stored = data.draw(st.lists(st.tuples(names, st.integers(1, 3)), max_size=8))
    ours = wanted([(data.draw(names), side) for _, side in rows])
    for match in best_matches(ours, [part(stored)]):
        if match.misfit is None:
            assert [layer and layer.shapes for layer in match.layers] == [layer.shapes for layer in ours]
            assert len({id(layer) for layer in match.layers}) == len(ours)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("conv2d", ("conv2d", 0)),
        ("conv2d_12", ("conv2d", 12)),
        ("conv2d_012", ("conv2d_012", 0)),
        ("_1", ("_1", 0)),
        ("conv2d_٣", ("conv2d_٣", 0)),
        ("a_" + "9" * 30, ("a_" + "9" * 30, 0)),
        ("", ("", 0)),
    ],
)
def test_a_counted_name_falls_in_two(name: str, parts: tuple[str, int]) -> None:
    assert counted(name) == parts
