import json
from pathlib import Path

import pytest
from command_line import Command
from PIL import Image
from small_fits import write_photos


@pytest.fixture
def trees(here: Path) -> Path:
    return write_photos(here / "trees", {"ash": 4, "birch": 3})


def test_a_picture_is_written_here_and_named(command: Command, trees: Path, here: Path) -> None:
    ended = command("show", "trees", "--size", "16")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == ["trees: 7 photos, 16 × 16", "Written to trees-photos.png"]  # noqa: RUF001
    with Image.open(here / "trees-photos.png") as picture:
        assert picture.format == "PNG"


def test_augmented_photos_are_named_by_their_preset(command: Command, trees: Path, here: Path) -> None:
    ended = command("show", "trees", "--size", "16", "--augment", "light", "--number", "2", "--views", "3")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "trees: 2 photos, 16 × 16; at the left as they are, then augmented",  # noqa: RUF001
        "light: crop of 0.8–1 of the photo at ratio 0.9–1.1, half mirrored left to right",  # noqa: RUF001
        "Written to trees-light.png",
    ]
    assert (here / "trees-light.png").is_file()


def test_options_reach_the_picture(command: Command, trees: Path, here: Path) -> None:
    options = ["--number", "1", "--size", "16", "--resize", "pad", "--seed", "3", "--out", "grid.png"]
    ended = command("show", "trees", *options, "--json")
    assert ended.code == 0
    content = json.loads(ended.out)
    assert content["out"] == "grid.png"
    assert (content["size"], content["augment"]) == (16, "none: photos as they are")
    assert len(content["photos"]) == 1
    assert (here / "grid.png").is_file()


def test_photos_that_cannot_be_read_are_told(command: Command, trees: Path) -> None:
    (trees / "ash" / "0.png").write_bytes(b"\x89PNG no more")
    ended = command("show", "trees", "--size", "16")
    assert ended.code == 0
    assert ended.out.startswith("trees: 6 photos")
    (line,) = ended.err.splitlines()
    assert line.startswith("not shown: ")
    assert "0.png" in line


def test_a_table_can_be_shown(command: Command, trees: Path, here: Path) -> None:
    (here / "list.csv").write_text("file,kind\ntrees/ash/0.png,tree\ntrees/birch/0.png,other\n")
    ended = command("show", "list.csv", "--path-column", "file", "--label-column", "kind", "--size", "16")
    assert ended.out.startswith("here: 2 photos"), ended.err
    assert (here / "here-photos.png").is_file()


def test_an_unknown_preset_is_answered_with_all_of_them(command: Command, trees: Path) -> None:
    ended = command("show", "trees", "--augment", "lite")
    assert ended.code == 2
    assert ended.err.splitlines() == [
        "Error: augment is 'lite'; it must be one of "
        "fiat-ferrari, flip, lakes, landmarks, light, none, standard, strong",
        "  Did you mean light?",
    ]


def test_nothing_is_written_among_the_photos(
    command: Command, trees: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trees)
    ended = command("show", ".", "--size", "16")
    assert ended.code == 1
    assert ended.err.splitlines() == [
        f"Error: the picture would lie among the photos: {trees / 'trees-photos.png'}",
        "  Name another folder for it.",
    ]
    assert sorted(path.name for path in trees.iterdir()) == ["ash", "birch"]
