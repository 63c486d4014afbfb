"""What every backbone has to stand: a network with moderate weights, and what is done to it."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.applications import APPLICATIONS, SCALINGS, build_application
from kclass.backbones.archive import LOGITS, PROBABILITIES, Archive
from kclass.backbones.keras_archive import archive_of, keras_model
from kclass.backbones.registry import (
    BACKBONES,
    IMAGENET,
    NO_WEIGHTS,
    SCRATCH_NETWORKS,
    build_network,
    open_backbone,
)
from kclass.backbones.seeding import seeded
from kclass.backbones.stages import stages_of
from kclass.engines.network import Network, convert
from kclass.engines.openvino import OpenVinoEngine
from kclass.keras_import import import_keras, import_tensorflow
from kclass.photos.loading import load as load_photo

CARS = Path(__file__).parents[2] / "data" / "cars" / "validation"

# Odd, no multiple of any network's stride, and no less than any takes.
SIZE = 77
CLASSES = 3

# How much of its inputs' mean a batch normalisation takes away. To take all would leave little of a
# photo, but all rounding errors, and so from layer to layer; with a fifth they grow least.
CENTRING = 0.2
PHOTOS = 8

LOWERED_BY = 0.02

# Kept in float32 when a network is trained in another precision: what meets raw pixels, and the scores.
IN_FLOAT32 = frozenset({"scaling", LOGITS, PROBABILITIES})


@dataclass(frozen=True, eq=False)
class Subject:
    """One backbone that the battery is run on.

    Args:
        name: of the backbone.
        archive: the network as it is opened, for photos of `SIZE` pixels.
        weights: what `--weights` takes to have the same weights at any size.
    """

    name: str
    archive: Archive = field(repr=False)
    weights: str

    @functools.cached_property
    def headed(self) -> Archive:
        """With a head of `CLASSES` whose logits are of the order of 1."""
        if self.name in SCRATCH_NETWORKS:
            return self.archive
        shape = BACKBONES[self.name].features, CLASSES
        kernel = np.random.default_rng(5).normal(0, 1 / np.linalg.norm(self.features[0]), shape)
        return self.archive.with_head(kernel.astype(np.float32), np.array([0.1, 0, -0.1], np.float32))

    @functools.cached_property
    def features(self) -> NDArray[np.float32]:
        """float32 (photos, features), by the engine of the CPU in f32."""
        return self.run("f32")

    def run(self, precision: str) -> NDArray[np.float32]:
        """Features of the battery's photos by the engine of the CPU: float32 (photos, features)."""
        engine = OpenVinoEngine(self._converted, precision=precision, streams=1)
        return np.concatenate([engine.run(photo[None]) for photo in battery_photos()])

    @functools.cached_property
    def expected(self) -> NDArray[np.float32]:
        """The probabilities that follow from these features: float32 (photos, classes)."""
        kernel, bias = self.headed.layer_weights[LOGITS]
        powers = np.exp(self.features @ kernel + bias)
        probabilities: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
        return probabilities

    @functools.cached_property
    def _converted(self) -> Network:
        return convert(self.archive)

    @property
    def trained(self) -> frozenset[str]:
        """The names of the layers that a step trains: the head and the last stage."""
        return frozenset(list(stages_of(self.archive).values())[-1]) | {LOGITS}


def battery_subject(name: str, folder: Path) -> Subject:
    """A backbone with its installed weights, or with random ones that let photos through.

    Args:
        name: of the backbone.
        folder: of the file of its weights, if it has no installed ones.
    """
    if name in SCRATCH_NETWORKS:
        network = build_network(name, size=SIZE, classes=CLASSES, seed=3)
        if any(type(layer).__name__ == "BatchNormalization" for layer in network.layers):
            weigh(network, battery_photos().astype(np.float32))
        return Subject(name, archive_of(network), NO_WEIGHTS)
    if BACKBONES[name].weights_package:
        return Subject(name, open_backbone(name, weights=IMAGENET, size=SIZE, seed=0), IMAGENET)
    path = folder / f"{name}.weights.h5"

    def load(net: Any) -> None:
        scale, offset = SCALINGS[APPLICATIONS[name].family.preparing]
        weigh(net, (battery_photos() * scale + offset).astype(np.float32))
        net.save_weights(path)

    with seeded(3):
        return Subject(name, archive_of(build_application(name, SIZE, load)), str(path))


