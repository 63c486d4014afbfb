import dataclasses
import io
import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import Command, Ended
from PIL import Image
from small_fits import CLASSES, SmallFit

import kclass
from kclass.explanation.methods import METHODS

LINE = re.compile(
    r"(?P<path>\S+) {2,}(?P<label>\S+) (?P<share>\d+\.\d%)  peak (?P<x>\d+)% across, (?P<y>\d+)% down, "
    r"half the evidence on (?P<area>\d+)% of the photo  (?P<file>\S+\.png)"
)


@pytest.fixture
def explain(command: Command, fitted: SmallFit) -> Command:
    def run(*arguments: object) -> Ended:
        return command("explain", "--model", fitted.model, *arguments)

    return run


def rows(ended: Ended) -> list[dict[str, str]]:
    """What the lines on stdout say, which has nothing else."""
    found = [LINE.fullmatch(line) for line in ended.out.splitlines()]
    assert all(found), ended.out
    return [row.groupdict() for row in found if row]


def entries(ended: Ended) -> list[dict[str, object]]:
    content: list[dict[str, object]] = json.loads(ended.out)["explained"]
    return content


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return picture.size


def test_a_photo_is_explained_in_a_line_and_a_picture(explain: Command, fitted: SmallFit, here: Path) -> None:
    ended = explain(fitted.photo)
    assert (ended.code, ended.err) == (0, "Overlays: explained\n")
    (row,) = rows(ended)
    found = fitted.classifier.explain(fitted.photo)
    assert found.peak and found.half_area
    assert (row["path"], row["label"]) == (str(fitted.photo), found.label)
    assert row["share"] == f"{found.probability:.1%}"
    assert (row["x"], row["y"]) == (f"{found.peak.x:.0%}"[:-1], f"{found.peak.y:.0%}"[:-1])
    assert row["area"] == f"{found.half_area:.0%}"[:-1]
    assert row["file"] == str(Path("explained") / f"0-{found.label}.png")
    found.save(here / "wanted.png")
    assert (here / row["file"]).read_bytes() == (here / "wanted.png").read_bytes()


def test_photos_come_in_the_order_in_which_they_are_named(
    explain: Command, fitted: SmallFit, monkeypatch: pytest.MonkeyPatch
) -> None:
    last, first = fitted.data / "cedar/2.png", fitted.data / "ash/1.png"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{first}\n".encode()), encoding="utf-8"))
    named = [row["path"] for row in rows(explain(last, "-", fitted.data / "birch", "--quiet"))]
    assert named == [*map(str, (last, first)), *(str(fitted.data / f"birch/{n}.png") for n in range(8))]


def test_any_class_is_explained_if_it_is_named(explain: Command, fitted: SmallFit) -> None:
    assert fitted.classifier.predict(fitted.photo).label != "cedar"
    (row,) = entries(explain(fitted.photo, "--class", "cedar", "--json", "--quiet"))
    assert (row["label"], row["index"]) == ("cedar", 2)
    assert row["overlay"] == str(Path("explained/0-cedar.png"))
    assert explain(fitted.photo, "--class", "brich") == Ended(
        2, "", "Error: class is 'brich'; it must be one of ash, birch, cedar\n  Did you mean birch?\n"
    )


def test_the_actual_class_is_that_of_the_folder(explain: Command, fitted: SmallFit) -> None:
    photos = [fitted.data / f"{label}/3.png" for label in CLASSES]
    assert [row["label"] for row in rows(explain(*photos, "--actual"))] == list(CLASSES)


def test_photos_in_no_folder_of_a_class_are_named(explain: Command, fitted: SmallFit, here: Path) -> None:
    (here / "a.png").write_bytes(fitted.photo.read_bytes())
    assert explain(fitted.photo, "a.png", "--actual") == Ended(
        1,
        "",
        "Error: 1 photo lies in no folder of a class of the model: a.png\n"
        "  The folders would be called ash, birch, cedar.\n",
    )
    assert [path.name for path in here.iterdir()] == ["a.png"]


