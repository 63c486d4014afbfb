from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.errors import ModelError
from kclass.explanation.gradients import GradientNetwork
from kclass.explanation.inlining import inlined
from kclass.explanation.score_layer import scored

PHOTOS = np.random.default_rng(9).normal(size=(5, 4, 4, 3)).astype(np.float32)


def network(keras: Any, *last: Any) -> Any:
    """Five features of a photo, and the layers that make something of them."""
    keras.utils.set_random_seed(4)
    features = [keras.layers.Conv2D(5, 3, name="first"), keras.layers.GlobalAveragePooling2D(name="features")]
    return keras.Sequential([keras.Input((4, 4, 3)), *features, *last])


def z_of(model: Any, head: str = "head") -> NDArray[np.float32]:
    """The features times the kernel of the head, plus its bias."""
    features, layer = model.get_layer("features"), model.get_layer(head)
    found: NDArray[np.float32] = features(model.get_layer("first")(PHOTOS)).numpy() @ layer.kernel.numpy()
    return found + layer.bias.numpy()


def softmax(z: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def dense(keras: Any, activation: Any = None, units: int = 3, name: str = "head") -> Any:
    return keras.layers.Dense(units, activation=activation, bias_initializer="random_normal", name=name)


SOFTMAX_ENDS: list[Callable[[Any], list[Any]]] = [
    lambda keras: [dense(keras, "softmax")],
    lambda keras: [dense(keras), keras.layers.Softmax()],
    lambda keras: [dense(keras), keras.layers.Activation("softmax")],
    lambda keras: [dense(keras, keras.ops.softmax)],
    lambda keras: [dense(keras, keras.layers.Softmax())],
    lambda keras: [dense(keras, "softmax"), keras.layers.Dropout(0.5), keras.layers.Identity()],
    lambda keras: [dense(keras, "softmax"), keras.layers.Activation("linear", dtype="float32")],
    lambda keras: [keras.Sequential([dense(keras, "softmax")])],
    lambda keras: [
        keras.layers.EinsumDense("ab,bc->ac", 3, activation="softmax", bias_axes="c", name="head")
    ],
]


@pytest.mark.parametrize("ends", SOFTMAX_ENDS)
def test_the_score_is_what_the_softmax_reads(keras: Any, ends: Any) -> None:
    last = ends(keras)
    model = network(keras, *last)
    (passed,) = GradientNetwork(model).passes(PHOTOS)
    head = last[0].layers[0] if isinstance(last[0], keras.Sequential) else last[0]
    features = model.get_layer("features")(model.get_layer("first")(PHOTOS)).numpy()
    z = features @ head.kernel.numpy() + head.bias.numpy()
    np.testing.assert_allclose(passed.logits, z, atol=1e-6)
    np.testing.assert_allclose(passed.probabilities, model(PHOTOS, training=False), atol=1e-6)
    np.testing.assert_allclose(passed.probabilities, softmax(z), atol=1e-6)
    assert passed.targets.tolist() == z.argmax(axis=1).tolist()


def test_a_softmax_may_be_a_plain_operation(keras: Any) -> None:
    photo = keras.Input((4, 4, 3))
    logits = dense(keras)(keras.layers.GlobalAveragePooling2D()(photo))
    for function in (keras.ops.softmax, keras.activations.softmax):
        model = keras.Model(photo, function(logits))
        (passed,) = GradientNetwork(model).passes(PHOTOS)
        np.testing.assert_allclose(passed.logits, keras.Model(photo, logits)(PHOTOS), atol=1e-6)
        np.testing.assert_allclose(passed.probabilities, model(PHOTOS), atol=1e-6)


def test_a_logarithm_of_softmax_has_the_same_scores_and_probabilities(keras: Any) -> None:
    model = network(keras, dense(keras, "log_softmax"))
    (passed,) = GradientNetwork(model).passes(PHOTOS)
    np.testing.assert_allclose(passed.logits, z_of(model), atol=1e-6)
    np.testing.assert_allclose(passed.probabilities, np.exp(model(PHOTOS)), atol=1e-6)


def test_a_dense_layer_without_activation_gives_the_scores_themselves(keras: Any) -> None:
    model = network(keras, dense(keras))
    (passed,) = GradientNetwork(model).passes(PHOTOS)
    np.testing.assert_allclose(passed.logits, model(PHOTOS), atol=1e-6)
    np.testing.assert_allclose(passed.probabilities, softmax(z_of(model)), atol=1e-6)


@pytest.mark.parametrize("apart", [True, False])
def test_one_unit_of_a_sigmoid_is_two_classes(keras: Any, apart: bool) -> None:
    last = [dense(keras, units=1), keras.layers.Activation("sigmoid")]
    model = network(keras, *(last if apart else [dense(keras, "sigmoid", units=1)]))
    ready, z = GradientNetwork(model), z_of(model)
    (passed,) = ready.passes(PHOTOS)
    assert ready.classes == 2
    np.testing.assert_allclose(passed.logits, np.concatenate([-z, z], axis=1), atol=1e-6)
    share = model(PHOTOS).numpy()
    np.testing.assert_allclose(passed.probabilities, np.concatenate([1 - share, share], axis=1), atol=1e-7)
    assert passed.targets.tolist() == (share[:, 0] > 0.5).astype(int).tolist()
    # What speaks for the one speaks against the other.
    (one,), (other,) = (ready.passes(PHOTOS, targets=np.full(5, target)) for target in (0, 1))
    np.testing.assert_array_equal(one.gradients, -other.gradients)
    assert other.gradients[0, 0, 0] == pytest.approx(model.get_layer("head").kernel.numpy()[:, 0] / 4)


def test_several_units_of_a_sigmoid_are_a_class_each(keras: Any) -> None:
    model = network(keras, dense(keras, "sigmoid"))
    (passed,) = GradientNetwork(model).passes(PHOTOS)
    np.testing.assert_allclose(passed.logits, z_of(model), atol=1e-6)
    np.testing.assert_allclose(passed.probabilities, model(PHOTOS), atol=1e-6)


def test_a_head_of_convolution_and_pooling_is_understood(keras: Any) -> None:
    layers = keras.layers
    head = [layers.Conv2D(3, 1, name="head"), layers.GlobalAveragePooling2D(), layers.Softmax()]
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.Conv2D(5, 3, name="first"), *head])
    ready = GradientNetwork(model)
    (passed,) = ready.passes(PHOTOS)
    z = model.get_layer("head")(model.get_layer("first")(PHOTOS)).numpy().mean(axis=(1, 2))
    np.testing.assert_allclose(passed.logits, z, atol=1e-6)
    assert ready.layer == "head"


