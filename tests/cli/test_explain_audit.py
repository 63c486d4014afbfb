import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import Command, Ended
from PIL import Image
from small_fits import CLASSES, SmallFit, write_photos

import kclass
from kclass.model_audit.verdicts import NONE, UNKNOWN

BORDER = (230, 40, 160)


@pytest.fixture
def audit(command: Command, trained: SmallFit) -> Command:
    def run(*arguments: object) -> Ended:
        return command("explain", "--audit", "--model", trained.model, *arguments)

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> SmallFit:
    """A fit on photos of which all of one class have a border of one colour, at a size that is fast."""
    folder = tmp_path_factory.mktemp("bordered")
    data = write_photos(folder / "trees", dict.fromkeys(CLASSES, 20))
    for path in (data / "ash").iterdir():
        with Image.open(path) as opened:
            pixels = np.array(opened)
        inside = pixels[6:-6, 6:-6].copy()
        pixels[:] = BORDER
        pixels[6:-6, 6:-6] = inside
        Image.fromarray(pixels).save(path)
    return SmallFit(data, folder / "run", kclass.fit(data, size=96, out=folder / "run"))


def wanted(trained: SmallFit, **options: object) -> kclass.ModelAudit:
    return kclass.audit_model(trained.data, model=trained.model, **options)  # type: ignore[arg-type]


@pytest.mark.slow
def test_what_the_audit_says_is_printed_and_the_page_is_written(
    audit: Command, trained: SmallFit, here: Path
) -> None:
    ended = audit(trained.data, "--html", "page.html")
    found = wanted(trained)
    assert (ended.code, ended.out) == (0, f"{found!r}\n")
    assert ended.err == "Page: page.html\n"
    page = (here / "page.html").read_text(encoding="utf-8")
    assert found.told in page
    # Of each class a mean map, four photos, and the three pictures of a swap: two swaps where colours tell.
    coloured = sum(each.measured.cast is not None for each in found.classes)
    assert page.count("<img") == 2 + len(CLASSES) * (1 + 4 + 3) + coloured * 3


@pytest.mark.slow
def test_with_strict_a_shortcut_ends_with_1(audit: Command, trained: SmallFit, tmp_path: Path) -> None:
    assert wanted(trained).verdict == "background"
    assert audit(trained.data, "--strict").code == 1
    # Of too few photos nothing can be told, and so there is no alarm.
    few = write_photos(tmp_path / "few", dict.fromkeys(CLASSES, 2))
    ended = audit(few, "--strict")
    assert ended.code == 0
    assert ended.out.startswith("Whether the model takes a shortcut cannot be told")


@pytest.mark.slow
def test_as_json_it_is_one_document_of_the_split_and_the_seed_asked_for(
    audit: Command, trained: SmallFit
) -> None:
    ended = audit(trained.data, "--json", "--seed", "5")
    content = json.loads(ended.out)
    assert content == wanted(trained, seed=5).to_dict()
    assert content != wanted(trained).to_dict()
    assert {each["verdict"] for each in content["classes"]} - {NONE, UNKNOWN}
    no_split = audit(trained.data, "--split", "test")
    assert no_split.code == 1
    assert no_split.err.startswith("Error: ")


def test_broken_photos_and_those_without_a_mask_are_named(audit: Command, here: Path, tmp_path: Path) -> None:
    data = write_photos(tmp_path / "trees", dict.fromkeys(CLASSES, 2))
    (data / "ash" / "1.png").write_bytes(b"no photo")
    (here / "masks" / "ash").mkdir(parents=True)
    Image.new("L", (48, 30), 255).save(here / "masks" / "ash" / "0.png")
    named = audit(data, "--masks", "masks").err.splitlines()
    assert named[0].startswith("not looked at: ")
    assert str(data / "ash" / "1.png") in named[0]
    assert named[1:] == [
        f"no mask, or none of the subject in it: {data / name / file}"
        for name in ("birch", "cedar")
        for file in ("0.png", "1.png")
    ]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--class", "ash"], "class"),
        (["--actual"], "actual"),
        (["--top", "2", "--sheet", "s.png"], "top and sheet"),
        (["--method", "grad-cam"], "method"),
        (["--layer", "top", "--flips"], "layer and flips"),
        (["--out", "explained"], "out"),
        (["--faithfulness"], "faithfulness"),
    ],
)
def test_what_means_nothing_with_an_audit_is_refused(
    command: Command, options: list[str], names: str
) -> None:
    ended = command("explain", "--audit", *options, "nowhere")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines() == [
        f"Error: {names} cannot be given with audit",
        "  It explains every class by Grad-CAM, and draws into the page of --html alone.",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--split", "all"], "split is of use with audit alone"),
        (["--seed", "0", "--html", "p.html"], "seed and html are of use with audit alone"),
    ],
)
def test_what_means_nothing_without_an_audit_is_refused(
    command: Command, options: list[str], message: str
) -> None:
    ended = command("explain", *options, "nowhere")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines() == [f"Error: {message}", "  Give --audit, too."]


@pytest.mark.parametrize(
    ("paths", "received"), [(["a.jpg", "b.jpg", "c.jpg"], "3 paths"), (["-"], "paths on stdin")]
)
def test_an_audit_looks_at_one_place(
    command: Command, paths: list[str], received: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a.jpg\n"))
    ended = command("explain", "--audit", *paths)
    assert ended.code == 2
    assert ended.err.splitlines() == [
        f"Error: an audit looks at one data set; received {received}",
        "  Name the folder, table or archive that holds the labelled photos.",
    ]


def test_a_page_of_another_name_or_among_the_photos_is_refused_before_anything_is_looked_at(
    command: Command, tmp_path: Path
) -> None:
    data = write_photos(tmp_path / "trees", {"ash": 1})
    named = command("explain", "--audit", data, "--html", "page.txt")
    assert named.err.startswith("Error: --html is page.txt, which is no name of a HTML file\n")
    among = command("explain", "--audit", data, "--html", data / "ash" / "page.html")
    assert among.err.startswith(f"Error: --html is {data / 'ash'}, where the photos are\n")
    assert (named.code, among.code) == (2, 2)
