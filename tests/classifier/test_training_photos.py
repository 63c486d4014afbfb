from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import kclass
from kclass.classifier import training_photos as module
from kclass.classifier.training_photos import Neighbour, training_photos
from kclass.dataset.samples import Samples

ROOT = Path("/photos")


def samples(number: int) -> Samples:
    labels = np.arange(number, dtype=np.int32) % 2
    return Samples(tuple(f"{place}.jpg" for place in range(number)), labels, ("ash", "birch"), ROOT)


def places(found: tuple[Neighbour, ...]) -> list[int]:
    return [int(each.path.stem) for each in found]


def clouds(number: int, features: int = 64) -> NDArray[np.float32]:
    """Features as networks give them: none below 0, in a few groups."""
    random = np.random.default_rng(number)
    middles = random.random((5, features))
    return np.float32(middles[random.integers(5, size=number)] + 0.3 * random.random((number, features)))


def test_neighbours_are_named_most_alike_first_with_class_file_and_cosine() -> None:
    # At angles of 0, 90 and 45 degrees to the first axis, of any length.
    known = training_photos(np.float32([[5, 0], [0, 1], [2, 2]]), samples(3), network="n")
    found = known.nearest(np.float32([0.1, 0]))
    assert [(each.path, each.label) for each in found] == [
        (ROOT / "0.jpg", "ash"),
        (ROOT / "2.jpg", "ash"),
        (ROOT / "1.jpg", "birch"),
    ]
    assert [each.similarity for each in found] == pytest.approx([1, 0.5**0.5, 0], abs=1e-3)


def test_a_neighbour_reads_as_class_likeness_and_file() -> None:
    found = Neighbour(Path("a.jpg"), "01.ash_tree", 0.876)
    assert str(found) == "ash tree 0.88 a.jpg"
    assert found.to_dict() == {"path": "a.jpg", "label": "01.ash_tree", "similarity": 0.876}


def test_several_photos_are_looked_up_at_once() -> None:
    known = training_photos(clouds(30), samples(30), network="n")
    asked = clouds(7)
    assert [places(each) for each in known.nearest_of(asked, number=2)] == [
        places(known.nearest(row, number=2)) for row in asked
    ]
    with pytest.raises(kclass.OptionError, match="number is 0; it must be 1 or more"):
        known.nearest_of(asked, number=0)


def test_of_equals_the_first_come_first() -> None:
    known = training_photos(np.ones((200, 4), np.float32), samples(200), network="n")
    assert places(known.nearest(np.ones(4, np.float32))) == [0, 1, 2]


@pytest.mark.parametrize(("number", "named"), [(1, 1), (4, 4), (9, 5)])
def test_number_is_how_many_are_named_at_most(number: int, named: int) -> None:
    known = training_photos(clouds(5), samples(5), network="n")
    assert len(known.nearest(clouds(5)[0], number=number)) == named
    assert len(known) == 5
    assert repr(known) == f"TrainingPhotos(5 photos in {ROOT.resolve()})"


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (0, "number is 0; it must be 1 or more"),
        (1.5, "number is 1.5; it must be a whole number"),
        (True, "number is True; it must be a whole number"),
    ],
)
def test_a_number_that_is_none_is_refused(number: int, message: str) -> None:
    known = training_photos(clouds(5), samples(5), network="n")
    with pytest.raises(kclass.OptionError) as raised:
        known.nearest(clouds(5)[0], number=number)
    assert raised.value.message == message


@given(st.integers(1, 40), st.integers(1, 40))
def test_few_photos_and_few_features_lose_nothing_but_rounding(number: int, features: int) -> None:
    rows = clouds(number, features)
    asked = clouds(number + 1, features)[0]
    found = training_photos(rows, samples(number), network="n").nearest(asked, number=number)
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(asked)
    exact = np.sort(rows @ asked / lengths)[::-1]
    assert [each.similarity for each in found] == pytest.approx(exact.tolist(), abs=4e-3)


def test_many_photos_are_found_by_codes_that_are_shorter_than_features(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "DIMENSIONS", 16)
    monkeypatch.setattr(module, "MOST_MEASURED", 100)
    rows = clouds(300)
    known = training_photos(rows, samples(300), network="n")
    assert known.codes.shape == (300, 16)
    assert known.basis.shape == (64, 16)
    assert np.abs(known.basis.T @ known.basis - np.eye(16)).max() < 1e-3
    itself = [places(known.nearest(rows[row], number=1)) == [row] for row in range(300)]
    assert sum(itself) > 180  # by chance 1 of 300


def test_codes_are_the_same_each_time() -> None:
    first, second = (training_photos(clouds(400, 300), samples(400), network="n") for _ in range(2))
    assert np.array_equal(first.codes, second.codes)


def test_a_photo_in_which_the_network_sees_nothing_is_like_none() -> None:
    rows = np.float32([[0, 0], [1, 1]])
    known = training_photos(rows, samples(2), network="n")
    assert [each.similarity for each in known.nearest(np.float32([0, 0]))] == [0, 0]
    assert places(known.nearest(np.float32([1, 0]))) == [1, 0]


def test_a_neighbours_file_is_made_once() -> None:
    known = training_photos(clouds(5), samples(5), network="n")
    first, second = (known.nearest(clouds(5)[0], number=1)[0] for _ in range(2))
    assert first.path is second.path