def test_the_most_probable_classes_stand_in_one_picture_on_one_scale(
    explain: Command, fitted: SmallFit, here: Path
) -> None:
    ended = explain(fitted.photo, "--top", 2, "--json")
    first, second = entries(ended)
    top = fitted.classifier.explain_top(fitted.photo, top=2)
    assert [first["label"], second["label"]] == [each.label for each in top]
    assert first["overlay"] == second["overlay"] == str(Path("explained/0-top-2.png"))
    assert first["scale"] == second["scale"] == max(each.scale for each in top)
    top.save(here / "wanted.png")
    assert (here / "explained/0-top-2.png").read_bytes() == (here / "wanted.png").read_bytes()
    lines = rows(explain(fitted.photo, "--top", 9))
    assert [line["label"] for line in lines] == [
        each.label for each in fitted.classifier.explain_top(fitted.photo)
    ]
    assert len({line["file"] for line in lines}) == 1
    assert explain(fitted.photo, "--top", 0) == Ended(2, "", "Error: top is 0; it must be 1 or more\n")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--class", "ash", "--actual"], "class and actual"),
        (["--actual", "--top", 2], "actual and top"),
        (["--top", 1, "--class", "ash"], "class and top"),
        (["--top", 1, "--class", "ash", "--actual"], "class and actual and top"),
    ],
)
def test_what_is_to_be_explained_is_said_once(
    options: list[object], named: str, explain: Command, fitted: SmallFit
) -> None:
    assert explain(fitted.photo, *options) == Ended(
        2, "", f"Error: {named} say two things about which class to explain\n  Give one of them.\n"
    )


def test_the_method_and_flips_change_the_map(explain: Command, fitted: SmallFit) -> None:
    def row(*options: str) -> dict[str, object]:
        (found,) = entries(explain(fitted.photo, "--json", *options))
        return found

    plain, other, flipped = row(), row("--method", "eigen-cam"), row("--flips")
    assert [each["method"] for each in (plain, other, flipped)] == ["Grad-CAM", "Eigen-CAM", "Grad-CAM"]
    assert [each["flips"] for each in (plain, other, flipped)] == [False, False, True]
    assert other["unit"] != plain["unit"]
    assert not np.allclose(plain["heat"], other["heat"])  # type: ignore[arg-type]
    assert not np.allclose(plain["heat"], flipped["heat"])  # type: ignore[arg-type]
    wrong = explain(fitted.photo, "--method", "gradcam")
    assert wrong.code == 2
    assert wrong.err.startswith("Error: method is 'gradcam'; it must be one of eigen-cam, grad-cam, ")
    assert wrong.err.endswith("Did you mean grad-cam?\n")


def test_a_layer_that_is_none_is_refused(explain: Command, fitted: SmallFit) -> None:
    pixels = explain(fitted.photo, "--layer", "stem_conv", "--method", "occlusion")
    assert pixels.code == 2
    assert pixels.err.startswith(
        "Error: layer is 'stem_conv', but occlusion looks at the photo itself and at no layer\n"
    )
    unknown = explain(fitted.photo, "--layer", "nowhere")
    assert unknown.err.startswith("Error: layer is 'nowhere'; it must be one of ")


def test_json_is_one_document_with_the_raw_maps(explain: Command, fitted: SmallFit, broken: Path) -> None:
    ended = explain(fitted.photo, broken, "gone.jpg", "--json", "--quiet")
    assert ended.code == 0
    content = json.loads(ended.out)
    assert set(content) == {"explained", "unreadable", "unwritten", "sheet"}
    (row,) = content["explained"]
    assert set(row) == {
        *("path", "label", "index", "probability", "heat", "layer", "method", "unit", "flips"),
        *("verdict", "scale", "peak", "half_area", "overlay"),
    }
    found = fitted.classifier.explain(fitted.photo)
    np.testing.assert_array_equal(np.array(row["heat"], np.float32), found.heat)
    assert row["scale"] == row["peak"]["value"] == float(found.heat.max())
    assert 0 < row["peak"]["x"] < 1 and 0 < row["peak"]["y"] < 1 and 0 < row["half_area"] < 1
    assert (content["unwritten"], content["sheet"]) == ([], None)
    assert content["unreadable"][0].startswith(f"{broken} is truncated or broken")
    assert content["unreadable"][1:] == ["cannot read gone.jpg: No such file or directory"]


