import json
import os
import re
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from command_line import Command, Ended
from kclass_cli.predict_outputs import Answers, print_prediction
from processes import KCLASS
from small_fits import SmallFit

from kclass.classifier.prediction import Guess, Prediction
from kclass.classifier.predictions import Predictions
from kclass.classifier.training_photos import Neighbour
from kclass.errors import PhotoError


@pytest.fixture
def predict(command: Command, fitted: SmallFit) -> Command:
    def run(*arguments: object) -> Ended:
        return command("predict", "--model", fitted.model, *arguments)

    return run


def copied(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_table_says_what_is_unsure_and_what_is_unlike_the_training_photos(
    capsys: pytest.CaptureFixture[str],
) -> None:
    near = (Neighbour(Path("train/b.jpg"), "bees", 0.456),)
    sure, novel, unsure = (
        Prediction(Path("a.jpg"), (Guess("bees", 0, 0.9), Guess("ants", 1, 0.1)), 0.9, 0.0, near),
        Prediction(Path("long.jpg"), (Guess("bees", 0, 0.9),), 1.846),
        Prediction(Path("c.jpg"), (Guess("unsure", 0, 0.6),), None, 0.7),
    )
    for each in (sure, novel, unsure):
        print_prediction(each, width=8, single=False)
    assert capsys.readouterr().out.splitlines() == [
        "a.jpg     bees 90.0%  ants 10.0%",
        "long.jpg  bees 90.0%  unlike the training photos (novelty 1.85)",
        "c.jpg     unsure: unsure 60.0%",
    ]
    print_prediction(sure, width=5, single=True)
    assert capsys.readouterr().out.splitlines() == [
        "a.jpg  bees 90.0%  ants 10.0%",
        "most like:",
        f"  bees 0.46 {Path('train/b.jpg')}",
    ]
    print_prediction(unsure, width=5, single=True)
    assert "most like" not in capsys.readouterr().out


Outcomes = Generator[Prediction | PhotoError, None, None]

HEADER = "path,prediction,unsure,probability,novelty,label_1,probability_1\n"


def answer(name: str) -> Prediction:
    return Prediction(Path(name), (Guess("bees", 0, 0.9),))


def test_rows_and_lines_are_written_before_the_next_photo_is_asked_for(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def outcomes() -> Outcomes:
        yield answer("a.jpg")
        assert capsys.readouterr().out == "a.jpg  bees 90.0%\n"
        (part,) = here.glob(".part-*.csv")
        assert part.read_text() == f"{HEADER}a.jpg,bees,0,0.900000,,bees,0.900000\n"
        yield PhotoError("b.jpg is empty")
        yield answer("c.jpg")
        assert capsys.readouterr().out == "c.jpg  bees 90.0%\n"
        assert part.read_text().count("\n") == 3

    answers = Answers(csv=Path("out.csv"), width=5, single=False, keep=False)
    answers.take(outcomes())
    assert (answers.number, answers.kept, [str(each) for each in answers.unreadable]) == (
        2, [], ["b.jpg is empty"],
    )  # fmt: skip
    assert [path.name for path in here.iterdir()] == ["out.csv"]
    assert [line.partition(",")[0] for line in Path("out.csv").read_text().splitlines()] == [
        "path", "a.jpg", "c.jpg",
    ]  # fmt: skip


def test_predictions_are_kept_only_for_what_needs_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    answers = Answers(csv=None, width=None, single=False, keep=True)
    answers.take(each for each in (answer("a.jpg"), answer("b.jpg")))
    assert capsys.readouterr().out == ""
    assert answers.predictions(("bees",)) == Predictions((answer("a.jpg"), answer("b.jpg")), (), ("bees",))


def test_an_interruption_leaves_no_table_and_ends_the_work(here: Path) -> None:
    closed = []

    def outcomes() -> Outcomes:
        try:
            for name in ("a.jpg", "b.jpg", "c.jpg"):
                yield answer(name)
                if name == "b.jpg":
                    raise KeyboardInterrupt
        finally:
            closed.append(True)

    (here / "out.csv").write_text("old\n")
    with pytest.raises(KeyboardInterrupt):
        Answers(csv=here / "out.csv", width=5, single=False, keep=False).take(outcomes())
    assert closed == [True]
    assert [(path.name, path.read_text()) for path in here.iterdir()] == [("out.csv", "old\n")]


def test_a_table_is_written_to_its_end_when_nobody_reads_the_lines_any_more(
    fitted: SmallFit, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = (*KCLASS, "predict", str(fitted.data), "--model", str(fitted.model), "--csv", "out.csv")
    process = subprocess.Popen(command, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    _, err = process.communicate()
    assert (process.returncode, err) == (1, "")
    assert (tmp_path / "out.csv").read_text().count("\n") == 25


def test_a_threshold_makes_answers_unsure_in_table_json_and_csv(
    predict: Command, fitted: SmallFit, here: Path
) -> None:
    ended = predict(fitted.photo, "--threshold", 1, "--csv", "out.csv")
    assert ended.code == 0
    assert f"{fitted.photo}  unsure: " in ended.out
    assert (here / "out.csv").read_text().splitlines()[1].startswith(f"{fitted.photo},unsure,1,0.9")
    (row,) = json.loads(predict(fitted.photo, "--threshold", 1, "--json").out)["predictions"]
    assert (row["answer"], row["unsure"]) == ("unsure", True)
    (row,) = json.loads(predict(fitted.photo, "--json").out)["predictions"]
    assert (row["answer"], row["unsure"]) == (row["label"], False)


def test_a_threshold_that_is_no_probability_is_refused(predict: Command, fitted: SmallFit) -> None:
    assert predict(fitted.photo, "--threshold", 1.5) == Ended(
        2, "", "Error: threshold is 1.5; it must be from 0 to 1\n"
    )


def test_json_names_the_nearest_training_photos(predict: Command, fitted: SmallFit) -> None:
    (row,) = json.loads(predict(fitted.photo, "--json").out)["predictions"]
    assert row["nearest"] == [each.to_dict() for each in fitted.classifier.nearest(fitted.photo)]
    assert len(row["nearest"]) == 3


def test_a_page_shows_the_photos_and_is_named_on_stderr(
    predict: Command, fitted: SmallFit, here: Path
) -> None:
    (here / "broken.jpg").write_bytes(b"no photo")
    ended = predict(fitted.data / "ash", "broken.jpg", "--html", "below/page.html", "--quiet")
    assert [line.split(" ")[:2] for line in ended.err.splitlines()] == [["not", "predicted:"]]
    page = (here / "below/page.html").read_text(encoding="utf-8")
    assert len(re.findall("<figure", page)) == 8
    assert page.count("data:image/jpeg;base64,") == 8 * 4
    assert "broken.jpg" in page
    assert predict(fitted.photo, "--html", "one.html").err == "Page: one.html\n"


def test_photos_are_copied_into_the_folders_of_their_answers(
    predict: Command, fitted: SmallFit, here: Path
) -> None:
    ended = predict(fitted.data / "ash", fitted.data / "cedar/1.png", "--copy-into", "sorted", "--json")
    assert ended.code == 0
    rows = json.loads(ended.out)["predictions"]
    for row in rows:
        copy = Path(row["copy"])
        assert copy.parent == Path("sorted") / row["answer"]
        assert copy.read_bytes() == Path(row["path"]).read_bytes()
    assert len(copied(here / "sorted")) == len(rows) == 9
    ash = sum(row["answer"] == "ash" for row in rows)
    assert re.fullmatch(rf"Copies: sorted \(ash {ash}, .*\)\n", ended.err)
    again = predict(fitted.data / "ash", fitted.data / "cedar/1.png", "--copy-into", "sorted")
    assert again.err == ended.err.replace(")", "; 9 were there already)")
    assert len(copied(here / "sorted")) == 9
    more = predict(Path(rows[0]["path"]), "--copy-into", "sorted")
    others = sum(row["answer"] == rows[0]["answer"] for row in rows) - 1
    told = f"1; 1 were there already; {others} other files were there and stay, so look twice"
    assert more.err == f"Copies: sorted ({rows[0]['answer']} {told})\n"


def test_below_the_threshold_photos_are_copied_into_unsure(
    predict: Command, fitted: SmallFit, here: Path
) -> None:
    ended = predict(fitted.photo, "--copy-into", "sorted", "--threshold", 1)
    assert ended.err == "Copies: sorted (unsure 1)\n"
    assert copied(here / "sorted") == {"unsure/0.png"}
    row = json.loads(predict(fitted.photo, "--json").out)["predictions"][0]
    assert "copy" not in row


@pytest.mark.parametrize("place", ["photos", "photos/sorted", "photos/a/b", "photos/../photos"])
def test_copies_are_refused_among_the_photos_before_any_is_predicted(
    place: str, predict: Command, fitted: SmallFit, here: Path
) -> None:
    (here / "photos/a").mkdir(parents=True)
    (here / "photos/a/0.png").write_bytes(fitted.photo.read_bytes())
    assert predict("photos", "--copy-into", place) == Ended(
        2,
        "",
        f"Error: --copy-into is {Path(place)}, where the photos are\n"
        "  Choose another folder, such as sorted\n",
    )
    assert copied(here) == {"photos/a/0.png"}


def test_a_photo_beside_the_folder_of_copies_may_be_copied(
    predict: Command, fitted: SmallFit, here: Path
) -> None:
    (here / "a.png").write_bytes(fitted.photo.read_bytes())
    assert predict("a.png", "--copy-into", ".").code == 2
    assert predict("a.png", "--copy-into", "sorted").code == 0
    assert {path.rpartition("/")[2] for path in copied(here / "sorted")} == {"a.png"}


def test_a_name_that_no_file_could_have_is_named_and_the_others_are_copied(
    predict: Command, fitted: SmallFit, here: Path
) -> None:
    ended = predict("x" * 5000 + ".png", fitted.photo, "--copy-into", "sorted")
    assert ended.code == 0
    assert ended.err.splitlines()[-1] == f"not predicted: cannot read {'x' * 5000}.png: File name too long"
    assert len(copied(here / "sorted")) == 1


@pytest.mark.parametrize("option", ["--copy-into", "--explain"])
def test_a_file_is_no_folder_to_write_into(
    option: str, predict: Command, fitted: SmallFit, here: Path
) -> None:
    (here / "taken").write_text("mine")
    assert predict(fitted.photo, option, "taken") == Ended(
        2, "", f"Error: {option} is taken, which is no folder\n  Choose another name.\n"
    )
    assert (here / "taken").read_text() == "mine"


def test_a_page_that_is_none_or_a_photo_is_refused(predict: Command, fitted: SmallFit, here: Path) -> None:
    (here / "a.html").write_bytes(fitted.photo.read_bytes())
    for place, message, fix in (
        ("a.htm", "which is no name of a HTML file", "Name one, such as --html out.html"),
        ("a.html", "one of the photos", "Choose another name."),
    ):
        ended = predict("a.html", "--html", place)
        assert ended == Ended(2, "", f"Error: --html is {place}, {message}\n  {fix}\n")
