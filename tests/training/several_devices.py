"""A training on one and on two logical CPUs, as a program: prints the losses of both as JSON."""

import contextlib
import json
from dataclasses import replace

import numpy as np

from kclass.backbones.archive import Archive
from kclass.backbones.dense_head import with_dense_head
from kclass.backbones.registry import open_backbone
from kclass.batches.augmentation import PRESETS
from kclass.batches.options import BatchOptions
from kclass.batches.photo_source import KeptPhotos
from kclass.engines.network import convert
from kclass.engines.openvino import OpenVinoEngine
from kclass.engines.training_device import TrainingDevice, strategy_of
from kclass.keras_import import import_tensorflow
from kclass.training.course import Leg, train
from kclass.training.epochs import Phase
from kclass.training.optimizers import OptimizerOptions
from kclass.training.schedules import RatePlan
from kclass.training.shown import Lesson, ShownPhotos
from kclass.training.stem import Stem
from kclass.training.trainee import Trainee, head_and_backbone
from kclass.training.unfreezing import unfrozen

SIZE, PHOTOS, BATCH, EPOCHS = 64, 45, 8, 3
UNFREEZE = "last-4"  # nothing random lies in it: dropout has other masks on two devices
SHAPE = (2, 2, 192)


def main() -> None:
    tf = import_tensorflow()
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    print(json.dumps([losses(("CPU:0",)), losses(("CPU:0", "CPU:1"))]))


def losses(replicas: tuple[str, ...]) -> list[tuple[float | None, float]]:
    device = TrainingDevice("cpu", "float32", False, replicas)
    strategy = strategy_of(device)
    assert (strategy is None) == (len(replicas) == 1)
    with contextlib.nullcontext() if strategy is None else strategy.scope():
        trained = train(*course(), judged_first=False, device=device)
    return [(epoch.train_loss, epoch.held_out_loss) for epoch in trained.history]


def course() -> tuple[Archive, list[Leg]]:
    random = np.random.default_rng(0)
    labels = np.arange(PHOTOS, dtype=np.int32) % 3
    photos = random.normal(labels[:, None, None, None] * 40 + 80, 40, (PHOTOS, SIZE, SIZE, 3))
    lesson = Lesson(
        labels=labels,
        train=np.arange(36),
        held_out=np.arange(36, PHOTOS),
        classes=3,
        batches=BatchOptions(size=BATCH, augment=PRESETS["flip"]),
        seed=1,
    )
    shown = ShownPhotos(lesson, KeptPhotos.of(photos.clip(0, 255).astype(np.uint8)))
    phase = Phase(
        name="fine-tuning",
        epochs=EPOCHS,
        plan=RatePlan(schedule="one-cycle", peak=3e-3, warmup=0.3, plateau_patience=1),
        optimizer=OptimizerOptions(clip_norm=1.0, ema=0.5),
        stage_lr=0.1,
    )
    backbone = open_backbone("efficientnet_lite0", weights="imagenet", size=SIZE, seed=0)
    archive = with_dense_head(backbone, classes=3, hidden=(), activation="relu", dropout=0.0, seed=0)
    part = unfrozen(backbone, UNFREEZE)

    def make(found: Archive) -> Trainee:
        features = backbone.layers[-1].name
        return head_and_backbone(found, features, stages=part.stages, cut=part.cut, policy="float32")

    stem = Stem(OpenVinoEngine(convert(backbone, output=part.cut), precision="f32", streams=1), SHAPE)
    return archive, [Leg(phase, make, replace(shown, stem=stem))]


if __name__ == "__main__":
    main()
