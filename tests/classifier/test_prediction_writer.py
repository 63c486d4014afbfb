from pathlib import Path

import pytest

import kclass
from kclass.classifier.prediction import Guess, Prediction

HEADER = "path,prediction,unsure,probability,novelty"


def prediction(name: str, *probabilities: float) -> Prediction:
    return Prediction(
        Path(name), tuple(Guess("abc"[place], place, each) for place, each in enumerate(probabilities))
    )


def test_what_is_written_photo_by_photo_is_the_table_of_all(tmp_path: Path) -> None:
    rows = (prediction("1.jpg", 0.75, 0.25), prediction("2.jpg", 0.5, 0.5))
    with kclass.PredictionWriter(tmp_path / "below" / "out.csv") as writer:
        for each in rows:
            writer.write(each)
    whole = kclass.Predictions(rows, ()).write_csv(tmp_path / "all.csv")
    assert (tmp_path / "below" / "out.csv").read_bytes() == whole.read_bytes()


def test_columns_are_those_of_the_first_photo_unless_their_number_is_said(tmp_path: Path) -> None:
    for top, labels in ((None, 1), (2, 2)):
        with kclass.PredictionWriter(tmp_path / "out.csv", top=top) as writer:
            writer.write(prediction("1.jpg", 1.0))
            writer.write(prediction("2.jpg", 0.5, 0.5))
        header = (tmp_path / "out.csv").read_text().splitlines()[0]
        assert header.count("label_") == labels


def test_without_a_photo_there_is_the_header(tmp_path: Path) -> None:
    for top, more in ((None, ""), (1, ",label_1,probability_1")):
        with kclass.PredictionWriter(str(tmp_path / "out.csv"), top=top):
            pass
        assert (tmp_path / "out.csv").read_text() == f"{HEADER}{more}\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BrokenPipeError(32, "Broken pipe"), ValueError("no")])
def test_an_error_leaves_the_old_table_and_stays_what_it_is(error: BaseException, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old\n")
    with pytest.raises(type(error)) as raised, kclass.PredictionWriter(tmp_path / "out.csv") as writer:
        writer.write(prediction("1.jpg", 1.0))
        raise error
    assert raised.value is error
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert (tmp_path / "out.csv").read_text() == "old\n"


def test_a_table_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "folder.csv", tmp_path / "file" / "out.csv"):
        with pytest.raises(kclass.OutputError) as raised, kclass.PredictionWriter(path) as writer:
            writer.write(prediction("1.jpg", 1.0))
        assert raised.value.message.startswith(f"cannot write {path}: ")
    assert {path.name for path in tmp_path.iterdir()} == {"folder.csv", "file"}
