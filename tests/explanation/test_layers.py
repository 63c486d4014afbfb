from typing import Any

import pytest

from kclass.backbones.archive import Archive
from kclass.backbones.efficientnet_lite import lite0_archive
from kclass.backbones.keras_archive import archive_of
from kclass.errors import ModelError, OptionError
from kclass.explanation.layers import Node, archive_graph, explained_layer, keras_graph

# Keras writes weights through an h5py call that NumPy 2 complains about.
SAVES = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def graph_of(*nodes: tuple[str, str, str, int]) -> list[Node]:
    return [Node(kind, name, (read,) if read else (), rank) for kind, name, read, rank in nodes]


def archive_with(*layers: tuple[str, dict[str, Any]]) -> Archive:
    specs = [{"class_name": kind, "config": config} for kind, config in layers]
    return Archive({"class_name": "Sequential", "config": {"layers": specs}}, b"")


def test_what_is_pooled_into_the_features_is_explained_in_the_default_backbone() -> None:
    assert explained_layer(archive_graph(lite0_archive(32))) == "top_activation"


@pytest.mark.parametrize(("name", "layer"), [("MobileNetV2", "out_relu"), ("ResNet50", "conv5_block3_out")])
def test_what_is_pooled_into_the_features_is_explained_in_networks_of_keras(
    keras: Any, name: str, layer: str
) -> None:
    network = getattr(keras.applications, name)
    model = network(input_shape=(32, 32, 3), include_top=False, weights=None, pooling="avg")
    assert explained_layer(keras_graph(model)) == layer


def test_the_last_convolution_is_explained_in_the_network_trained_from_scratch(scratch: Any) -> None:
    assert explained_layer(keras_graph(scratch)) == "conv64"


@SAVES
def test_an_archive_has_the_same_graph_as_its_model(scratch: Any, pooled_network: Any) -> None:
    for model in (scratch, pooled_network):
        graph = keras_graph(model)
        assert archive_graph(archive_of(model)) == graph
        assert graph[0].kind == "InputLayer"
        assert [node.name for node in graph[-2:]] == ["logits", "probabilities"]


def test_plain_operations_and_networks_within_the_network_are_part_of_the_graph(keras: Any) -> None:
    inside = keras.Sequential(
        [keras.Input((4, 4, 3)), keras.layers.Conv2D(2, 1, name="first"), keras.layers.ReLU(name="second")],
        name="inside",
    )
    photo = keras.Input((4, 4, 3), name="photo")
    doubled = keras.ops.multiply(inside(photo), 2)
    model = keras.Model(photo, keras.layers.GlobalAveragePooling2D(name="features")(doubled))
    graph = keras_graph(model)
    name = graph[3].name
    assert graph == (
        Node("InputLayer", "photo", (), 4),
        Node("Conv2D", "inside/first", ("photo",), 4),
        Node("ReLU", "inside/second", ("inside/first",), 4, ("inside",)),
        Node("Multiply", name, ("inside/second",), 4),
        Node("GlobalAveragePooling2D", "features", (name,), 2),
    )
    assert explained_layer(graph) == name


def test_what_is_pooled_over_all_places_has_none_though_it_keeps_their_axes() -> None:
    graph = graph_of(
        ("InputLayer", "photo", "", 4),
        ("Conv2D", "convolution", "photo", 4),
        ("GlobalAveragePooling2D", "pooled", "convolution", 4),
        ("Dropout", "dropped", "pooled", 4),
        ("Conv2D", "conv_preds", "dropped", 4),
        ("Reshape", "logits", "conv_preds", 2),
        ("Reshape", "again", "logits", 4),
    )
    assert explained_layer(graph) == "convolution"
    for name in ("pooled", "conv_preds", "again"):
        with pytest.raises(OptionError, match=f"layer {name} has no spatial output"):
            explained_layer(graph, wanted=name)


def test_a_gate_of_pooled_features_leaves_the_places_of_what_it_weighs() -> None:
    graph = [
        *graph_of(
            ("InputLayer", "photo", "", 4),
            ("Conv2D", "convolution", "photo", 4),
            ("GlobalAveragePooling2D", "pooled", "convolution", 4),
            ("Conv2D", "gate", "pooled", 4),
        ),
        Node("Multiply", "weighed", ("convolution", "gate"), 4),
        Node("GlobalAveragePooling2D", "features", ("weighed",), 2),
    ]
    assert explained_layer(graph) == "weighed"


