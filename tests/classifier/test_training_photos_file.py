import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kclass
from kclass.classifier.training_photos import TrainingPhotos, training_photos
from kclass.classifier.training_photos_file import (
    TRAINING_PHOTOS,
    photos_beside,
    read_training_photos,
    write_training_photos,
)
from kclass.dataset.samples import Samples

NAMES = ("ash/1.jpg", "ash/é 2.jpg", "birch/" + os.fsdecode(b"caf\xe9.jpg"))
FIX = "Delete it: the model predicts without it, but then shows no training photos."


def known() -> TrainingPhotos:
    samples = Samples(NAMES, np.int32([0, 0, 1]), ("ash", "birch"), Path("/photos"))
    return training_photos(np.random.default_rng(0).random((3, 8), np.float32), samples, network="n")


@pytest.fixture
def written(tmp_path: Path) -> Path:
    write_training_photos(tmp_path / TRAINING_PHOTOS, known())
    return tmp_path / TRAINING_PHOTOS


def changed(path: Path, **parts: Any) -> None:
    """Write the file again with other parts."""
    with np.load(path) as found:
        arrays = {name: found[name] for name in found.files}
    story = {**json.loads(arrays["story"].tobytes()), **parts.pop("story", {})}
    arrays["story"] = np.frombuffer(json.dumps(story).encode(), np.uint8)
    np.savez(path, **{**arrays, **parts})


def test_what_is_written_is_read_back_names_that_are_no_text_among_it(written: Path) -> None:
    before, after = known(), read_training_photos(written)
    for name in ("codes", "basis", "labels"):
        assert np.array_equal(getattr(before, name), getattr(after, name))
        assert getattr(before, name).dtype == getattr(after, name).dtype
    for name in ("classes", "paths", "root", "network"):
        assert getattr(before, name) == getattr(after, name)
    asked = np.random.default_rng(1).random(8, np.float32)
    assert before.nearest(asked) == after.nearest(asked)


def test_photos_are_those_of_the_model_beside_them(written: Path) -> None:
    found = photos_beside(written.parent / "model.keras", network="n")
    assert found is not None
    assert found.paths == NAMES
    assert photos_beside(written.parent / "model.keras", network="another") is None
    assert photos_beside(written.parent / "below" / "model.keras", network="n") is None


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"story": {"format": 2}}, "its format is 2, and not 1"),
        ({"story": {"paths": ["a", "b"]}}, "2 photos, codes (3, 3) and directions (8, 3)"),
        ({"story": {"paths": []}}, "0 photos, codes (3, 3) and directions (8, 3)"),
        ({"story": {"paths": ["a", "b", 3]}}, "a name in it is no text"),
        ({"codes": np.zeros((3, 2), np.float16)}, "3 photos, codes (3, 2) and directions (8, 3)"),
        ({"basis": np.zeros(3, np.float16)}, "3 photos, codes (3, 3) and directions (3,)"),
        ({"codes": np.full((3, 3), np.nan, np.float16)}, "its codes are not all numbers"),
        ({"codes": np.zeros((3, 3), np.float64)}, "its codes are not all numbers"),
        ({"labels": np.int32([0, 1])}, "3 photos and labels (2,)"),
        ({"labels": np.int32([0, 1, 2])}, "a label that is none of 2 classes"),
        ({"labels": np.int32([0, 1, -1])}, "a label that is none of 2 classes"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(
    parts: dict[str, Any], reason: str, written: Path
) -> None:
    changed(written, **parts)
    with pytest.raises(kclass.ModelError) as raised:
        photos_beside(written.parent / "model.keras", network="n")
    assert raised.value.message == f"{written} cannot be used: {reason}"
    assert raised.value.fix == FIX


def test_nothing_in_the_file_is_run(written: Path) -> None:
    changed(written, codes=np.array([os.getcwd], dtype=object))
    with pytest.raises(kclass.ModelError, match="allow_pickle=False"):
        read_training_photos(written)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for make in (Path.mkdir, Path.touch):
        place = tmp_path / make.__name__ / TRAINING_PHOTOS
        place.parent.mkdir()
        make(place)
        with pytest.raises(kclass.ModelError) as raised:
            read_training_photos(place)
        assert raised.value.message.startswith(f"{place} cannot be used: ")
        assert raised.value.fix == FIX


@given(st.data())
def test_a_damaged_file_is_refused_or_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    path = folder / TRAINING_PHOTOS
    write_training_photos(path, known())
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[place:]
    else:
        content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        found = read_training_photos(path)
    except kclass.ModelError as error:
        assert error.fix == FIX
    else:
        assert found.paths == NAMES
        assert np.isfinite(found.codes).all()
