import csv
import json
from pathlib import Path

import pytest

import kclass
from kclass.classifier.prediction import Guess, Prediction
from kclass.classifier.predictions import Predictions

CLASSES = ("01.ash_tree", "birch", "cedar")
PHOTO = Path("photos/a.jpg")


def guess(label: str, probability: float) -> Guess:
    return Guess(label, CLASSES.index(label), probability)


def test_plain_data_has_the_predictions_and_what_is_wrong_with_other_photos() -> None:
    found = Prediction(PHOTO, (guess("01.ash_tree", 0.75), guess("cedar", 0.25)))
    everything = Predictions((found,), (kclass.PhotoError("b.jpg is empty", fix="Take it out."),)).to_dict()
    assert everything == {"predictions": [found.to_dict()], "unreadable": ["b.jpg is empty"]}
    assert json.loads(json.dumps(everything)) == everything


def test_many_predictions_can_be_counted_and_gone_through() -> None:
    each = Prediction(PHOTO, (guess("birch", 1.0),))
    many = Predictions((each, each), ())
    assert len(many) == 2
    assert list(many) == [each, each]


def test_a_table_has_the_most_probable_class_first(tmp_path: Path) -> None:
    rows = (
        Prediction(Path('a "b", c.jpg'), (guess("01.ash_tree", 0.7500004), guess("cedar", 0.25))),
        Prediction(Path("d.jpg"), (guess("cedar", 0.9), guess("birch", 0.1)), 1.23456, 0.5),
    )
    path = Predictions(rows, ()).write_csv(tmp_path / "below" / "out.csv")
    assert path == tmp_path / "below" / "out.csv"
    assert path.read_bytes() == (
        b"path,prediction,unsure,probability,novelty,label_1,probability_1,label_2,probability_2\n"
        b'"a ""b"", c.jpg",01.ash_tree,0,0.750000,,01.ash_tree,0.750000,cedar,0.250000\n'
        b"d.jpg,unsure,1,0.900000,1.2346,cedar,0.900000,birch,0.100000\n"
    )
    with path.open(newline="") as file:
        assert [row["path"] for row in csv.DictReader(file)] == ['a "b", c.jpg', "d.jpg"]


def test_a_table_of_nothing_has_its_header(tmp_path: Path) -> None:
    assert (
        Predictions((), ()).write_csv(str(tmp_path / "out.csv")).read_text()
        == "path,prediction,unsure,probability,novelty\n"
    )


def test_a_table_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(kclass.OutputError, match="cannot write"):
        Predictions((), ()).write_csv(tmp_path)