WITHIN = [
    *graph_of(
        ("InputLayer", "photo", "", 4),
        ("Conv2D", "base:1/first", "photo", 4),
        ("Conv2D", "base:1/block/second", "base:1/first", 4),
        ("Conv2D", "base:2/first", "base:1/block/second", 4),
    ),
    Node("ReLU", "base:2/block/second", ("base:2/first",), 4, ("base:2/block", "base:2")),
    *graph_of(("Conv2D", "first", "base:2/block/second", 4), ("Conv2D", "top/last", "first", 4)),
]


@pytest.mark.parametrize(
    ("wanted", "layer"),
    [
        ("first", "first"),
        ("base:1/first", "base:1/first"),
        ("last", "top/last"),
        ("base:1/block/second", "base:1/block/second"),
        ("base:2", "base:2/block/second"),
        ("base:2/block", "base:2/block/second"),
    ],
)
def test_a_layer_within_can_be_asked_for_by_as_much_of_its_path_as_is_plain(wanted: str, layer: str) -> None:
    assert explained_layer(WITHIN, wanted=wanted) == layer


@pytest.mark.parametrize("wanted", ["second", "block/second", "base/block/second"])
def test_a_name_that_several_layers_have_is_an_error_that_tells_them(wanted: str) -> None:
    with pytest.raises(OptionError) as caught:
        explained_layer(WITHIN, wanted=wanted)
    assert str(caught.value) == (
        f"several layers are called {wanted}: base:1/block/second, base:2/block/second\n"
        "Give the whole path of one."
    )


def test_a_part_of_a_name_is_no_name() -> None:
    with pytest.raises(OptionError) as caught:
        explained_layer(WITHIN, wanted="ast")
    assert caught.value.message.startswith("layer is 'ast'; it must be one of base:1/block/second, ")


def test_each_layer_comes_after_all_it_reads(keras: Any) -> None:
    photo = keras.Input((4, 4, 3), name="photo")
    left = keras.layers.Conv2D(3, 1, name="left")(photo)
    both = keras.layers.Add(name="both")([photo, left])
    graph = keras_graph(keras.Model(photo, keras.layers.Add(name="again")([both, photo])))
    assert [node.name for node in graph] == ["photo", "left", "both", "again"]
    assert graph[2].inputs == ("photo", "left")


def test_pooling_that_keeps_its_axes_keeps_places_and_reshaping_makes_them() -> None:
    photo = ("InputLayer", {"name": "photo", "batch_shape": [None, 8, 8, 3]})
    layers: list[tuple[str, dict[str, Any]]] = [
        ("GlobalAveragePooling2D", {"name": "kept", "keepdims": True}),
        ("GlobalMaxPooling2D", {"name": "lost", "keepdims": False}),
        ("Reshape", {"name": "made", "target_shape": [1, 1, 3]}),
        ("Flatten", {"name": "flat"}),
    ]
    assert [node.rank for node in archive_graph(archive_with(photo, *layers))] == [4, 4, 2, 4, 2]


@pytest.mark.parametrize("kind", ["MaxPooling2D", "AveragePooling2D", "Dropout", "SpatialDropout2D"])
def test_pooling_and_dropout_just_before_the_places_are_lost_are_stepped_over(kind: str) -> None:
    graph = graph_of(
        ("InputLayer", "photo", "", 4),
        ("Conv2D", "convolution", "photo", 4),
        (kind, "one", "convolution", 4),
        (kind, "two", "one", 4),
        ("Flatten", "flat", "two", 2),
    )
    assert explained_layer(graph) == "convolution"


def test_a_layer_can_be_asked_for(scratch: Any) -> None:
    assert explained_layer(keras_graph(scratch), wanted="conv16") == "conv16"
    assert explained_layer(keras_graph(scratch), wanted="pool64") == "pool64"


def test_an_unknown_layer_is_an_error_that_names_the_nearest(scratch: Any) -> None:
    with pytest.raises(OptionError) as caught:
        explained_layer(keras_graph(scratch), wanted="conv_64")
    assert caught.value.message == (
        "layer is 'conv_64'; it must be one of conv16, conv32, conv64, photo, pool16, pool32, pool64, scaling"
    )
    assert caught.value.fix == "Did you mean conv64?"


def test_a_layer_without_places_is_an_error_that_offers_another(scratch: Any) -> None:
    with pytest.raises(OptionError) as caught:
        explained_layer(keras_graph(scratch), wanted="dense512")
    assert str(caught.value) == (
        "layer dense512 has no spatial output, so there is no place in it to point at\n"
        "Use conv64, for instance."
    )


def test_a_network_without_places_cannot_be_explained() -> None:
    graph = graph_of(("InputLayer", "photo", "", 2), ("Dense", "logits", "photo", 2))
    with pytest.raises(ModelError, match="no layer of the network has a spatial output"):
        explained_layer(graph)