def test_a_head_of_pooling_that_keeps_its_axes_and_convolution_is_understood(keras: Any) -> None:
    """As MobileNet and MobileNetV3 end."""
    layers = keras.layers
    pooling = layers.GlobalAveragePooling2D(keepdims=True)
    head = [pooling, layers.Conv2D(3, 1, name="logits"), layers.Flatten(), layers.Activation("softmax")]
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.Conv2D(5, 3, name="first"), *head])
    ready = GradientNetwork(model)
    (passed,) = ready.passes(PHOTOS)
    pooled = model.get_layer("first")(PHOTOS).numpy().mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(passed.logits, model.get_layer("logits")(pooled)[:, 0, 0], atol=1e-6)
    assert ready.layer == "first"


@pytest.mark.parametrize("last", [{"dtype": "float32"}, {}])
def test_networks_of_mixed_precision_have_their_scores_in_float32(keras: Any, last: Any) -> None:
    policy = keras.DTypePolicy("mixed_bfloat16")
    head = dense(keras, "softmax")
    model = network(keras, head)
    for layer in model.layers:
        layer.dtype_policy = policy
    head.dtype_policy = keras.DTypePolicy(last.get("dtype", "mixed_bfloat16"))
    model = keras.Sequential([keras.Input((4, 4, 3)), *model.layers])
    ready = GradientNetwork(model)
    (passed,) = ready.passes(PHOTOS)
    for array in (passed.activations, passed.gradients, passed.logits, passed.probabilities):
        assert array.dtype == np.float32
    # A float has 8 bits in bfloat16.
    np.testing.assert_allclose(passed.logits, z_of(model), atol=0.03)
    np.testing.assert_allclose(passed.probabilities, model(PHOTOS).numpy().astype(np.float32), atol=4e-3)
    assert ready.pixel_gradients(PHOTOS, passed.targets).any()


def test_the_layer_keeps_its_activation(keras: Any) -> None:
    model = network(keras, dense(keras, "softmax"))
    before = model(PHOTOS).numpy()
    list(GradientNetwork(model).passes(PHOTOS))
    assert model.get_layer("head").activation is keras.activations.softmax
    np.testing.assert_array_equal(model(PHOTOS), before)


