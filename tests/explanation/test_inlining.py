from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.errors import ModelError, OptionError
from kclass.explanation.inlining import FlatGraph, dependent, inlined, run


def photos_of(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(6).uniform(0, 255, shape).astype(np.float32)


def names(graph: FlatGraph) -> list[str]:
    return [step.name for step in graph.steps if step.name]


def put_out(graph: FlatGraph, photos: Any) -> list[NDArray[Any]]:
    import tensorflow as tf

    values = {0: tf.convert_to_tensor(photos)}
    run(graph.steps, values)
    return [values[value].numpy() for value in graph.outputs]


def base(keras: Any, *, name: str = "base", channels: int = 3) -> Any:
    """A network with a branch and batch normalisation, whose statistics are not those of its start."""
    photo = keras.Input((None, None, channels))
    first = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(photo)
    norm = keras.layers.BatchNormalization(name="norm")
    second = norm(keras.layers.Conv2D(4, 1, name="second")(first))
    norm.set_weights([np.full(4, value, np.float32) for value in (1.5, 0.1, 20.0, 400.0)])
    return keras.Model(photo, keras.layers.Add(name="both")([first, second]), name=name)


def transfer(keras: Any) -> Any:
    photo = keras.Input((8, 8, 3), name="photo")
    augmented = keras.Sequential(
        [keras.layers.RandomFlip(name="flip"), keras.layers.RandomContrast(0.9, name="contrast")],
        name="augmentation",
    )(photo)
    scaled = keras.layers.Rescaling(1 / 127.5, -1.0, name="scaled")(augmented)
    pooled = keras.layers.GlobalAveragePooling2D(name="pooled")(base(keras)(scaled, training=False))
    dropped = keras.layers.Dropout(0.5, name="dropped")(pooled)
    return keras.Model(photo, keras.layers.Dense(3, activation="softmax", name="head")(dropped))


def nests_within_nests(keras: Any) -> Any:
    within = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Rescaling(0.1, name="scaled"), base(keras)], name="within"
    )
    photo = keras.Input((8, 8, 3), name="photo")
    outer = keras.Model(photo, keras.layers.ReLU(name="last")(within(photo)), name="outer")
    return keras.Sequential([outer, keras.layers.Flatten(name="flat"), keras.layers.Dense(2, name="logits")])


def layer_called_twice(keras: Any) -> Any:
    photo = keras.Input((8, 8, 3), name="photo")
    shared = keras.layers.Conv2D(3, 3, padding="same", activation="tanh", name="shared")
    return keras.Model(photo, keras.layers.Flatten(name="flat")(shared(shared(photo))))


def network_called_twice(keras: Any) -> Any:
    photo = keras.Input((8, 8, 4), name="photo")
    shared = base(keras, channels=4)
    return keras.Model(photo, keras.layers.Flatten(name="flat")(shared(shared(photo))))


def two_networks_of_the_same_names(keras: Any) -> Any:
    photo = keras.Input((8, 8, 3), name="photo")
    one, two = base(keras, name="one")(photo), base(keras, name="two")(photo)
    return keras.Model(photo, keras.layers.Concatenate(name="joined")([one, two]))


def several_inputs_and_outputs(keras: Any) -> Any:
    left, right = keras.Input((8, 8, 2), name="left"), keras.Input((8, 8, 2), name="right")
    within = keras.Model(
        {"left": left, "right": right},
        [keras.layers.Subtract(name="less")([left, right]), keras.layers.Add(name="more")([left, right])],
        name="within",
    )
    photo = keras.Input((8, 8, 3), name="photo")
    one = keras.layers.Conv2D(2, 1, name="one")(photo)
    two = keras.layers.Conv2D(2, 1, name="two")(photo)
    less, more = within({"right": two, "left": one})
    return keras.Model(photo, [keras.layers.Multiply(name="both")([less, more]), less])


def operations(keras: Any) -> Any:
    photo = keras.Input((8, 8, 3), name="photo")
    parts = keras.ops.split(photo / 255, 3, axis=-1)
    return keras.Model(photo, keras.ops.concatenate([parts[2], parts[0] * 2], axis=-1))


