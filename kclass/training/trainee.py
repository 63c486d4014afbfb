"""A network made ready for training: what is learned of it, as a Keras model, and back to an archive."""

import copy
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kclass.backbones.archive import LOGITS, PROBABILITIES, Archive, weights_file
from kclass.backbones.keras_archive import keras_model
from kclass.dataset.tables import text_table
from kclass.engines.training_device import FLOAT32
from kclass.keras_import import import_keras, import_tensorflow

HEAD = "head"
ENDS = (LOGITS, PROBABILITIES)


@dataclass(frozen=True, eq=False)
class Trainee:
    """The part of a network that is learned.

    Args:
        archive: the whole network, as it was before.
        trainer: a Keras model from what the cut gives to logits, float32 (photos, classes).
        groups: the stages of the backbone that are trained, from the photo on, then "head"; by layer.
    """

    archive: Archive = field(repr=False)
    trainer: Any
    groups: Mapping[str, str] = field(repr=False)
    whole: Any = field(repr=False)

    def shares(self, stage_lr: float) -> list[float]:
        """By what the learning rate is multiplied for each trainable variable of the trainer.

        Args:
            stage_lr: the share of the first stage that is trained; the head has 1, and those between
                rise from stage to stage by the same factor.

        Source:
            Howard and Ruder 2018, "Universal language model fine-tuning for text classification"
            (discriminative fine-tuning).
        """
        order = list(dict.fromkeys(self.groups.values()))
        last = max(len(order) - 1, 1)
        share = {group: stage_lr ** ((len(order) - 1 - place) / last) for place, group in enumerate(order)}
        of = {
            id(variable): share[self.groups[layer.name]]
            for layer in self.whole.layers
            for variable in layer.trainable_variables
        }
        return [of[id(variable)] for variable in self.trainer.trainable_variables]

    @property
    def learned(self) -> int:
        """How many weights the trainer changes."""
        return sum(variable.numpy().size for variable in self.trainer.trainable_variables)

    def summary(self) -> str:
        """Every layer with its class, the axes of its output, its weights, and how many are learned."""
        heads = ("layer", "class", "output", "weights", "learned")
        rows = [_row(layer) for layer in self.whole.layers]
        total = ("all", "", "", f"{self.whole.count_params():,}", f"{self.learned:,}")
        return text_table(heads, [*rows, total]) + "\n"

    def trained(self) -> Archive:
        """The whole network with the weights that the trainer has now."""
        now = {layer.name: layer.get_weights() for layer in self.whole.layers if layer.weights}
        return replace(self.archive, weights=weights_file(self.archive.layers, now))


def _row(layer: Any) -> tuple[str, ...]:
    axes = " x ".join(str(axis) for axis in layer.output.shape[1:])
    learned = sum(variable.numpy().size for variable in layer.trainable_variables)
    return (layer.name, type(layer).__name__, axes, f"{layer.count_params():,}", f"{learned:,}")


def head_and_backbone(
    archive: Archive, features: str, *, stages: Mapping[str, Sequence[str]], cut: str | None, policy: str
) -> Trainee:
    """A backbone with a head, of which the head is learned and, if asked, a part of the backbone.

    Batch norm and dropout of layers that are frozen work as in inference, of all others as in training.
    With batch norm of the learned layers as in inference too, fine-tuning was unstable and made more
    errors (docs/decisions.md).

    Args:
        archive: the whole network.
        features: the backbone's last layer.
        stages: the layers of the backbone that are learned, by stage.
        cut: the layer that gives what the trainer takes; `features` if the head alone is learned, None
            for the photo.
        policy: Keras's dtype policy of the layers.
    """
    keras = import_keras()
    whole = _opened(archive, policy)
    names = [layer.name for layer in archive.layers]
    groups = {name: stage for stage, layers in stages.items() for name in layers}
    groups |= dict.fromkeys(names[names.index(features) + 1 :], HEAD)
    frozen = set(itertools.takewhile(lambda name: name not in groups, names))
    for layer in whole.layers:
        layer.trainable = layer.name in groups
        if layer.name in frozen and hasattr(layer, "rate"):
            layer.rate = 0.0  # dropout, which `trainable` says nothing to
    end = whole.get_layer(features).output
    head = keras.Model(end, whole.get_layer(LOGITS).output)
    if cut == features:
        return Trainee(archive, head, groups, whole)
    start = whole.inputs[0] if cut is None else whole.get_layer(cut).output
    given = keras.Input(start.shape[1:], dtype=FLOAT32)
    trainer = keras.Model(given, head(keras.Model(start, end)(given)))
    return Trainee(archive, trainer, groups, whole)


def whole_network(archive: Archive, *, policy: str) -> Trainee:
    """A network of which all is learned, from the photo on; batch norm and dropout work as in training."""
    keras = import_keras()
    whole = _opened(archive, policy)
    whole.trainable = True
    trainer = keras.Model(whole.inputs[0], whole.get_layer(LOGITS).output)
    return Trainee(archive, trainer, {layer.name: HEAD for layer in archive.layers}, whole)


def _opened(archive: Archive, policy: str) -> Any:
    """The network to be trained; on several devices its batch norm sees the batches of all."""
    whole = keras_model(with_policy(archive, policy))
    if import_tensorflow().distribute.get_strategy().num_replicas_in_sync > 1:
        for layer in whole.layers:
            if hasattr(layer, "synchronized"):
                layer.synchronized = True
    return whole


def with_policy(archive: Archive, policy: str) -> Archive:
    """The archive with another dtype policy for its layers, all but the logits and what prepares photos."""
    if policy == FLOAT32:
        return archive
    graph = copy.deepcopy(dict(archive.graph))
    described = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": policy}}
    for spec in graph["config"]["layers"]:
        spared = spec["class_name"] in ("InputLayer", "Rescaling") or spec["config"]["name"] in ENDS
        if spec["module"] == "keras.layers" and not spared:
            spec["config"]["dtype"] = described
    return replace(archive, graph=graph)