def test_weights_that_change_later_are_those_of_the_score(keras: Any) -> None:
    model = network(keras, dense(keras, "softmax"))
    ready = GradientNetwork(model)
    before = ready.scores(PHOTOS)
    model.get_layer("head").set_weights([np.ones((5, 3)), np.array([1, 2, 3])])
    np.testing.assert_allclose(ready.scores(PHOTOS), z_of(model), atol=1e-6)
    assert not np.allclose(before, ready.scores(PHOTOS))


def test_a_layer_called_logits_tells_the_scores_where_nothing_else_does(keras: Any) -> None:
    model = network(
        keras, dense(keras, name="logits"), keras.layers.Lambda(lambda z: z / 2), dense(keras, "relu")
    )
    (passed,) = GradientNetwork(model).passes(PHOTOS)
    np.testing.assert_allclose(passed.logits, z_of(model, "logits"), atol=1e-6)
    np.testing.assert_allclose(passed.probabilities, softmax(passed.logits), atol=1e-6)


def test_what_the_network_ends_in_tells_more_than_a_name(keras: Any) -> None:
    model = network(keras, dense(keras, name="logits", units=4), dense(keras, "softmax"))
    assert scored(inlined(model)).classes == 3


FIX = "Let it end in a softmax, a sigmoid or a Dense layer, or call the scores' layer 'logits'."


@pytest.mark.parametrize(
    ("ends", "last"),
    [
        (lambda keras: [], "GlobalAveragePooling2D features"),
        (lambda keras: [dense(keras, "relu")], "Dense head"),
        (lambda keras: [dense(keras, lambda z: z)], "Dense head"),
        (lambda keras: [dense(keras), keras.layers.Lambda(lambda z: z, name="own")], "Lambda own"),
        (
            lambda keras: [keras.layers.Reshape((5, 1)), keras.layers.Softmax(axis=1, name="last")],
            "Softmax last",
        ),
        (lambda keras: [dense(keras, "softmax", name="logits"), keras.layers.ReLU(name="last")], "ReLU last"),
    ],
)
def test_a_network_whose_scores_cannot_be_told_is_an_error(keras: Any, ends: Any, last: str) -> None:
    with pytest.raises(ModelError) as caught:
        scored(inlined(network(keras, *ends(keras))))
    message = f"the network ends in {last}, from which scores of classes cannot be told"
    assert str(caught.value) == f"{message}\n{FIX}"


def test_scores_of_places_are_no_scores_of_the_photo(keras: Any) -> None:
    head = keras.layers.Conv2D(3, 1, name="head")
    model = keras.Sequential([keras.Input((4, 4, 3)), head, keras.layers.Softmax(name="last")])
    with pytest.raises(ModelError, match="the network ends in Softmax last, from which scores"):
        scored(inlined(model))


def test_several_outputs_are_an_error(keras: Any) -> None:
    photo = keras.Input((4, 4, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(photo)
    outputs = [dense(keras, "softmax", name=name)(pooled) for name in ("one", "two")]
    with pytest.raises(ModelError) as caught:
        scored(inlined(keras.Model(photo, outputs)))
    assert str(caught.value) == (
        "the network puts out 2 things; it is not said which are scores of classes\n"
        "If it is the first, give keras.Model(model.inputs, model.outputs[0])."
    )
    assert scored(inlined(keras.Model(photo, outputs[1]))).classes == 3


def test_one_number_that_may_be_anything_is_an_error_that_says_how_it_becomes_a_class(keras: Any) -> None:
    model = network(keras, dense(keras, units=1))
    with pytest.raises(ModelError) as caught:
        scored(inlined(model))
    assert str(caught.value) == (
        "Dense head gives one number, and nothing says that it is the score of a class\n"
        "If it is the log odds of the second of two classes, give"
        " keras.Sequential([model, keras.layers.Activation('sigmoid')])."
    )
    assert scored(inlined(keras.Sequential([model, keras.layers.Activation("sigmoid")]))).classes == 2


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1:UserWarning")
def test_a_softmax_of_one_unit_is_an_error(keras: Any) -> None:
    with pytest.raises(ModelError) as caught:
        scored(inlined(network(keras, dense(keras, "softmax", units=1))))
    assert str(caught.value) == (
        "Dense head is a softmax of one unit, which is 1 for every photo\n"
        "Train with a sigmoid of one unit, or a softmax of two."
    )