def test_json_is_a_document_also_if_no_photo_can_be_read(explain: Command) -> None:
    ended = explain("gone.jpg", "--json")
    assert ended.code == 1
    assert json.loads(ended.out)["explained"] == []


def test_unreadable_photos_are_named_quiet_or_not_and_the_others_explained(
    explain: Command, fitted: SmallFit, broken: Path
) -> None:
    ended = explain(broken, fitted.photo)
    assert ended.code == 0
    assert [row["path"] for row in rows(ended)] == [str(fitted.photo)]
    first, *others = ended.err.splitlines()
    assert first.startswith(f"not explained: {broken} is truncated or broken: ")
    assert others == ["Overlays: explained"]
    strict = explain(broken, fitted.photo, "--strict", "--quiet")
    assert (strict.code, len(rows(strict)), strict.err.splitlines()) == (1, 1, [first])
    assert explain("gone.jpg", "--quiet") == Ended(
        1, "", "not explained: cannot read gone.jpg: No such file or directory\n"
    )


def test_overlays_go_where_they_are_wanted_and_never_take_each_others_place(
    explain: Command, fitted: SmallFit, here: Path
) -> None:
    for folder in ("first", "second"):
        (here / folder).mkdir()
        (here / folder / "a.png").write_bytes(fitted.photo.read_bytes())
    found = rows(explain("first", "second", "--out", "maps/new", "--class", "ash"))
    files = [Path("maps/new/a-ash.png"), Path("maps/new/a-ash-2.png")]
    assert [row["file"] for row in found] == [str(file) for file in files]
    (again,) = rows(explain("first", "--out", "maps/new", "--class", "ash"))
    assert again["file"] == str(Path("maps/new/a-ash-3.png"))


def test_overlays_among_the_photos_are_refused(explain: Command, fitted: SmallFit, here: Path) -> None:
    (here / "explained").mkdir()
    (here / "explained/a.png").write_bytes(fitted.photo.read_bytes())
    assert explain("explained/a.png") == Ended(
        2,
        "",
        "Error: --out is explained, where the photos are\n  Choose another folder, such as overlays\n",
    )
    (here / "file").touch()
    assert explain(fitted.photo, "--out", "file") == Ended(
        2, "", "Error: --out is file, which is no folder\n  Choose another name.\n"
    )


def test_an_overlay_that_cannot_be_written_leaves_the_line_and_the_others(
    explain: Command, fitted: SmallFit, here: Path
) -> None:
    long = here / f"{'x' * 250}.png"
    long.write_bytes(fitted.photo.read_bytes())
    ended = explain(long, fitted.photo, "--json")
    assert ended.code == 0
    content = json.loads(ended.out)
    assert [row["overlay"] is None for row in content["explained"]] == [True, False]
    (reason,) = content["unwritten"]
    assert ended.err == f"not written: {reason}\nOverlays: explained\n"
    assert reason.startswith(f"cannot write {Path('explained') / ('x' * 250)}-")
    assert explain(long, fitted.photo, "--strict", "--quiet").code == 1


def test_if_no_overlay_can_be_written_that_is_a_failure_unless_there_is_a_sheet(
    explain: Command, fitted: SmallFit, here: Path
) -> None:
    long = here / f"{'x' * 250}.png"
    long.write_bytes(fitted.photo.read_bytes())
    ended = explain(long)
    assert (ended.code, len(ended.out.splitlines())) == (1, 1)
    (line,) = ended.err.splitlines()
    assert line.startswith(f"not written: cannot write {Path('explained') / ('x' * 250)}-")
    shown = explain(long, "--sheet", "sheet.png")
    assert (shown.code, shown.err) == (0, f"{line}\nSheet: sheet.png\n")
    assert explain("gone.jpg", "--sheet", "none.png").code == 1


