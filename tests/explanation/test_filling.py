import numpy as np

from kclass.explanation.filling import as_type, mean_colour


def test_the_mean_colour_has_the_type_of_the_photo() -> None:
    # Channel by channel 1 + 2 + 2 + 2 and 2 + 2 + 2 + 3, of four pixels.
    photo = np.array([[[1, 2], [2, 2]], [[2, 2], [2, 3]]], np.uint8)
    assert (mean_colour(photo).dtype, mean_colour(photo).tolist()) == (np.uint8, [2, 2])
    assert mean_colour(photo.astype(np.float32)).tolist() == [1.75, 2.25]
    assert mean_colour(photo.astype(np.float32)).dtype == np.float32


def test_only_whole_numbers_are_rounded() -> None:
    values = np.array([0.6, 1.4])
    assert as_type(values, np.dtype(np.uint8)).tolist() == [1, 1]
    assert as_type(values, np.dtype(np.float64)).tolist() == [0.6, 1.4]