def mixed_precision(keras: Any) -> Any:
    policy = keras.DTypePolicy("mixed_bfloat16")
    first = keras.layers.Conv2D(4, 3, dtype=policy, name="first")
    within = keras.Sequential([keras.Input((8, 8, 3)), first], name="within")
    within.dtype_policy = policy
    outer = [keras.Input((8, 8, 3)), within, keras.layers.Conv2D(2, 1, dtype=policy, name="second")]
    model = keras.Sequential([*outer, keras.layers.Flatten(dtype="float32", name="flat")])
    model.dtype_policy = policy
    return model


def other_types_and_ranks(keras: Any) -> Any:
    grey = keras.Input((8, 8, 1), dtype="float64", name="grey")
    within = keras.Model(grey, keras.layers.Rescaling(1 / 3, dtype="float64")(grey), name="within")
    photo = keras.Input((8, 8, 3), name="photo")
    return keras.Model(photo, within(keras.ops.mean(photo, axis=-1)))


def arguments_kept(keras: Any) -> Any:
    class Scaled(keras.layers.Layer):  # type: ignore[misc,unused-ignore]
        def call(self, inputs: Any, *, factor: float, other: Any = None, training: bool = True) -> Any:
            return inputs * (-1 if training else factor) + other

    photo = keras.Input((8, 8, 3), name="photo")
    first = keras.layers.Conv2D(3, 1, name="first")(photo)
    return keras.Model(photo, Scaled(name="scaled")(first, factor=3.0, other=photo, training=True))


def own_code(keras: Any) -> Any:
    class Doubling(keras.Model):  # type: ignore[misc,unused-ignore]
        def call(self, inputs: Any) -> Any:
            return 2 * super().call(inputs)

    inside = keras.Input((8, 8, 3))
    doubling = Doubling(inside, keras.layers.Conv2D(2, 1, name="first")(inside), name="doubling")
    photo = keras.Input((8, 8, 3), name="photo")
    return keras.Model(photo, doubling(photo))


BASE = ("first", "second", "norm", "both")

MODELS: list[tuple[Callable[[Any], Any], list[str]]] = [
    (
        transfer,
        [
            *("augmentation/flip", "augmentation/contrast", "scaled"),
            *(f"base/{name}" for name in BASE),
            *("pooled", "dropped", "head"),
        ],
    ),
    (
        nests_within_nests,
        [
            *("outer/within/scaled", *(f"outer/within/base/{name}" for name in BASE)),
            *("outer/last", "flat", "logits"),
        ],
    ),
    (layer_called_twice, ["shared:1", "shared:2", "flat"]),
    (
        network_called_twice,
        [
            *(f"base:{call}/{name}" for call in (1, 2) for name in BASE),
            "flat",
        ],
    ),
    (
        two_networks_of_the_same_names,
        [
            *(f"{network}/{name}" for network in ("one", "two") for name in BASE),
            "joined",
        ],
    ),
    (several_inputs_and_outputs, ["two", "one", "within/more", "within/less", "both"]),
    (mixed_precision, ["within/first", "second", "flat"]),
    (arguments_kept, ["first", "scaled"]),
    (own_code, ["doubling"]),
]


@pytest.mark.parametrize(("build", "expected"), MODELS, ids=lambda part: getattr(part, "__name__", ""))
def test_a_model_and_its_flat_graph_give_the_same(keras: Any, build: Any, expected: list[str]) -> None:
    keras.utils.set_random_seed(2)
    model = build(keras)
    graph = inlined(model)
    assert sorted(names(graph)) == sorted(expected)
    photos = photos_of(2, *model.inputs[0].shape[1:])
    wanted = model(photos, training=False)
    wanted = wanted if isinstance(wanted, list) else [wanted]
    for found, output in zip(put_out(graph, photos), wanted, strict=True):
        assert found.dtype == output.numpy().dtype
        np.testing.assert_array_equal(found, output.numpy())
        assert np.ptp(found[0].astype(np.float32)) > 0


