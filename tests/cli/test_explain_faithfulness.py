import json
from pathlib import Path

import numpy as np
import pytest
from command_line import Command, Ended
from PIL import Image
from small_fits import SmallFit

import kclass


@pytest.fixture
def measure(command: Command, fitted: SmallFit) -> Command:
    def run(*arguments: object) -> Ended:
        return command("explain", "--model", fitted.model, "--faithfulness", *arguments)

    return run


@pytest.fixture
def masks(here: Path) -> Path:
    """A mask of the photo ash/0.png: its right half."""
    right = np.zeros((30, 48), np.uint8)
    right[:, 24:] = 255
    (here / "masks" / "ash").mkdir(parents=True)
    Image.fromarray(right).save(here / "masks" / "ash" / "0.png")
    return here / "masks"


@pytest.mark.slow
def test_the_table_is_printed_and_the_curves_are_drawn(
    measure: Command, fitted: SmallFit, here: Path
) -> None:
    ended = measure(fitted.photo)
    wanted = kclass.faithfulness(fitted.classifier, [fitted.photo])
    assert (ended.code, ended.out) == (0, f"{wanted!r}\n")
    place = here / "explained" / "faithfulness-grad-cam.png"
    assert ended.err == f"Curves: {place.relative_to(here)}\n"
    with Image.open(place) as drawn:
        assert min(drawn.size) > 300


@pytest.mark.slow
def test_as_json_it_is_one_document(measure: Command, fitted: SmallFit, here: Path, masks: Path) -> None:
    ended = measure("--json", "--masks", masks, "--out", "curves", fitted.photo)
    content = json.loads(ended.out)
    wanted = kclass.faithfulness(fitted.classifier, [fitted.photo], masks=masks)
    assert content == {**wanted.to_dict(), "plot": str(Path("curves") / "faithfulness-grad-cam.png")}
    assert content["masked"] == [str(fitted.photo)]
    assert (here / "curves" / "faithfulness-grad-cam.png").exists()


@pytest.mark.slow
def test_photos_without_a_mask_and_broken_ones_are_named_and_strict_ends_with_1(
    measure: Command, fitted: SmallFit, here: Path, masks: Path
) -> None:
    broken = here / "broken.jpg"
    broken.write_bytes(b"no photo")
    unmasked = fitted.data / "birch" / "1.png"
    ended = measure("--masks", masks, fitted.photo, unmasked, broken)
    assert ended.code == 0
    named = ended.err.splitlines()
    assert named[0].startswith("not measured: ")
    assert "broken.jpg" in named[0]
    assert named[1] == f"no mask, or none of the subject in it: {unmasked}"
    assert measure("--masks", masks, fitted.photo, unmasked, "--strict").code == 1


@pytest.mark.slow
def test_the_method_is_that_asked_for(measure: Command, fitted: SmallFit, here: Path) -> None:
    ended = measure("--method", "eigen-cam", fitted.photo)
    assert ended.out.startswith("Faithfulness of Eigen-CAM at ")
    assert (here / "explained" / "faithfulness-eigen-cam.png").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--actual"], "actual cannot be given with faithfulness"),
        (["--class", "ash"], "class cannot be given with faithfulness"),
        (["--top", "2", "--sheet", "s.png"], "top and sheet cannot be given with faithfulness"),
        (["--masks", "nowhere"], "there is no folder nowhere with masks"),
    ],
)
def test_what_means_nothing_with_it_is_refused(measure: Command, options: list[str], message: str) -> None:
    ended = measure(*options, "nothing.jpg")
    assert ended.code == (1 if "nowhere" in options else 2)
    assert ended.err.splitlines()[0] == f"Error: {message}"


def test_masks_alone_are_refused(command: Command, fitted: SmallFit) -> None:
    ended = command("explain", "--model", fitted.model, "--masks", "masks", fitted.photo)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines() == [
        "Error: masks are of use with faithfulness and audit alone",
        "  Give --faithfulness or --audit, too.",
    ]
