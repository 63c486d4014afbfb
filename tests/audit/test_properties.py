import numpy as np
import pytest
from made_up import inspection

from kclass.audit.properties import MOST_WORDS, Colour, Number, Property, Word, properties

INSIDE = np.array([True, True, False, False])


def property_of(name: str, *changes: dict[str, object]) -> Property:
    """One property of sound photos with these changes."""
    found = {each.name: each for each in properties([inspection(**each) for each in changes])}
    return found[name]


def test_photos_that_are_alike_have_no_columns() -> None:
    for each in properties([inspection(), inspection(), inspection()]):
        assert each.columns().shape == (3, 0), each.name


@pytest.mark.parametrize(
    ("changes", "differing"),
    [
        ({"brightness": 50.0}, {"brightness"}),
        ({"contrast": 20.0}, {"contrast"}),
        ({"format": "PNG"}, {"file format"}),
        ({"camera": "Maker Model"}, {"camera"}),
        ({"file_bytes": 20_000}, {"compression"}),
        ({"width": 1280, "height": 960, "file_bytes": 240_000}, {"size"}),
        ({"width": 480, "height": 640}, {"aspect ratio"}),
    ],
)
def test_each_property_is_told_by_what_it_stands_for_alone(
    changes: dict[str, object], differing: set[str]
) -> None:
    found = properties([inspection(), inspection(**changes)])
    assert {each.name for each in found if each.columns().size} == differing


def cells_painted(*, rows: slice, columns: slice) -> dict[str, object]:
    colours = np.full((8, 8, 3), 120, np.uint8)
    colours[rows, columns] = (30, 200, 30)
    return {"colours": colours}


@pytest.mark.parametrize(
    ("painted", "differing"),
    [
        (cells_painted(rows=slice(2, 6), columns=slice(2, 6)), set()),
        (cells_painted(rows=slice(1, 2), columns=slice(3, 5)), {"background colour"}),
        (cells_painted(rows=slice(0, 1), columns=slice(3, 5)), {"background colour", "border colour"}),
        (cells_painted(rows=slice(3, 5), columns=slice(7, 8)), {"background colour", "border colour"}),
    ],
)
def test_the_background_is_all_but_the_centre_and_the_border_the_outermost_cells(
    painted: dict[str, object], differing: set[str]
) -> None:
    found = properties([inspection(), inspection(**painted)])
    assert {each.name for each in found if each.columns().size} == differing


def test_a_number_gives_its_value_its_square_and_its_tenth() -> None:
    columns = Number("it", np.arange(20.0), str).columns()
    assert columns.dtype == np.float32
    assert columns.shape == (20, 12)
    np.testing.assert_allclose(columns[:, 0].mean(), 0, atol=1e-6)
    np.testing.assert_allclose(columns[:, 1], columns[:, 0] ** 2, rtol=1e-5)
    assert columns[:, 2:].argmax(axis=1).tolist() == np.repeat(np.arange(10), 2).tolist()


def test_two_values_a_hair_apart_fall_into_different_parts() -> None:
    columns = Number("it", np.array([1.0, 1.0, 1.0, 1.0, 1.001, 1.001]), str).columns()
    assert (columns[:4, 2:] == columns[0, 2:]).all()
    assert (columns[4:, 2:] != columns[0, 2:]).any()


def test_each_word_has_a_column_but_the_rare_ones_share_one() -> None:
    words = [f"word {place}" for place in range(MOST_WORDS) for _ in range(2)] + ["rare", "rarer"]
    columns = Word("it", tuple(words)).columns()
    assert columns.shape == (len(words), MOST_WORDS + 1)
    assert (columns[-1] == columns[-2]).all()
    assert (columns.sum(axis=1) == 1).all()


def test_a_class_is_told_by_the_medians_of_a_number() -> None:
    found = property_of("brightness", *({"brightness": value} for value in (30.0, 31.0, 200.0, 220.0)))
    assert found.told(INSIDE).words == "brightness 30 in the median, others brightness 210"
    sizes = property_of("size", *({"width": 1000, "height": side} for side in (1000, 1000, 4000, 4000)))
    assert sizes.told(INSIDE).words == "1 megapixels in the median, others 4 megapixels"
    ratios = property_of("aspect ratio", *({"width": side} for side in (640, 640, 480, 480)))
    assert ratios.told(INSIDE).words == "1.33 to 1 in the median, others 1.00 to 1"
    bits = property_of("compression", *({"file_bytes": size} for size in (38_400, 38_400, 76_800, 76_800)))
    assert bits.told(INSIDE).words == "1 bits a pixel in the median, others 2 bits a pixel"


def test_a_class_is_told_by_the_word_that_sets_it_apart() -> None:
    # Most photos on both sides are JPEG; what tells them apart is PNG.
    words = Word("format", ("JPEG", "PNG", "JPEG", "PNG", "JPEG", "JPEG", "JPEG", "JPEG"))
    told = words.told(np.arange(8) < 4)
    assert (told.words, told.difference) == ("PNG (50 %, others 0 %)", 0.5)


def test_a_class_is_told_by_the_colour_that_sets_it_apart() -> None:
    green, blue = (40, 180, 40), (40, 40, 200)
    cells = np.array([[green] * 5, [green] * 5, [green] * 5, [blue] * 5], np.float64)
    assert Colour("background", cells, "on {}").told(INSIDE).words == "on green (100 %, others 50 %)"


def test_the_camera_of_photos_without_one_is_said_so() -> None:
    found = property_of("camera", {}, {}, {"camera": "Maker Model"}, {"camera": "Maker Model"})
    assert found.told(INSIDE).words == "no camera (100 %, others 0 %)"
