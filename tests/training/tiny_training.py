"""Networks of a few layers and photos of a few pixels, and all that a training of them needs."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.backbones.dense_head import with_dense_head
from kclass.backbones.keras_archive import archive_of
from kclass.batches.augmentation import PRESETS
from kclass.batches.options import BatchOptions
from kclass.batches.photo_source import KeptPhotos
from kclass.keras_import import import_keras
from kclass.training.epochs import Phase
from kclass.training.optimizers import OptimizerOptions
from kclass.training.schedules import RatePlan, Schedule
from kclass.training.shown import Lesson, ShownFeatures, ShownPhotos
from kclass.training.trainee import Trainee, head_and_backbone, whole_network

SIZE = 8
WIDTH = 5  # of the backbone's features
FEATURES = "features"
STAGES = {"stage1": ("conv1", "norm1"), "stage2": ("conv2", "norm2"), "stage3": ("conv3", "norm3")}

Weights = list[NDArray[Any]]


def bright_and_dark(number: int, *, size: int = SIZE) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Noise whose brightness tells two classes apart, though not without doubt."""
    random = np.random.default_rng(0)
    labels = (np.arange(number) % 2).astype(np.int32)
    noise = random.integers(0, 120, (number, size, size, 3))
    shift = random.integers(0, 40, number) + 60 * labels
    return (noise + shift[:, None, None, None]).astype(np.uint8), labels


PHOTOS, LABELS = bright_and_dark(40)
VECTORS = np.random.default_rng(1).normal(size=(40, WIDTH)).astype(np.float32)
VECTORS[:, 0] += LABELS

# Nothing in them tells the classes apart: what is learned of them by heart makes others worse.
NOISE = np.random.default_rng(5).normal(size=(40, WIDTH)).astype(np.float32)


@functools.cache
def backbone() -> Archive:
    """Raw RGB to features, in three stages, with batch norm and dropout."""
    keras = import_keras()
    layers = keras.layers
    keras.utils.set_random_seed(0)
    photo = keras.Input((SIZE, SIZE, 3), name="photo")
    found = layers.Rescaling(1 / 127.5, -1.0, name="scaling")(photo)
    for place, (filters, strides) in enumerate(((4, 1), (6, 2), (WIDTH, 2)), 1):
        options = {"strides": strides, "padding": "same"}
        found = layers.Conv2D(filters, 3, name=f"conv{place}", **options)(found)
        found = layers.BatchNormalization(name=f"norm{place}")(found)
        found = layers.ReLU(name=f"relu{place}")(found)
        if place == 1:
            found = layers.Dropout(0.5, seed=0, name="backbone_dropout")(found)
    found = layers.GlobalAveragePooling2D(name=FEATURES)(found)
    return archive_of(keras.Model(photo, found, name="tiny"))


@functools.cache
def with_head(*, hidden: tuple[int, ...] = (4,), dropout: float = 0.5, classes: int = 2) -> Archive:
    """The backbone with a dense head."""
    return with_dense_head(
        backbone(), classes=classes, hidden=hidden, activation="tanh", dropout=dropout, seed=0
    )


@functools.cache
def scratch(*, dropout: float = 0.5, classes: int = 2, size: int = SIZE) -> Archive:
    """A Sequential network with batch norm and dropout, of which all is to be learned."""
    keras = import_keras()
    layers = keras.layers
    keras.utils.set_random_seed(0)
    parts = [
        keras.Input((size, size, 3), name="photo"),
        layers.Rescaling(1 / 127.5, -1.0, name="scaling"),
        layers.Conv2D(4, 3, strides=2, activation="relu", name="conv"),
        layers.BatchNormalization(momentum=0.5, name="norm"),
        layers.Flatten(name="flatten"),
        layers.Dropout(dropout, seed=0, name="dropout"),
        layers.Dense(classes, name="logits"),
        layers.Softmax(name="probabilities"),
    ]
    return archive_of(keras.Sequential(parts))


def head_alone(archive: Archive | None = None, *, policy: str = "float32") -> Trainee:
    """What is learned if the backbone is frozen, from its features on."""
    return head_and_backbone(archive or with_head(), FEATURES, stages={}, cut=FEATURES, policy=policy)


def fine_tuned(
    archive: Archive | None = None,
    *stages: str,
    cut: str | None = None,
    policy: str = "float32",
) -> Trainee:
    """What is learned of the backbone, with its head: some of its stages, by default the last."""
    chosen = {stage: STAGES[stage] for stage in stages or ("stage3",)}
    return head_and_backbone(archive or with_head(), FEATURES, stages=chosen, cut=cut, policy=policy)


def all_of(archive: Archive | None = None, *, policy: str = "float32") -> Trainee:
    """A network from scratch."""
    return whole_network(archive or scratch(), policy=policy)


def lesson(
    *,
    labels: NDArray[np.int32] = LABELS,
    held_out: Sequence[int] = range(8),
    classes: int = 2,
    seed: int = 0,
    **batches: Any,
) -> Lesson:
    """All but the first photos to learn from, in batches of 8, the last of them of 4 if there are 36."""
    places = np.array(held_out, np.int64)
    return Lesson(
        labels=labels,
        train=np.setdiff1d(np.arange(len(labels)), places),
        held_out=places,
        classes=classes,
        batches=BatchOptions(**{"size": 8, "augment": PRESETS["none"], **batches}),
        seed=seed,
    )


def features(what: Lesson | None = None, vectors: NDArray[np.float32] = VECTORS) -> ShownFeatures:
    """Features in the place of photos."""
    return ShownFeatures(what or lesson(), vectors)


def photos(what: Lesson | None = None, pixels: NDArray[np.uint8] = PHOTOS) -> ShownPhotos:
    """Photos in memory."""
    return ShownPhotos(what or lesson(), KeptPhotos.of(pixels))


def plan(schedule: Schedule = "constant", *, peak: float = 0.01, **options: Any) -> RatePlan:
    """A schedule."""
    return RatePlan(schedule=schedule, peak=peak, **{"warmup": 0.3, "plateau_patience": 1, **options})


def phase(
    *,
    name: str = "head",
    epochs: int = 3,
    schedule: Schedule = "constant",
    peak: float = 0.01,
    stage_lr: float = 1.0,
    patience: int | None = None,
    before: int = 0,
    **optimizer: Any,
) -> Phase:
    """Three epochs of AdamW at a constant rate, if nothing else is asked for."""
    return Phase(
        name=name,
        epochs=epochs,
        plan=plan(schedule, peak=peak),
        optimizer=OptimizerOptions(**optimizer),
        stage_lr=stage_lr,
        patience=patience,
        before=before,
    )


def weights_of(archive: Archive) -> Weights:
    """All weights, layer by layer."""
    return [array for arrays in archive.layer_weights.values() for array in arrays]


def same(one: Sequence[NDArray[Any]], other: Sequence[NDArray[Any]]) -> bool:
    """Whether arrays are equal, to the last bit."""
    pairs = zip(one, other, strict=True)
    return all(a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in pairs)
