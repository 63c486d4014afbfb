import json
from pathlib import Path

import pytest
from command_line import Command, Ended
from PIL import Image
from small_fits import SmallFit

import kclass

pytestmark = pytest.mark.filterwarnings(
    # Keras writes models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SCRATCH = ("--backbone", "scratch", "--size", "8", "--batch-size", "3", "--augment", "none")


def drawn(path: Path) -> bool:
    """Whether a picture is a PNG with something on it."""
    with Image.open(path) as picture:
        return picture.format == "PNG" and len(picture.convert("RGB").getcolors(2**24) or ()) > 10


@pytest.mark.slow
def test_the_rate_is_suggested_and_the_curve_drawn(command: Command, fitted: SmallFit, here: Path) -> None:
    ended = command("lr-find", fitted.data, *SCRATCH)
    assert ended.code == 0, ended.err
    curve = kclass.lr_find(fitted.data, backbone="scratch", size=8, batch_size=3, augment="none")
    assert ended.out == f"{curve!r}\n"
    assert ended.err == "The curve: lr-find.png\n"
    assert drawn(here / "lr-find.png")
    assert [path.name for path in here.iterdir()] == ["lr-find.png"]


@pytest.mark.slow
def test_the_curve_is_one_json_document(command: Command, fitted: SmallFit, here: Path) -> None:
    ended = command("lr-find", fitted.data, *SCRATCH, "--json", "--quiet", "--out", "deep/curve.png")
    assert (ended.code, ended.err) == (0, "")
    content = json.loads(ended.out, parse_constant=pytest.fail)
    assert set(content) == {"suggestion", "rates", "losses", "smoothed"}
    assert len(content["rates"]) == len(content["losses"]) == len(content["smoothed"]) > 10
    assert drawn(here / "deep/curve.png")


def test_a_head_that_is_solved_has_no_rate_to_find(command: Command, fitted: SmallFit, here: Path) -> None:
    assert command("lr-find", fitted.data) == Ended(
        2,
        "",
        "Error: efficientnet_lite0 has no learning rate here: its head is solved, without steps\n"
        "  To train by steps, use --fine-tune EPOCHS, --head dense or --backbone scratch.\n",
    )
    assert list(here.iterdir()) == []


def test_options_and_data_are_checked_as_for_a_fit(command: Command, fitted: SmallFit) -> None:
    ended = command("lr-find", fitted.data, *SCRATCH, "--dropout", "0.5")
    assert ended.err.startswith(
        "Error: dropout has no effect on scratch: all of it is trained from scratch\n"
    )
    assert ended.code == 2
    ended = command("lr-find", "photos", *SCRATCH)
    assert (ended.code, ended.err.splitlines()[0]) == (1, "Error: there is no folder or file photos")


@pytest.mark.parametrize("out", ["file/curve.png", pytest.param("folder", marks=pytest.mark.slow)])
def test_what_was_found_is_said_though_the_picture_cannot_be_written(
    out: str, command: Command, fitted: SmallFit, here: Path
) -> None:
    (here / "file").write_text("in the way")
    (here / "folder").mkdir()
    ended = command("lr-find", fitted.data, *SCRATCH, "--out", out)
    assert ended.code == 1
    assert "learning rate" in ended.out
    assert ended.err.startswith("Error: cannot write ")
