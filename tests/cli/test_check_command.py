import csv
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from audits import files_in
from command_line import Command, Ended
from PIL import Image
from processes import KCLASS, python, run

import kclass

SIDE = 96


def draw(path: Path, seed: int) -> None:
    """A photo that is like no other: a few large patches, and detail on them."""
    random = np.random.default_rng(seed)
    patches = Image.fromarray(random.integers(40, 216, (6, 6, 3), dtype=np.uint8))
    smooth = np.asarray(patches.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=float)
    detail = random.normal(0, 12, (SIDE, SIDE, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((smooth + detail).clip(0, 255).astype(np.uint8)).save(path)


def plant(root: Path, *, number: int = 12) -> Path:
    """Two classes of photos in which there is nothing to find."""
    for place, name in enumerate(("ash", "01.Old_birch")):
        for index in range(number):
            draw(root / name / f"{index}.png", 1000 * place + index)
    return root


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set without faults. Nothing may be written into it."""
    return plant(tmp_path_factory.mktemp("clean") / "trees")


@pytest.fixture
def faulty(here: Path, clean: Path) -> Path:
    """One photo that cannot be read, and one that is there twice."""
    root = here / "trees"
    shutil.copytree(clean, root)
    (root / "ash/3.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    shutil.copy(root / "ash/5.png", root / "ash/copy of 5.png")
    return root


def test_a_data_set_without_faults_is_said_to_have_none_and_nothing_is_written(
    command: Command, clean: Path, here: Path
) -> None:
    ended = command("check", clean)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "trees: 24 photos, 2 classes",
        "",
        "Nothing found that stands in the way of training.",
    ]
    assert list(here.iterdir()) == []


def test_faults_are_counted_and_told_and_no_file_is_touched(
    command: Command, faulty: Path, here: Path
) -> None:
    before = files_in(here)
    ended = command("check", "trees")
    lines = ended.out.splitlines()
    assert ended.code == 0
    assert lines[:5] == [
        "trees: 25 photos, 2 classes",
        "",
        "kind               severity  findings  photos",
        "unreadable photos  error            1       1",
        "identical photos   warning          1       2",
    ]
    (unreadable,) = (line for line in lines if line.startswith("  ash/3.png"))
    assert "truncated or broken" in unreadable
    (identical,) = (line for line in lines if "copy of 5.png" in line)
    assert "ash/5.png" in identical
    assert lines[-1] == "1 error, 1 warning: mend the errors before you train."
    assert ended.err == (
        "Next: add --fix list to write a table without the 2 photos to take out, or --fix move to move "
        "them away\n"
    )
    assert files_in(here) == before


def test_quiet_leaves_the_advice_out(command: Command, faulty: Path) -> None:
    ended = command("check", faulty, "--quiet")
    assert ended.out.endswith("1 error, 1 warning: mend the errors before you train.\n")
    assert ended.err == ""


def test_json_is_the_audit_as_one_document_and_nothing_else(command: Command, faulty: Path) -> None:
    ended = command("check", faulty, "--json")
    assert (ended.code, ended.err) == (0, "")
    told = json.loads(ended.out)
    wanted = kclass.check(kclass.open_data(faulty)).to_dict()
    assert {**told, "seconds": 0} == {**wanted, "seconds": 0}
    assert told["remove"] == ["ash/3.png", "ash/copy of 5.png"]


def test_strict_ends_with_1_if_there_is_an_error_and_not_for_a_warning(
    command: Command, faulty: Path
) -> None:
    assert command("check", faulty, "--strict").code == 1
    assert command("check", faulty, "--strict", "--json").code == 1
    (faulty / "ash/3.png").unlink()
    ended = command("check", faulty, "--strict")
    assert (ended.code, "1 warning: " in ended.out) == (0, True)


def test_html_is_a_page_of_what_was_found(command: Command, faulty: Path, here: Path) -> None:
    ended = command("check", faulty, "--html", "pages/audit.html")
    assert ended.code == 0
    assert ended.out.splitlines()[-1] == "Page: pages/audit.html"
    text = (here / "pages/audit.html").read_text()
    assert "1 error, 1 warning: mend the errors before you train." in text
    assert text.count("data:image/jpeg") == 2
    assert command("check", faulty, "--html", "audit.htm", "--json").out[0] == "{"
    assert (here / "audit.htm").is_file()


def test_a_fixed_list_lies_beside_the_data_and_can_be_checked_again(
    command: Command, faulty: Path, here: Path
) -> None:
    before = files_in(faulty)
    ended = command("check", "trees", "--fix", "list")
    assert ended.code == 0
    assert ended.out.splitlines()[-1] == "Listed 23 of 25 photos in trees-fixed.csv"
    assert ended.err == "Next: kclass fit trees-fixed.csv\n"
    assert files_in(faulty) == before
    again = command("check", "trees-fixed.csv")
    assert again.out.splitlines()[-1] == "Nothing found that stands in the way of training."
    assert again.out.startswith("here: 23 photos, 2 classes\n")


def test_a_fixed_list_is_where_one_says(command: Command, faulty: Path, here: Path) -> None:
    ended = command("check", faulty, "--fix", "list", "--to", "lists/good.csv", "--json")
    assert json.loads(ended.out)["listed"] == {"table": "lists/good.csv", "photos": 23}
    with (here / "lists/good.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 23


def test_the_list_of_the_folder_one_is_in_lies_beside_that_folder(
    command: Command, faulty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(faulty)
    ended = command("check", ".", "--fix", "list")
    assert ended.out.splitlines()[-1] == "Listed 23 of 25 photos in ../trees-fixed.csv"
    assert (faulty.parent / "trees-fixed.csv").is_file()


def test_bad_photos_are_moved_away_and_back(command: Command, faulty: Path, here: Path) -> None:
    before = files_in(faulty)
    ended = command("check", "trees", "--fix", "move")
    log = here / "trees-quarantine/moved.csv"
    assert ended.code == 0
    assert ended.out.splitlines()[-1] == f"Moved 2 photos into {here}/trees-quarantine; log: {log}"
    assert ended.err == f"Undo: kclass check --undo {log}\n"
    assert sorted(files_in(log.parent)) == ["ash/3.png", "ash/copy of 5.png", "moved.csv"]
    assert len(files_in(faulty)) == 23
    assert command("check", "--undo", log) == Ended(0, "Moved 2 photos back.\n", "")
    assert files_in(faulty) == before
    assert json.loads(command("check", "--undo", log, "--json").out) == {"moved_back": 0}


def test_one_photo_is_one_photo(command: Command, faulty: Path, here: Path) -> None:
    (faulty / "ash/copy of 5.png").unlink()
    log = here / "trees-quarantine/moved.csv"
    ended = command("check", faulty, "--fix", "move")
    assert ended.out.splitlines()[-1] == f"Moved 1 photo into {log.parent}; log: {log}"
    assert command("check", "--undo", log).out == "Moved 1 photo back.\n"


def test_bad_photos_are_moved_where_one_says(command: Command, faulty: Path, here: Path) -> None:
    ended = command("check", faulty, "--fix", "move", "--to", "away", "--json", "--strict")
    told = json.loads(ended.out)["moved"]
    assert (ended.code, ended.err) == (1, "")  # of --strict: the audit found an error
    assert (told["folder"], told["stayed"]) == (str(here / "away"), [])
    assert [move["to"] for move in told["moved"]] == [
        str(here / "away/ash/3.png"),
        str(here / "away/ash/copy of 5.png"),
    ]


def test_a_photo_that_cannot_be_moved_is_named_and_the_end_is_1(
    command: Command, faulty: Path, here: Path
) -> None:
    (here / "away").mkdir()
    (here / "away/ash").touch()
    ended = command("check", faulty, "--fix", "move", "--to", "away", "--quiet")
    assert ended.code == 1
    assert ended.err.splitlines()[0] == (
        f"not moved: cannot move {faulty}/ash/3.png: cannot write {here}/away/ash: File exists"
    )
    assert ended.out.splitlines()[-1].startswith(f"Moved 0 photos into {here}/away; ")


def test_where_there_is_nothing_to_move_no_folder_is_made(command: Command, clean: Path, here: Path) -> None:
    ended = command("check", clean, "--fix", "move", "--to", "away")
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "There is no photo to move.")
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message", "fix"),
    [
        ([], "there is no DATA to check", "Name a folder, table or archive of photos."),
        (["trees", "--fix", "mov"], "--fix is 'mov'; it must be one of list, move", "Did you mean move?"),
        (["trees", "--to", "x"], "--to has no effect without --fix", "Add --fix list or --fix move."),
        (
            ["trees", "--html", "trees/a.html"],
            "--html is trees/a.html, where the photos are",
            "Choose another folder.",
        ),
        (
            ["trees", "--html", "trees/ash/1.png"],
            "--html is trees/ash/1.png, whose name does not end in .html",
            "Name a file such as --html audit.html",
        ),
        (
            ["trees", "--fix", "list", "--to", "trees/a.csv"],
            "--to is trees/a.csv, where the photos are",
            "Choose another folder.",
        ),
        (
            ["trees", "--fix", "list", "--to", "out"],
            "--to is out, whose name does not end in .csv",
            "Name a file such as --to audit.csv",
        ),
        (
            ["trees.csv", "--fix", "list", "--to", "trees.csv"],
            "--to is trees.csv, which is DATA",
            "Choose another name.",
        ),
        (
            ["trees.zip", "--fix", "move"],
            "--fix cannot mend an archive: trees.zip",
            "Unpack it, and check the folder.",
        ),
        (
            ["trees", "--undo", "log.csv", "--strict", "--label-column", "x"],
            "--undo stands alone; received DATA, --strict, --label-column too",
            "Run kclass check --undo log.csv",
        ),
        (
            ["--undo", "log.csv", "--seed", "3"],
            "--undo stands alone; received --seed too",
            "Run kclass check --undo log.csv",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_refused_before_any_photo_is_read(
    arguments: list[str], message: str, fix: str, command: Command, here: Path
) -> None:
    plant(here / "trees", number=2)
    (here / "trees.csv").write_text("path,class\n")
    (here / "trees.zip").touch()
    before = files_in(here)
    assert command("check", *arguments) == Ended(2, "", f"Error: {message}\n  {fix}\n")
    assert files_in(here) == before


def test_a_quarantine_among_the_photos_is_refused(command: Command, faulty: Path) -> None:
    before = files_in(faulty)
    ended = command("check", faulty, "--fix", "move", "--to", faulty / "ash" / "bad")
    assert ended.code == 1
    assert ended.err.splitlines() == [
        f"Error: the quarantine would lie among the photos: {faulty}/ash/bad",
        "  Choose a folder outside of the data set.",
    ]
    assert files_in(faulty) == before


def test_what_cannot_be_undone_is_an_error(command: Command, here: Path) -> None:
    ended = command("check", "--undo", "moved.csv")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("Error: cannot read moved.csv: No such file or directory\n")


def test_data_that_are_not_there_are_an_error(command: Command) -> None:
    ended = command("check", "nowhere")
    assert (ended.code, ended.out) == (1, "")
    assert "nowhere" in ended.err


def test_a_table_is_read_by_the_columns_that_one_says(command: Command, faulty: Path, here: Path) -> None:
    # Each of the options has a wrong column to lead astray whoever does not heed it.
    photos = sorted(path for path in faulty.rglob("*.png") if "copy" not in path.name)
    with (here / "list.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "c", "label", "path", "split"])
        for number, path in enumerate(photos):
            split = ("train", "valid")[number % 2]
            writer.writerow([path.relative_to(faulty), f"{path.parent.name}!", split, "", "", ""])
    ended = command(
        "check", "list.csv", "--root", faulty, "--path-column", "a", "--label-column", "b",
        "--split-column", "c", "--json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    told = json.loads(ended.out)
    assert (told["root"], told["photos"]) == (str(faulty), 24)
    assert told["remove"] == ["ash/3.png"]


def test_a_regex_tells_the_classes_of_a_folder_without_class_folders(command: Command, here: Path) -> None:
    for number in range(20):
        draw(here / "loose" / f"{('ash', 'oak')[number % 2]}_{number}.png", number)
    ended = command("check", "loose", "--label-regex", r"^(\w+)_\d+")
    assert (ended.code, ended.out.splitlines()[0]) == (0, "loose: 20 photos, 2 classes")


def test_an_archive_is_checked_and_nobody_is_told_to_mend_it(
    command: Command, faulty: Path, here: Path
) -> None:
    with zipfile.ZipFile(here / "trees.zip", "w") as archive:
        for path in faulty.rglob("*.png"):
            archive.write(path, path.relative_to(here))
    shutil.rmtree(faulty)
    ended = command("check", "trees.zip")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("trees: 25 photos, 2 classes\n")
    assert "ash/3.png" in ended.out
    assert [path.name for path in here.iterdir()] == ["trees.zip"]


def test_the_seed_reaches_the_audit(command: Command, clean: Path) -> None:
    assert command("check", clean, "--seed", "5").code == 0
    ended = command("check", clean, "--seed", "-1")
    assert (ended.code, ended.err.partition("\n")[0]) == (
        2,
        "Error: seed is -1; it must be from 0 to 4294967295",
    )


def test_features_let_a_network_look(command: Command, faulty: Path) -> None:
    told = json.loads(command("check", faulty, "--features", "--json").out)
    assert told["with_features"] is True


# Stops itself while it reports that one file is moved, as Ctrl-C may.
INTERRUPTED = """
import os, signal, sys
import kclass_cli.terminal as terminal
import contextlib
@contextlib.contextmanager
def bars(self):
    def report(stage, done, total):
        if (stage, done) == ("moving", 1):
            os.kill(os.getpid(), signal.SIGTERM)
    yield report
terminal.Terminal.progress = bars
sys.argv = ["kclass", "check", sys.argv[1], "--fix", "move"]
from kclass_cli.main import main
main()
"""


def test_a_signal_while_photos_are_moved_leaves_what_brings_them_back(faulty: Path, here: Path) -> None:
    before = files_in(faulty)
    ended = run(*python(INTERRUPTED, str(faulty)), cwd=here)
    assert ended.returncode == 143, ended.stderr
    assert ended.stderr.splitlines()[-2:] == [
        "what was moved is in the newest log in the quarantine; --undo moves it back",
        "terminated",
    ]
    assert len(files_in(faulty)) == len(before) - 1
    assert kclass.undo_moves(here / "trees-quarantine/moved.csv") == 1
    assert files_in(faulty) == before


def test_the_command_works_as_it_is_installed(faulty: Path, here: Path) -> None:
    ended = run(*KCLASS, "check", "trees", "--html", "audit.html", cwd=here)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "Page: audit.html"
