import json
from pathlib import Path

import numpy as np
import pytest

import kclass
from kclass.classifier.evaluation import Evaluation
from kclass.dataset.samples import Samples
from kclass.evaluation.metrics import evaluate

CLASSES = ("01.ash_tree", "birch", "cedar")
PROBABILITIES = np.array(
    [[0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.0, 0.9, 0.1], [0.2, 0.2, 0.6], [0.1, 0.7, 0.2], [0.0, 0.1, 0.9]]
)


def evaluation(root: Path, order: tuple[str, ...] = CLASSES) -> Evaluation:
    """Four ash trees, two taken for birches and one for a cedar; a cedar taken for a birch, and one right."""
    truths = [*["01.ash_tree"] * 4, "cedar", "cedar"]
    samples = Samples(
        tuple(f"{place}.png" for place in range(6)),
        np.array([order.index(each) for each in truths]),
        order,
        root,
    )
    labels = np.array([CLASSES.index(each) for each in truths], np.int32)
    return Evaluation(evaluate(PROBABILITIES, labels, CLASSES), samples, PROBABILITIES, ())


@pytest.mark.parametrize("order", [CLASSES, ("cedar", "01.ash_tree", "birch")])
def test_pairs_with_the_most_photos_come_first_each_with_its_photos(
    order: tuple[str, ...], tmp_path: Path
) -> None:
    found = evaluation(tmp_path, order).confused_pairs()
    assert [(each.label, each.predicted, each.of) for each in found] == [
        ("01.ash_tree", "birch", 4),
        ("cedar", "birch", 2),  # one photo, and .7 sure of the wrong class
        ("01.ash_tree", "cedar", 4),  # one photo, and .6 sure
    ]
    assert found[0].photos == (tmp_path / "2.png", tmp_path / "0.png")  # the surest first
    assert repr(found[0]) == "ash tree taken for birch: 2 of 4"
    assert json.loads(json.dumps(found[1].to_dict())) == {
        "label": "cedar",
        "predicted": "birch",
        "of": 2,
        "photos": [str(tmp_path / "4.png")],
    }


def test_so_many_pairs_as_are_asked_for(tmp_path: Path) -> None:
    assert len(evaluation(tmp_path).confused_pairs(number=2)) == 2
    with pytest.raises(kclass.OptionError, match="number is 0; it must be 1 or more"):
        evaluation(tmp_path).confused_pairs(number=0)
