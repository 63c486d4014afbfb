from pathlib import Path

from command_line import Command, Ended


def test_the_sample_can_be_drawn_learned_and_predicted(command: Command, here: Path) -> None:
    drawn = command("sample", "photos", "--per-class", "4")
    assert drawn.code == 0
    assert drawn.out.splitlines() == [
        "       train  3 ferrari, 3 fiat-126",
        "  validation  1 ferrari, 1 fiat-126",
        "        test  6 ferrari, 6 fiat-126",
        "Drawn into photos",
    ]
    said = drawn.err.splitlines()
    assert said[-1] == "Next: kclass fit photos"
    assert [line.partition(": ")[0] for line in said[:-1]] == ["hard on purpose"] * 5
    fitted = command("fit", "photos")
    assert fitted.code == 0
    assert "left out: " in fitted.err  # the truncated one
    predicted = command("predict", "photos/test")
    assert predicted.code == 0
    assert len(predicted.out.splitlines()) == 12


def test_quiet_and_the_options_reach_the_drawing(command: Command, here: Path) -> None:
    ended = command("sample", "photos", "--per-class", "4", "--masks", "--biased", "--seed", "5", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert (here / "photos-masks").is_dir()


def test_a_folder_that_is_there_is_left_alone(command: Command, here: Path) -> None:
    (here / "photos").mkdir()
    (here / "photos/mine.txt").write_text("mine")
    assert command("sample", "photos") == Ended(
        1,
        "",
        f"Error: {here / 'photos'} is already there and not an empty folder\n"
        "  Name a new folder, or remove this one.\n",
    )
    assert [path.name for path in (here / "photos").iterdir()] == ["mine.txt"]


def test_too_few_photos_are_wrong_usage(command: Command) -> None:
    assert command("sample", "photos", "--per-class", "3") == Ended(
        2, "", "Error: per-class is 3\n  Give 4 or more photos for each class.\n"
    )
