"""A head of dense layers, which is trained by epochs."""

from collections.abc import Sequence
from typing import Final

from kclass.backbones.archive import LOGITS, PROBABILITIES, Archive
from kclass.backbones.keras_archive import archive_of, keras_model
from kclass.backbones.seeding import seeded
from kclass.keras_import import import_keras

ACTIVATIONS: Final = ("elu", "gelu", "relu", "silu", "tanh")


def with_dense_head(
    backbone: Archive, *, classes: int, hidden: Sequence[int], activation: str, dropout: float, seed: int
) -> Archive:
    """A backbone with dense layers after its features, and random weights in those.

    Each hidden layer is followed by its activation and by dropout; without hidden layers there is
    dropout before the logits alone.

    Args:
        backbone: raw RGB to features, without head.
        classes: how many logits there are to be.
        hidden: units of each hidden layer, from the features on.
        activation: of them, one of `ACTIVATIONS`.
        dropout: share of what it reads that dropout leaves out; 0 for no dropout.
        seed: of the weights.
    """
    keras = import_keras()
    layers = keras.layers
    body = keras_model(backbone)
    with seeded(seed):
        found = body.output
        for place, units in enumerate(hidden, 1):
            found = layers.Dense(units, activation=activation, name=f"hidden{place}")(found)
            found = _dropped(found, dropout, name=f"dropout{place}", seed=seed)
        if not hidden:
            found = _dropped(found, dropout, name="dropout", seed=seed)
        logits = layers.Dense(classes, name=LOGITS)(found)
        probabilities = layers.Softmax(name=PROBABILITIES)(logits)
        return archive_of(keras.Model(body.inputs[0], probabilities, name=body.name))


def _dropped(tensor: object, share: float, *, name: str, seed: int) -> object:
    return import_keras().layers.Dropout(share, seed=seed, name=name)(tensor) if share else tensor