@functools.cache
def battery_photos() -> NDArray[np.uint8]:
    """Photos of two kinds of cars, raw RGB uint8 (`PHOTOS`, `SIZE`, `SIZE`, 3)."""
    paths = [path for folder in sorted(CARS.iterdir()) for path in sorted(folder.iterdir())[: PHOTOS // 2]]
    return np.stack([load_photo(path, size=SIZE) for path in paths])


def battery_labels() -> NDArray[np.int64]:
    """The class of each photo in training steps, int64 (`PHOTOS`,)."""
    return np.arange(PHOTOS) % CLASSES


def weigh(net: Any, photos: NDArray[np.float32]) -> None:
    """Give a network weights as training leaves them.

    As Keras makes them, photos are lost in the depth: the features of MobileNetV2 are 1e-11, and the
    blocks of ConvNeXt count for a millionth. So factors and biases get values of their own, and each
    batch normalisation the statistics of what reaches it.

    Args:
        net: a network as `keras.applications` makes it.
        photos: float32 (n, size, size, 3), prepared as the network wants them.
    """
    random = np.random.default_rng(7)
    for layer in net._flatten_layers(include_self=False, recursive=True):
        if layer.weights and not hasattr(layer, "layers"):
            layer.set_weights([_spread(weight, random) for weight in layer.get_weights()])
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
    norms = [layer for layer in net.layers if type(layer).__name__ == "BatchNormalization"]
    for layer in norms:
        layer.call = functools.partial(_see, layer, layer.call)
    net(photos, training=False)
    for layer in norms:
        del layer.call


def _see(layer: Any, call: Any, inputs: Any, **options: Any) -> Any:
    """A call of a batch normalisation that gives it statistics of its inputs first."""
    values = np.asarray(inputs, np.float64)
    mean = CENTRING * values.mean(axis=(0, 1, 2))
    layer.moving_mean.assign(mean)
    layer.moving_variance.assign(((values - mean) ** 2).mean(axis=(0, 1, 2)))
    return call(inputs, **options)


def _spread(weight: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    if weight.ndim != 1:
        return weight
    return random.uniform(0.5, 1.5, weight.shape) if weight.max() > 0 else random.normal(0, 0.1, weight.shape)


def open_for_training(subject: Subject, *, policy: str) -> Any:
    """The Keras model of which the head and the last stage are trained, but for batch normalisation.

    A saved layer carries its own precision, so Keras's global policy does not reach it; and a model
    takes the loss scaling that float16 needs from a policy of its own, which is not saved.
    """
    keras = import_keras()
    model = keras_model(subject.headed)
    model.dtype_policy = keras.DTypePolicy(policy)
    model.trainable = True  # else what its layers say does not count
    for layer in model.layers:
        layer.trainable = layer.name in subject.trained and type(layer).__name__ != "BatchNormalization"
        if layer.name not in IN_FLOAT32:
            layer.dtype_policy = keras.DTypePolicy(policy)
    return model


def gradient(model: Any, *, scale: Callable[[Any], Any] = lambda loss: loss) -> tuple[float, list[Any]]:
    """The loss of the battery's photos, and how it, scaled, moves with each weight that is trained.

    Without dropout of whole blocks: random weights let what is left of a deep network explode.
    """
    keras, tf = import_keras(), import_tensorflow()
    with tf.GradientTape() as tape:
        probabilities = model(battery_photos().astype(np.float32), training=False)
        losses = keras.losses.sparse_categorical_crossentropy(battery_labels(), probabilities)
        loss = tf.reduce_mean(losses)
        scaled = scale(loss)
    return float(loss), tape.gradient(scaled, model.trainable_variables)


def learning_rate(loss: float, gradients: list[Any]) -> float:
    """With which a step along the gradient lowers the loss by a share of `LOWERED_BY`, if it is small."""
    squared = sum(float(np.sum(np.square(each, dtype=np.float64))) for each in gradients)
    return LOWERED_BY * loss / squared


def cosines(one: Any, other: Any) -> NDArray[np.float64]:
    """float64 (n,): of the angles between the rows of two arrays."""
    one, other = one.astype(np.float64), other.astype(np.float64)
    found: NDArray[np.float64] = np.sum(one * other, axis=1) / (
        np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    )
    return found
