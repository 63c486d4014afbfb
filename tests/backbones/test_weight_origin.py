from typing import Any

import pytest

from kclass.backbones.weight_origin import Origin, objects

OFFSET = [-123.68, -116.779, -103.939]


def rescaling(name: str, offset: Any) -> Any:
    """A graph with one such layer, in a model within another."""
    layer = {"class_name": "Rescaling", "config": {"name": name, "offset": offset}}
    model = {"class_name": "Functional", "config": {"layers": [layer]}}
    return {"class_name": "Sequential", "config": {"layers": [model]}}


@pytest.mark.parametrize(
    ("graph", "names", "of_kclass", "turned"),
    [
        (None, [], False, False),
        (None, ["scaling"], True, True),
        (None, [""], False, True),
        (None, ["rescaling"], False, False),
        (rescaling("scaling", OFFSET), [], True, True),
        (rescaling("other", OFFSET), [], False, True),
        (rescaling("scaling", -1.0), ["scaling"], True, False),
        (rescaling("other", -1.0), ["scaling"], True, True),
    ],
)
def test_what_kclass_made_is_known_by_the_layer_that_scales(
    graph: Any, names: list[str], of_kclass: bool, turned: bool
) -> None:
    assert Origin(graph, names).of_kclass is of_kclass
    assert Origin(graph, names).turned("resnet50") is turned


@pytest.mark.parametrize("backbone", ["mobilenet_v2", "resnet50_v2", "efficientnet_lite0"])
def test_the_layer_that_scales_tells_nothing_of_networks_that_are_not_turned_round(backbone: str) -> None:
    assert not Origin(None, ["scaling", ""]).turned(backbone)


def test_the_objects_of_a_graph_are_found_however_deep_they_lie() -> None:
    assert [kind for kind, _ in objects(rescaling("x", 0.0)) if kind] == [
        "Sequential",
        "Functional",
        "Rescaling",
    ]
    assert list(objects(None)) == []