@pytest.mark.parametrize("build", [operations, other_types_and_ranks])
def test_so_do_models_of_plain_operations(keras: Any, build: Any) -> None:
    model, photos = build(keras), photos_of(2, 8, 8, 3)
    (found,) = put_out(inlined(model), photos)
    np.testing.assert_array_equal(found, model(photos, training=False).numpy())


def test_each_step_comes_after_all_it_reads(keras: Any) -> None:
    graph = inlined(two_networks_of_the_same_names(keras))
    known = {0}
    for step in graph.steps:
        assert known.issuperset(step.reads)
        known.update(step.gives)
    assert known == set(range(graph.size))


def test_networks_within_have_the_output_of_their_last_layer(keras: Any) -> None:
    graph = inlined(nests_within_nests(keras))
    sources = {path: graph.source(value) for path, value in graph.networks.items()}
    assert {path: step.name for path, step in sources.items() if step is not None} == {
        "outer/within/base": "outer/within/base/both",
        "outer/within": "outer/within/base/both",
        "outer": "outer/last",
    }


def test_the_layers_are_the_models_own_and_so_are_their_weights_later_on(keras: Any) -> None:
    model, photos = transfer(keras), photos_of(2, 8, 8, 3)
    graph = inlined(model)
    model.set_weights([weight + 0.25 for weight in model.get_weights()])
    (found,) = put_out(graph, photos)
    np.testing.assert_array_equal(found, model(photos, training=False).numpy())


def test_the_model_is_left_as_it_was(keras: Any) -> None:
    model = transfer(keras)
    layers = model._flatten_layers(include_self=True, recursive=True)
    calls = {id(layer): len(layer._inbound_nodes) for layer in layers}
    put_out(inlined(model), photos_of(2, 8, 8, 3))
    assert {id(layer): len(layer._inbound_nodes) for layer in layers} == calls


def test_only_the_steps_that_a_value_depends_on_are_needed(keras: Any) -> None:
    graph = inlined(several_inputs_and_outputs(keras))
    by_name = {step.name: step for step in graph.steps}
    needed = graph.needed(by_name["one"].gives)
    assert [step.name for step in needed if step.name] == ["one"]
    assert "within/more" not in [step.name for step in graph.needed(by_name["within/less"].gives)]
    apart, after = dependent(graph.steps, by_name["one"].gives[0])
    assert {step.name for step in apart if step.name} == {"one", "two"}
    assert [step.name for step in after if step.name] == ["within/more", "within/less", "both"]


def test_what_is_no_keras_model_is_an_error() -> None:
    with pytest.raises(OptionError) as caught:
        inlined("model.keras")
    assert str(caught.value) == (
        "model is of type str; it must be a Keras 3 model\n"
        "What kclass.load gives explains photos by a method of its own, `explain`."
    )


def test_a_model_without_a_graph_is_an_error(keras: Any) -> None:
    class Own(keras.Model):  # type: ignore[misc,unused-ignore]
        def call(self, inputs: Any) -> Any:
            return inputs

    with pytest.raises(ModelError) as caught:
        inlined(Own(name="mine"))
    assert str(caught.value) == (
        "the network mine is a Own, whose own code leaves no graph to follow\n"
        "Make a keras.Sequential or keras.Model(inputs, outputs) of its parts."
    )


def test_a_sequential_model_that_is_not_built_is_an_error(keras: Any) -> None:
    with pytest.raises(ModelError) as caught:
        inlined(keras.Sequential([keras.layers.Dense(2)], name="mine"))
    assert str(caught.value) == (
        "the network mine is not built, so it has no weights yet\n"
        "Let its first layer be a keras.Input((height, width, channels)), and train it."
    )


def test_several_inputs_are_an_error(keras: Any) -> None:
    left, right = keras.Input((4, 4, 3)), keras.Input((4, 4, 3))
    with pytest.raises(ModelError) as caught:
        inlined(keras.Model([left, right], keras.layers.Add()([left, right])))
    assert str(caught.value) == (
        "the network takes 2 inputs; one that takes a photo alone can be explained\n"
        "Make a model of it in which the others are constants."
    )
