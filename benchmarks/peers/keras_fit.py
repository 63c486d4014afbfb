"""Transfer learning in stock Keras, as its official tutorial does it or as an expert does it by hand.

Usage: keras_fit.py BACKBONE.keras TRAIN VALIDATION --epochs N [--features-once] [--bf16]

BACKBONE takes raw RGB at 224 pixels and gives pooled features. By default the frozen network sees every
photo in every epoch, with flips and rotations as layers; with --features-once it sees each photo once,
and a Dense layer is trained on what it gave. Prints one JSON line; nothing of kclass is imported.
"""

import argparse
import json
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
START = time.perf_counter()

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

SIZE = 224
BATCH = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("backbone")
    parser.add_argument("train")
    parser.add_argument("validation")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--features-once", action="store_true")
    parser.add_argument("--bf16", action="store_true")
    given = parser.parse_args()
    keras.utils.set_random_seed(0)
    if given.bf16:
        keras.config.set_dtype_policy("mixed_bfloat16")
    backbone = keras.saving.load_model(given.backbone, compile=False)
    backbone.trainable = False
    options = {"image_size": (SIZE, SIZE), "batch_size": BATCH, "verbose": False}
    train = keras.utils.image_dataset_from_directory(given.train, **options)
    validation = keras.utils.image_dataset_from_directory(given.validation, shuffle=False, **options)
    classes = len(train.class_names)
    learn = features_once if given.features_once else tutorial
    history = learn(backbone, train.prefetch(2), validation.prefetch(2), classes, given.epochs)
    accuracy = history.history["val_accuracy"][-1]
    print(json.dumps({"seconds": time.perf_counter() - START, "accuracy": accuracy}))


def tutorial(backbone, train, validation, classes, epochs):
    photo = keras.Input((SIZE, SIZE, 3))
    turned = layers.RandomRotation(0.2)(layers.RandomFlip("horizontal")(photo))
    features = layers.Dropout(0.2)(backbone(turned, training=False))
    model = compiled(keras.Model(photo, layers.Dense(classes, dtype="float32")(features)))
    return model.fit(train, validation_data=validation, epochs=epochs, verbose=0, shuffle=False)


def features_once(backbone, train, validation, classes, epochs):
    def seen(batches):
        pairs = [(backbone.predict_on_batch(photos), labels) for photos, labels in batches]
        return np.concatenate([each for each, _ in pairs]), np.concatenate([each for _, each in pairs])

    features, labels = seen(train)
    head = [keras.Input(features.shape[1:]), layers.Dropout(0.2), layers.Dense(classes, dtype="float32")]
    model = compiled(keras.Sequential(head))
    return model.fit(features, labels, validation_data=seen(validation), epochs=epochs, verbose=0)


def compiled(model):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    return model


if __name__ == "__main__":
    main()