def test_a_sheet_that_cannot_be_written_does_not_hide_what_else_went_wrong(
    explain: Command, fitted: SmallFit, here: Path, broken: Path
) -> None:
    (here / "sheet.png").mkdir()
    long = here / f"{'x' * 250}.png"
    long.write_bytes(fitted.photo.read_bytes())
    ended = explain(long, broken, "--sheet", "sheet.png")
    assert ended.code == 1
    unreadable, unwritten, sheet, *_ = ended.err.splitlines()
    assert unreadable.startswith(f"not explained: {broken} is truncated or broken")
    assert unwritten.startswith("not written: cannot write explained")
    assert sheet.startswith("Error: cannot write sheet.png: ")


@pytest.mark.slow
def test_a_sheet_shows_the_photos_beside_their_maps(
    explain: Command, fitted: SmallFit, here: Path, broken: Path
) -> None:
    ended = explain(fitted.data / "ash", broken, "--sheet", "below/sheet.png", "--json")
    assert ended.code == 0
    assert ended.err.splitlines()[1:] == ["Overlays: explained", f"Sheet: {Path('below/sheet.png')}"]
    assert json.loads(ended.out)["sheet"] == str(Path("below/sheet.png"))
    kclass.save_png(
        kclass.contact_sheet(fitted.classifier.explain_all(sorted((fitted.data / "ash").iterdir()))),
        here / "wanted.png",
    )
    assert (here / "below/sheet.png").read_bytes() == (here / "wanted.png").read_bytes()


def test_a_sheet_of_a_part_says_how_many_it_shows(
    explain: Command, fitted: SmallFit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kclass_cli.explain_outputs.MOST_ON_SHEET", 2)
    ended = explain(fitted.data / "ash", "--sheet", "two.png")
    assert len(rows(ended)) == 8
    assert ended.err == "Overlays: explained\nSheet: two.png (2 of 8 photos)\n"
    # Two photos, each beside its map: four pictures of two inches.
    assert size_of(here / "two.png")[0] > 4 * 2 * 150


def test_sheets_that_are_none_or_photos_are_refused_and_none_is_drawn_of_nothing(
    explain: Command, fitted: SmallFit, here: Path, broken: Path
) -> None:
    (here / "a.png").write_bytes(fitted.photo.read_bytes())
    for place, message, fix in (
        ("a.jpg", "which is no name of a PNG file", "Name one, such as --sheet out.png"),
        ("a.png", "one of the photos", "Choose another name."),
    ):
        assert explain("a.png", "--sheet", place) == Ended(
            2, "", f"Error: --sheet is {place}, {message}\n  {fix}\n"
        )
    assert explain(broken, "--sheet", "sheet.png").code == 1
    assert not (here / "sheet.png").exists()


def test_a_sheet_that_cannot_be_written_does_not_cost_the_lines(
    explain: Command, fitted: SmallFit, here: Path
) -> None:
    (here / "sheet.png").mkdir()
    ended = explain(fitted.photo, "--sheet", "sheet.png")
    assert ended.code == 1
    assert len(rows(ended)) == 1
    assert ended.err.startswith("Overlays: explained\nError: cannot write sheet.png: ")


def test_a_map_that_shows_nothing_says_why(
    explain: Command, fitted: SmallFit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def empty(*_: object) -> np.ndarray:
        return np.full((1, 7, 7), math.nan, np.float32)

    method = METHODS["grad-cam"]
    monkeypatch.setitem(METHODS, "grad-cam", dataclasses.replace(method, maps=empty))
    ended = explain(fitted.photo)
    assert ended.code == 0
    assert "  undefined: the network's numbers for this photo are not finite  explained" in ended.out
    (row,) = entries(explain(fitted.photo, "--json"))
    assert (row["peak"], row["half_area"], row["scale"]) == (None, None, 0.0)
    assert row["heat"] == [[None] * 7] * 7


def test_the_model_of_the_latest_run_is_taken_if_none_is_named(command: Command, here: Path) -> None:
    assert command("explain", "a.png") == Ended(
        1,
        "",
        f"Error: there is no run in {here / 'runs'} to take a model from\n"
        "  Run `kclass fit DATA` here first, or give a model file with --model.\n",
    )
