"""A folder of photos through a model file, as a user of stock Keras would: the peer of `predict_bulk.py`.

Usage: keras_folder.py MODEL FOLDER

Prints JSON: how many photos, and the seconds of opening the model and of `predict` alone.
"""

import json
import sys
import time

import keras

start = time.perf_counter()
model = keras.saving.load_model(sys.argv[1])
loaded = time.perf_counter()
photos = keras.utils.image_dataset_from_directory(
    sys.argv[2],
    labels=None,
    image_size=model.input_shape[1:3],
    batch_size=32,
    shuffle=False,
    verbose=False,
)
probabilities = model.predict(photos, verbose=0)
done = time.perf_counter()
print(json.dumps({"photos": len(probabilities), "opening": loaded - start, "predicting": done - loaded}))
