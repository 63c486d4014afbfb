import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kclass.inspection.inspection import COLOUR_SIDE, GREY_SIDE, PERCENTS, RECIPE, Inspection
from kclass.photos.decoding import DECODER_VERSION
from kclass.photos.formats import FORMATS

finite = st.floats(allow_nan=False)
pictures = {
    "grey": arrays.arrays(np.uint8, (GREY_SIDE, GREY_SIDE)),
    "colours": arrays.arrays(np.uint8, (COLOUR_SIDE, COLOUR_SIDE, 3)),
}
inspections = st.builds(
    Inspection,
    content=st.just("0123456789abcdef" * 2),
    format=st.sampled_from([kind.name for kind in FORMATS]),
    width=st.integers(1, 2**32 - 1),
    height=st.integers(1, 2**32 - 1),
    file_bytes=st.integers(1, 2**40),
    orientation=st.integers(1, 8),
    camera=st.text(),
    brightness=finite,
    contrast=finite,
    percentiles=st.tuples(*[finite] * len(PERCENTS)),
    sharpness=finite,
    **pictures,
)


def plain(inspection: Inspection) -> dict[str, Any]:
    """The fields, arrays as lists, so that they can be compared."""
    values = {field.name: getattr(inspection, field.name) for field in dataclasses.fields(inspection)}
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()
    }


@given(inspections)
def test_an_inspection_comes_back_from_its_bytes_as_it_was(inspection: Inspection) -> None:
    again = Inspection.from_bytes(inspection.content, inspection.to_bytes())
    assert plain(again) == plain(inspection)
    assert (again.grey.dtype, again.colours.dtype) == (np.uint8, np.uint8)
    assert again.to_bytes() == inspection.to_bytes()


def example(**changes: Any) -> Inspection:
    blank = Inspection(
        content="ab",
        format="JPEG",
        width=400,
        height=300,
        file_bytes=1234,
        orientation=6,
        camera="ACME One",
        brightness=100.5,
        contrast=20.25,
        percentiles=(1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0),
        sharpness=0.5,
        grey=np.zeros((GREY_SIDE, GREY_SIDE), np.uint8),
        colours=np.zeros((COLOUR_SIDE, COLOUR_SIDE, 3), np.uint8),
    )
    return dataclasses.replace(blank, **changes)


def test_the_dictionary_of_an_inspection_is_json_without_its_pictures() -> None:
    values = example().to_dict()
    assert json.loads(json.dumps(values)) == {
        "content": "ab",
        "format": "JPEG",
        "width": 400,
        "height": 300,
        "file_bytes": 1234,
        "orientation": 6,
        "camera": "ACME One",
        "brightness": 100.5,
        "contrast": 20.25,
        "percentiles": [1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0],
        "sharpness": 0.5,
    }


def test_an_inspection_takes_little_room() -> None:
    assert len(example().to_bytes()) < 1500


def test_the_recipe_names_the_decoder_and_the_measures() -> None:
    assert f"inspection 2 of decoder {DECODER_VERSION}" == RECIPE


def test_inspections_are_kept_apart_by_identity() -> None:
    one = example()
    assert one != dataclasses.replace(one)
    assert len({one, one}) == 1


def test_an_inspection_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        example().width = 1  # type: ignore[misc]
