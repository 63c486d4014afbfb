import csv
import io
import json
import os
import re
import sys
from pathlib import Path

import pytest
from command_line import Command, Ended
from PIL import Image
from small_fits import CLASSES, SmallFit

LINE = re.compile(r"(\S+) {2,}((?:ash|birch|cedar) \d+\.\d%(?: {2}|$)){1,3}")

KERAS_ON_NUMPY = pytest.mark.filterwarnings(
    # Keras reads models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


def photos(fitted: SmallFit, *names: str) -> list[Path]:
    return [fitted.data / name for name in names]


@pytest.fixture
def predict(command: Command, fitted: SmallFit) -> Command:
    def run(*arguments: object) -> Ended:
        return command("predict", "--model", fitted.model, *arguments)

    return run


def listed(ended: Ended) -> list[str]:
    """The paths in the table on stdout, which has nothing else but neighbours of a single photo."""
    rows = [LINE.fullmatch(line) for line in ended.out.partition("most like:\n")[0].splitlines()]
    assert all(rows), ended.out
    return [row[1] for row in rows if row]


def typed(text: str | bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    content = text if isinstance(text, bytes) else text.encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def test_a_photo_is_answered_with_its_classes_and_nothing_on_stderr(
    predict: Command, fitted: SmallFit
) -> None:
    ended = predict(fitted.photo)
    assert (ended.code, ended.err) == (0, "")
    found = fitted.classifier.predict(fitted.photo)
    answer, like, *nearest = ended.out.splitlines()
    assert answer == f"{fitted.photo}  " + "  ".join(map(str, found.top))
    assert like == "most like:"
    assert nearest == [f"  {near}" for near in found.nearest]


def test_photos_are_answered_in_the_order_in_which_they_are_named(predict: Command, fitted: SmallFit) -> None:
    named = photos(fitted, "cedar/2.png", "ash/1.png", "birch/0.png")
    ended = predict(*named)
    assert (ended.code, ended.err) == (0, "")
    assert listed(ended) == [str(path) for path in named]


def test_folders_and_patterns_stand_for_their_photos(predict: Command, fitted: SmallFit) -> None:
    ended = predict(fitted.data / "birch", fitted.data / "*" / "0.png")
    wanted = [
        *(fitted.data / "birch" / f"{index}.png" for index in range(8)),
        *photos(fitted, "ash/0.png", "cedar/0.png"),
    ]
    assert listed(ended) == [str(path) for path in wanted]


def test_a_hyphen_stands_for_the_paths_on_stdin(
    predict: Command, fitted: SmallFit, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = photos(fitted, "cedar/2.png", "ash/1.png")
    typed(f"{named[0]}\n\n{named[1]}\r\n", monkeypatch)
    ended = predict(fitted.photo, "-")
    assert (ended.code, ended.err) == (0, "")
    assert listed(ended) == [str(path) for path in (fitted.photo, *named)]


def test_no_paths_on_stdin_is_an_error(predict: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    typed("\n", monkeypatch)
    assert predict("-") == Ended(
        1, "", "Error: there are no paths on stdin\n  Write one a line, or name the photos as arguments.\n"
    )


def test_top_is_how_many_classes_are_named(predict: Command, fitted: SmallFit) -> None:
    counts = [predict(fitted.photo, "--top", top).out.count("%") for top in (1, 2, 3, 9)]
    assert counts == [1, 2, 3, 3]
    assert predict(fitted.photo).out.count("%") == 3


@pytest.mark.parametrize("several", [False, True])
def test_json_is_one_document_on_stdout_and_nothing_else(
    several: bool, predict: Command, fitted: SmallFit
) -> None:
    named = photos(fitted, "cedar/2.png", "ash/1.png")[: 2 if several else 1]
    ended = predict(*named, "--json", "--top", 2)
    assert (ended.code, ended.err) == (0, "")
    content = json.loads(ended.out)
    assert set(content) == {"predictions", "unreadable"}
    assert content["unreadable"] == []
    assert [row["path"] for row in content["predictions"]] == [str(path) for path in named]
    for row in content["predictions"]:
        assert set(row) == {
            *("path", "answer", "unsure", "label", "index", "probability"),
            *("novelty", "novel", "top", "nearest"),
        }
        assert row["label"] == row["top"][0]["label"] == CLASSES[row["index"]]
        assert row["probability"] == row["top"][0]["probability"] >= row["top"][1]["probability"]


def test_csv_has_a_row_for_each_photo(predict: Command, fitted: SmallFit, here: Path) -> None:
    named = photos(fitted, "cedar/2.png", "ash/1.png")
    ended = predict(*named, "--csv", "tables/out.csv", "--top", 2, "--json")
    content = json.loads(ended.out)["predictions"]
    with (here / "tables/out.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == [
        *("path", "prediction", "unsure", "probability", "novelty"),
        *("label_1", "probability_1", "label_2", "probability_2"),
    ]
    assert [row[1] for row in rows] == [each["answer"] for each in content]
    assert [(row[0], row[5], row[7]) for row in rows] == [
        (each["path"], *(guess["label"] for guess in each["top"])) for each in content
    ]
    assert [row[2] for row in rows] == ["0", "0"]
    assert [row[3] for row in rows] == [row[6] for row in rows]
    assert [float(row[3]) for row in rows] == pytest.approx(
        [each["probability"] for each in content], abs=1e-6
    )


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_an_unreadable_photo_is_named_quiet_or_not_and_the_others_are_predicted(
    quiet: tuple[str, ...], predict: Command, fitted: SmallFit, broken: Path
) -> None:
    ended = predict(broken, fitted.photo, *quiet)
    assert ended.code == 0
    assert listed(ended) == [str(fitted.photo)]
    assert ended.err.startswith(f"not predicted: {broken} is truncated or broken: ")
    assert ended.err.count("\n") == 1


def test_strict_ends_with_1_if_any_photo_cannot_be_read(
    predict: Command, fitted: SmallFit, broken: Path
) -> None:
    ended = predict(broken, fitted.photo, "--strict")
    assert ended.code == 1
    assert listed(ended) == [str(fitted.photo)]
    assert predict(fitted.photo, "--strict").code == 0


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_photos_none_of_which_can_be_read_end_with_1_and_are_named(
    quiet: tuple[str, ...], predict: Command, broken: Path
) -> None:
    gone = predict("gone.jpg", *quiet)
    assert gone == Ended(1, "", "not predicted: cannot read gone.jpg: No such file or directory\n")
    both = predict("gone.jpg", broken, *quiet)
    assert (both.code, both.out) == (1, "")
    assert [line.split(" ")[2] for line in both.err.splitlines()] == ["cannot", str(broken)]


def test_json_names_what_could_not_be_read(predict: Command, broken: Path, fitted: SmallFit) -> None:
    content = json.loads(predict(broken, fitted.photo, "gone.jpg", "--json").out)
    assert [row["path"] for row in content["predictions"]] == [str(fitted.photo)]
    assert content["unreadable"][0].startswith(f"{broken} is truncated")
    assert content["unreadable"][1] == "cannot read gone.jpg: No such file or directory"


def test_a_name_that_is_no_text_is_kept_in_json_in_csv_and_on_stdin(
    predict: Command, fitted: SmallFit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = os.fsdecode(b"caf\xe9.png")  # in Latin-1, from an old archive
    try:
        (here / name).write_bytes(fitted.photo.read_bytes())
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    typed(b"caf\xe9.png\n", monkeypatch)
    ended = predict("-", "--json", "--csv", "out.csv")
    assert ended.code == 0
    assert json.loads(ended.out)["predictions"][0]["path"] == name
    table = (here / "out.csv").read_text(encoding="utf-8", errors="surrogatepass")
    assert table.splitlines()[1].startswith(f"{name},")
    assert predict(here).out.count("?.png") == 1


def test_the_model_of_the_latest_run_is_taken_if_none_is_named(command: Command, fitted: SmallFit) -> None:
    assert command("fit", fitted.data, "--quiet").code == 0
    ended = command("predict", fitted.photo)
    assert (ended.code, ended.err) == (0, "")
    assert listed(ended) == [str(fitted.photo)]


def test_without_a_model_and_a_run_the_person_is_told_what_to_do(
    command: Command, here: Path, fitted: SmallFit
) -> None:
    assert command("predict", fitted.photo) == Ended(
        1,
        "",
        f"Error: there is no run in {here / 'runs'} to take a model from\n"
        "  Run `kclass fit DATA` here first, or give a model file with --model.\n",
    )


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return picture.size


def test_a_grid_shows_the_photos_and_is_named_on_stderr(
    predict: Command, fitted: SmallFit, broken: Path, here: Path
) -> None:
    ended = predict(*photos(fitted, "ash/0.png", "cedar/1.png"), broken, "--grid", "below/grid.PNG")
    assert ended.code == 0
    assert len(listed(ended)) == 2
    failed, grid = sorted(ended.err.splitlines(), reverse=True)
    assert failed.startswith(f"not predicted: {broken}")
    assert grid == f"Grid: {Path('below/grid.PNG')}"
    assert [path.name for path in (here / "below").iterdir()] == ["grid.PNG"]
    # Two photos of 2.6 inches in a row, 150 dots an inch.
    assert size_of(here / "below" / "grid.PNG")[0] > 2 * 2.6 * 150
    silent = predict(fitted.photo, "--grid", "one.png", "--quiet", "--json")
    assert (silent.code, silent.err) == (0, "")
    assert set(json.loads(silent.out)) == {"predictions", "unreadable"}
    assert size_of(here / "one.png")[0] < 2 * 2.6 * 150


def test_a_grid_of_a_part_says_how_many_it_shows(predict: Command, fitted: SmallFit, here: Path) -> None:
    (here / "many").mkdir()
    for index in range(61):
        (here / "many" / f"{index}.png").write_bytes(fitted.photo.read_bytes())
    assert predict("many", "--grid", "all.png").err == "Grid: all.png (60 of 61 photos)\n"
    (here / "many" / "60.png").unlink()
    assert predict("many", "--grid", "all.png").err == "Grid: all.png\n"


def test_without_a_predicted_photo_there_is_no_grid(predict: Command, broken: Path, here: Path) -> None:
    ended = predict(broken, "--grid", "grid.png")
    assert ended.code == 1
    assert ended.err.count("\n") == 1
    assert not (here / "grid.png").exists()


def test_files_that_are_none_of_their_kind_or_photos_are_refused(
    predict: Command, fitted: SmallFit, here: Path
) -> None:
    (here / "a.png").write_bytes(fitted.photo.read_bytes())
    (here / "other.png").symlink_to(here / "a.png")
    for option, place, message, fix in (
        ("--grid", "a.jpg", "which is no name of a PNG file", "Name one, such as --grid out.png"),
        ("--csv", "a.txt", "which is no name of a CSV file", "Name one, such as --csv out.csv"),
        ("--grid", "a.png", "one of the photos", "Choose another name."),
        ("--grid", "other.png", "one of the photos", "Choose another name."),
    ):
        ended = predict("a.png", option, place)
        assert ended == Ended(2, "", f"Error: {option} is {place}, {message}\n  {fix}\n")
    assert (here / "a.png").read_bytes() == fitted.photo.read_bytes()


def test_a_grid_that_cannot_be_written_is_an_error(predict: Command, fitted: SmallFit, here: Path) -> None:
    (here / "grid.png").mkdir()
    ended = predict(fitted.photo, "--grid", "grid.png")
    assert ended.code == 1
    assert listed(ended) == [str(fitted.photo)]
    assert ended.err.startswith("Error: cannot write grid.png: ")
    assert [path.name for path in here.iterdir()] == ["grid.png"]


@KERAS_ON_NUMPY
def test_a_grid_and_overlays_never_take_each_others_place(
    predict: Command, fitted: SmallFit, here: Path
) -> None:
    label = json.loads(predict(fitted.photo, "--json").out)["predictions"][0]["label"]
    name = f"{fitted.photo.stem}-{label}"
    ended = predict(fitted.photo, "--explain", "maps", "--grid", f"maps/{name}.png", "--json")
    assert ended.err.splitlines()[-2:] == [f"Grid: {Path('maps') / name}.png", "Overlays: maps"]
    assert json.loads(ended.out)["predictions"][0]["overlay"] == str(Path("maps") / f"{name}-2.png")
    assert {path.name for path in (here / "maps").iterdir()} == {f"{name}.png", f"{name}-2.png"}
    assert size_of(here / "maps" / f"{name}.png") != size_of(here / "maps" / f"{name}-2.png")


@KERAS_ON_NUMPY
def test_explain_writes_an_overlay_of_each_photo_and_names_it(
    predict: Command, fitted: SmallFit, broken: Path, here: Path
) -> None:
    for folder in ("first", "second"):  # two photos of one name and class
        (here / folder).mkdir()
        (here / folder / "a.png").write_bytes(fitted.photo.read_bytes())
    ended = predict("first", "second", fitted.data / "cedar/1.png", broken, "--explain", "maps", "--json")
    assert ended.code == 0
    assert ended.err.splitlines()[1:] == ["Overlays: maps"]
    rows = json.loads(ended.out)["predictions"]
    ash, cedar = rows[0]["label"], rows[2]["label"]
    overlays = [f"maps/a-{ash}.png", f"maps/a-{ash}-2.png", f"maps/1-{cedar}.png"]
    assert [row["overlay"] for row in rows] == overlays
    assert sorted(here.glob("maps/*")) == sorted(here / overlay for overlay in overlays)
    assert all((here / overlay).read_bytes().startswith(b"\x89PNG") for overlay in overlays)


@KERAS_ON_NUMPY
def test_an_overlay_never_takes_the_place_of_a_file(predict: Command, fitted: SmallFit, here: Path) -> None:
    for folder, name in (("first", "a.png"), ("second", "A.png")):  # one name, where capitals make none
        (here / folder).mkdir()
        (here / folder / name).write_bytes(fitted.photo.read_bytes())
    label = json.loads(predict("first", "--json").out)["predictions"][0]["label"]
    (here / "maps").mkdir()
    (here / "maps" / f"a-{label}.png").write_text("mine")
    rows = json.loads(predict("first", "second", "--explain", "maps", "--json").out)["predictions"]
    names = [f"a-{label}-2.png", f"A-{label}-3.png"]
    assert [row["overlay"] for row in rows] == [str(Path("maps") / name) for name in names]
    assert {path.name for path in (here / "maps").iterdir()} == {f"a-{label}.png", *names}
    assert (here / "maps" / f"a-{label}.png").read_text() == "mine"


@KERAS_ON_NUMPY
def test_an_overlay_that_cannot_be_written_leaves_the_table_and_the_others(
    predict: Command, fitted: SmallFit, here: Path
) -> None:
    # The name of the overlay, with the class, is too long for a file, that of the photo is not.
    long = here / f"{'x' * 250}.png"
    long.write_bytes(fitted.photo.read_bytes())
    ended = predict(long, fitted.photo, "--explain", "maps")
    assert ended.code == 0
    assert listed(ended) == [str(long), str(fitted.photo)]
    failed, *others = ended.err.splitlines()
    assert failed.startswith(f"not explained: cannot write {Path('maps') / ('x' * 250)}-")
    assert others == ["Overlays: maps"]
    assert len(list((here / "maps").iterdir())) == 1
    strict = predict(long, fitted.photo, "--explain", "others", "--strict", "--json")
    assert strict.code == 1
    rows = json.loads(strict.out)["predictions"]
    assert [row["overlay"] is None for row in rows] == [True, False]


@KERAS_ON_NUMPY
def test_a_run_can_be_named_by_its_folder(predict: Command, command: Command, fitted: SmallFit) -> None:
    by_folder = command("predict", fitted.photo, "--model", fitted.run)
    assert by_folder == predict(fitted.photo)
