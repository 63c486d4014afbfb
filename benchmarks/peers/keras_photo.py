"""One photo through a model file, as a user of stock Keras would: the peer of `predict_cold.py`.

Usage: keras_photo.py MODEL PHOTO
"""

import sys

import keras
import numpy as np

model = keras.saving.load_model(sys.argv[1])
size = model.input_shape[1:3]
photo = keras.utils.img_to_array(keras.utils.load_img(sys.argv[2], target_size=size))
print(*np.asarray(model.predict(photo[None], verbose=0))[0])
