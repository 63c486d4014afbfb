from pathlib import Path

import numpy as np
import pytest

from kclass.dataset.samples import Samples
from kclass.dataset.untrained import refuse_untrained
from kclass.errors import DataError


def table(labels: list[int], splits: list[int]) -> Samples:
    return Samples(
        paths=tuple(f"{place}.jpg" for place in range(len(labels))),
        labels=np.array(labels, np.int32),
        classes=("cat", "dog", "eel"),
        root=Path("/photos"),
        splits=np.array(splits, np.int8),
    )


@pytest.mark.parametrize(("split", "name"), [(1, "valid"), (2, "test")])
def test_classes_that_training_lacks_are_named_with_how_many_photos_they_have(split: int, name: str) -> None:
    with pytest.raises(DataError) as caught:
        refuse_untrained("a.csv", table([0, 0, 1, 2, 2], [0, split, split, split, split]))
    assert caught.value.message == f"a.csv: {name} has photos of classes that train lacks: dog (1), eel (2)"
    assert caught.value.fix == f"Give some of them to train, or take them out of {name}."


def test_photos_without_label_or_split_lack_nothing() -> None:
    refuse_untrained("a.csv", table([0, -1, -1, 1], [0, 1, 2, -1]))


def test_photos_that_are_all_for_test_are_taken_as_they_are() -> None:
    refuse_untrained("a.csv", table([0, 1, 2], [2, 2, 2]))
