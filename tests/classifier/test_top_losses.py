import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_fits import write_photos

import kclass
from kclass.classifier.evaluation import Evaluation
from kclass.classifier.explained import Explained
from kclass.classifier.top_losses import TopLoss
from kclass.dataset.samples import Samples
from kclass.evaluation.metrics import evaluate

CLASSES = ("01.ash_tree", "birch", "cedar")
PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.0, 1.0, 0.0], [0.1, 0.8, 0.1]])


def evaluation(root: Path, classes: tuple[str, ...] = CLASSES) -> Evaluation:
    """Four photos: one right, two that are equally wrong, and one whose class was not given a chance."""
    write_photos(root, {"01.ash_tree": 2, "cedar": 2})
    truths = ("01.ash_tree", "01.ash_tree", "cedar", "cedar")
    names = [f"{name}/{index}.png" for name, index in zip(truths, (0, 1, 0, 1), strict=True)]
    samples = Samples(tuple(names), np.array([classes.index(name) for name in truths]), classes, root)
    labels = np.array([CLASSES.index(name) for name in truths], np.int32)
    return Evaluation(evaluate(PROBABILITIES, labels, CLASSES), samples, PROBABILITIES, ())


def words(figure: Any) -> list[str]:
    """The captions, line by line from above."""
    texts = figure.axes[0].texts
    return [text.get_text() for text in sorted(texts, key=lambda one: one.get_position()[1])]


@pytest.mark.parametrize("classes", [CLASSES, ("cedar", "oak", "01.ash_tree", "birch")])
def test_the_photos_with_the_highest_losses_come_first(classes: tuple[str, ...], tmp_path: Path) -> None:
    found = evaluation(tmp_path, classes).top_losses(number=3)
    assert [each.path for each in found] == [
        tmp_path / "cedar/0.png",
        tmp_path / "01.ash_tree/1.png",  # as wrong as the last one, and before it
        tmp_path / "cedar/1.png",
    ]
    assert found.photos[1] == TopLoss(
        tmp_path / "01.ash_tree/1.png", "01.ash_tree", "birch", pytest.approx(math.log(10)), 0.1
    )
    assert [each.label for each in found] == ["cedar", "01.ash_tree", "cedar"]
    assert [each.probability for each in found] == [0, 0.1, 0.1]  # of the actual class


def test_photos_that_are_right_count_too_and_all_are_there_if_they_are_few(tmp_path: Path) -> None:
    found = evaluation(tmp_path).top_losses()
    assert len(found) == found.evaluated == 4
    last = found.photos[-1]
    assert (last.label, last.predicted, last.probability) == ("01.ash_tree", "01.ash_tree", 0.7)
    # 52 ln 2, ln 10 twice, and -ln 0.7.
    assert [round(each.loss, 2) for each in found] == [36.04, 2.30, 2.30, 0.36]


def test_nine_are_found_if_no_number_is_given() -> None:
    classes = ("a", "b")
    probabilities = np.tile([0.5, 0.5], (12, 1))
    labels = np.zeros(12, np.int32)
    samples = Samples(tuple(f"{place}.jpg" for place in range(12)), labels, classes, Path("photos"))
    many = Evaluation(evaluate(probabilities, labels, classes), samples, probabilities, ())
    assert [each.path.name for each in many.top_losses()] == [f"{place}.jpg" for place in range(9)]
    assert repr(many.top_losses()).startswith("Top 9 of 12 losses\n")


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (0, "number is 0; it must be from 1 to 500"),
        (501, "number is 501; it must be from 1 to 500"),
        (True, "number is True; it must be a whole number"),
        ("9", "number is '9'; it must be a whole number"),
    ],
)
def test_numbers_that_are_none_are_refused(number: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        evaluation(tmp_path).top_losses(number=number)
    assert raised.value.message == message


def test_plain_data_and_the_table_say_the_same(tmp_path: Path) -> None:
    found = evaluation(tmp_path).top_losses(number=2)
    content = found.to_dict()
    assert content["evaluated"] == 4
    assert content["photos"][1] == {
        "path": str(tmp_path / "01.ash_tree/1.png"),
        "label": "01.ash_tree",
        "predicted": "birch",
        "loss": pytest.approx(math.log(10)),
        "probability": 0.1,
    }
    assert json.loads(json.dumps(content)) == content
    title, head, first, second = repr(found).splitlines()
    assert title == "Top 2 of 4 losses"
    assert head.split() == ["prediction", "actual", "loss", "probability", "of", "actual", "photo"]
    assert first.split() == ["birch", "cedar", "36.04", "0.0%", str(tmp_path / "cedar/0.png")]
    assert second.split()[:5] == ["birch", "ash", "tree", "2.30", "10.0%"]
    assert repr(evaluation(tmp_path / "all").top_losses()).startswith("All 4 losses, highest first\n")


def test_the_picture_has_two_lines_above_each_photo(tmp_path: Path) -> None:
    figure = evaluation(tmp_path).top_losses(number=3).plot()
    assert words(figure) == [
        *("birch / cedar", "birch / ash tree"),
        *("36.04 / 0.0%", "2.30 / 10.0%"),
        *("birch / cedar", "2.30 / 10.0%"),
    ]
    heading = [text.get_text() for text in figure.texts]
    assert heading == ["Top 3 of 4 losses", "prediction / actual class", "loss / probability of actual class"]


def test_a_photo_that_is_gone_is_said_to_be_so_in_its_place(tmp_path: Path) -> None:
    found = evaluation(tmp_path).top_losses(number=2)
    (tmp_path / "cedar/0.png").unlink()
    assert words(found.plot()) == [
        *("birch / cedar", "birch / ash tree"),
        *("cannot be read any more", "2.30 / 10.0%"),
    ]


def test_a_notebook_shows_the_picture(tmp_path: Path) -> None:
    png = evaluation(tmp_path).top_losses()._repr_png_()
    assert png is not None
    assert Image.open(io.BytesIO(png)).width > 400


def test_beside_each_photo_stands_what_spoke_for_the_prediction_if_asked(tmp_path: Path) -> None:
    asked: list[Any] = []

    def explain(paths: list[Path], *, targets: list[str]) -> Iterator[Explained | kclass.PhotoError]:
        asked.extend(zip(paths, targets, strict=True))
        for path, target in zip(paths, targets, strict=True):
            if path == paths[1]:
                yield kclass.PhotoError("it is gone")
                continue
            red = np.full((8, 8, 3), (250, 0, 0), np.uint8)
            heat = np.zeros((2, 2), np.float32)  # shows nothing, so the photo stays as it is
            yield Explained(path, target, 1, 0.9, heat, red, 1.0, "layer", "Grad-CAM", "logits")

    found = evaluation(tmp_path).top_losses(number=3)
    figure = found.plot(explain=explain)
    assert asked == [(each.path, each.predicted) for each in found]
    # The second photo cannot be explained: nothing is said or shown beside it.
    assert words(figure).count("why birch") == 2
    assert figure.texts[-1].get_text().endswith("(Grad-CAM, each in its own scale)")
    canvas = np.asarray(figure.axes[0].images[0].get_array())[..., :3]
    assert (canvas == (250, 0, 0)).all(axis=-1).any()
    plain = np.asarray(found.plot().axes[0].images[0].get_array())[..., :3]
    assert not (plain == (250, 0, 0)).all(axis=-1).any()
