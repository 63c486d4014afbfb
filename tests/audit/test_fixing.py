import csv
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from audits import audit_of, bad, files_in, folder_audit, photo_folder, table_of

import kclass
from kclass.audit.findings import Finding
from kclass.audit.fixing import list_fixed, move_bad
from kclass.audit.moving import undo_moves
from kclass.dataset.dataset import Dataset
from kclass.dataset.folder import ImageFolder
from kclass.dataset.manifest import read_manifest


def test_the_list_has_all_photos_but_the_bad_ones_with_their_classes(tmp_path: Path) -> None:
    audit = folder_audit(tmp_path / "photos", 1, 3)
    before = files_in(tmp_path / "photos")
    assert list_fixed(audit, tmp_path / "fixed.csv") == 4
    assert (tmp_path / "fixed.csv").read_text().splitlines() == [
        "path,class,split",
        "photos/ash/0.png,ash,",
        "photos/ash/2.png,ash,",
        "photos/birch/1.png,birch,",
        "photos/birch/2.png,birch,",
    ]
    assert files_in(tmp_path / "photos") == before


def test_the_list_can_be_read_back_as_a_data_set_with_its_splits(tmp_path: Path) -> None:
    for split in ("train", "val"):
        photo_folder(tmp_path / "photos" / split)
    data = ImageFolder(tmp_path / "photos")
    list_fixed(audit_of(data, *bad(0, 11)), tmp_path / "lists" / "fixed.csv")
    back = read_manifest(tmp_path / "lists" / "fixed.csv", root=tmp_path / "lists")
    assert len(back.train) == len(back.valid) == 5
    assert [back.samples.path(row) for row in range(10)] == [data.samples.path(row) for row in range(1, 11)]
    assert back.samples.labels.tolist() == data.samples.labels[1:11].tolist()


def test_the_list_keeps_groups(tmp_path: Path) -> None:
    data = ImageFolder(photo_folder(tmp_path / "photos"))
    groups = np.array([7, 7, 3, -1, 3, 3], dtype=np.int32)
    grouped = Dataset("photos", replace(data.samples, groups=groups))
    list_fixed(audit_of(grouped, *bad(1)), tmp_path / "fixed.csv")
    with (tmp_path / "fixed.csv").open(newline="") as file:
        listed = [row["group"] for row in csv.DictReader(file)]
    # The same numbers or others: who belongs together is what counts.
    assert listed[1] == listed[3] == listed[4] not in ("", listed[0])
    assert listed[2] == ""


def test_the_list_names_photos_that_lie_elsewhere_by_their_whole_path(tmp_path: Path) -> None:
    audit = folder_audit(tmp_path / "photos", 0)
    list_fixed(audit, tmp_path / "lists" / "fixed.csv")
    with (tmp_path / "lists" / "fixed.csv").open(newline="") as file:
        paths = [row["path"] for row in csv.DictReader(file)]
    assert paths[0] == f"{tmp_path.as_posix()}/photos/ash/1.png"
    assert all(Path(path).is_file() for path in paths)


def test_a_list_of_nothing_is_refused(tmp_path: Path) -> None:
    audit = folder_audit(tmp_path / "photos", *range(6))
    with pytest.raises(kclass.DataError) as caught:
        list_fixed(audit, tmp_path / "fixed.csv")
    assert str(caught.value) == "no photo of photos would be left\nLook at the findings; mend or add photos."
    assert not (tmp_path / "fixed.csv").exists()


def test_bad_photos_are_moved_beside_the_data_set_with_their_paths_and_logged(tmp_path: Path) -> None:
    audit = folder_audit(tmp_path / "photos", 1, 3)
    before = files_in(tmp_path / "photos")
    moved = move_bad(audit)
    folder = tmp_path / "photos-quarantine"
    assert moved.folder == folder
    assert moved.log == folder / "moved.csv"
    assert files_in(folder) == {
        "ash/1.png": before.pop("ash/1.png"),
        "birch/0.png": before.pop("birch/0.png"),
        "moved.csv": moved.log.read_bytes(),
    }
    assert files_in(tmp_path / "photos") == before
    with moved.log.open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["from", "to", "why"],
            [f"{tmp_path}/photos/ash/1.png", f"{folder}/ash/1.png", "unreadable: is truncated"],
            [f"{tmp_path}/photos/birch/0.png", f"{folder}/birch/0.png", "unreadable: is truncated"],
        ]
    assert repr(moved) == f"Moved 2 photos into {folder}; log: {folder}/moved.csv"
    assert moved.to_dict() == {
        "folder": str(folder),
        "log": str(folder / "moved.csv"),
        "moved": [
            {
                "from": f"{tmp_path}/photos/{name}",
                "to": f"{folder}/{name}",
                "why": "unreadable: is truncated",
            }
            for name in ("ash/1.png", "birch/0.png")
        ],
        "stayed": [],
    }


def test_photos_are_moved_where_one_says(tmp_path: Path) -> None:
    moved = move_bad(folder_audit(tmp_path / "photos", 2), tmp_path / "a" / "b")
    assert sorted(files_in(tmp_path / "a" / "b")) == ["ash/2.png", "moved.csv"]
    assert moved.folder == tmp_path / "a" / "b"


def test_all_reasons_of_a_photo_are_in_the_log_each_once(tmp_path: Path) -> None:
    data = ImageFolder(photo_folder(tmp_path / "photos"))
    audit = audit_of(
        data,
        Finding("leak", (1, 4), "is in two splits", remove=(1,)),
        Finding("identical", (0, 1, 2), "the same file", remove=(1, 2)),
        Finding("identical", (0, 1), "the same file", remove=(1,)),
    )
    assert [move.why for move in move_bad(audit).moves] == [
        "leak: is in two splits; identical: the same file",
        "identical: the same file",
    ]


def test_where_nothing_is_bad_nothing_is_written(tmp_path: Path) -> None:
    moved = move_bad(folder_audit(tmp_path / "photos"))
    assert (moved.log, moved.moves, moved.stayed) == (None, (), ())
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_names_that_are_taken_get_a_number_and_each_run_has_a_log_of_its_own(tmp_path: Path) -> None:
    audit = folder_audit(tmp_path / "photos", 0)
    before = files_in(tmp_path / "photos")
    logs = []
    for _ in range(3):
        logs.append(move_bad(audit).log)
        (tmp_path / "photos/ash/0.png").write_bytes(before["ash/0.png"])
    folder = tmp_path / "photos-quarantine"
    assert [log.name for log in logs if log] == ["moved.csv", "moved-2.csv", "moved-3.csv"]
    assert sorted(files_in(folder)) == [
        "ash/0-2.png",
        "ash/0-3.png",
        "ash/0.png",
        "moved-2.csv",
        "moved-3.csv",
        "moved.csv",
    ]


def test_names_that_some_file_systems_take_for_one_are_kept_apart(tmp_path: Path) -> None:
    names = ["É.jpg", "E\u0301.jpg", "é.JPG"]
    for name in names:
        (tmp_path / "photos").mkdir(exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(name.encode())
    moved = move_bad(audit_of(table_of(tmp_path / "photos", names), *bad(0, 1, 2)))
    assert [move.target.name for move in moved.moves] == ["É.jpg", "E\u0301-2.jpg", "é-3.JPG"]


def test_a_file_that_is_named_twice_is_moved_once(tmp_path: Path) -> None:
    root = photo_folder(tmp_path / "photos")
    (root / "cedar").symlink_to("ash")
    names = ["ash/0.png", "birch/../ash/0.png", "cedar/0.png", str(root / "ash/0.png")]
    moved = move_bad(audit_of(table_of(root, names), *bad(0, 1, 2, 3)))
    assert [(move.source, move.target) for move in moved.moves] == [
        (root / "ash/0.png", tmp_path / "photos-quarantine/ash/0.png")
    ]
    assert moved.stayed == ()


def test_a_link_is_moved_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    audit_root = photo_folder(tmp_path / "photos")
    (audit_root / "ash/0.png").rename(tmp_path / "elsewhere.png")
    (audit_root / "ash/0.png").symlink_to("../../elsewhere.png")
    (audit_root / "ash/9.png").symlink_to("nowhere.png")
    audit = audit_of(table_of(audit_root, ["ash/0.png", "ash/9.png"]), *bad(0, 1))
    before = files_in(audit_root)
    moved = move_bad(audit)
    assert moved.log is not None
    assert (tmp_path / "elsewhere.png").is_file()
    assert files_in(moved.folder) == {
        "ash/0.png": b"../../elsewhere.png",
        "ash/9.png": b"nowhere.png",
        "moved.csv": moved.log.read_bytes(),
    }
    assert undo_moves(moved.log) == 2
    assert files_in(audit_root) == before


def test_photos_from_outside_the_root_keep_all_of_their_path(tmp_path: Path) -> None:
    root = photo_folder(tmp_path / "photos")
    far = photo_folder(tmp_path / "far")
    names = [str(far / "ash/0.png"), "../far/birch/1.png"]
    moved = move_bad(audit_of(table_of(root, names), *bad(0, 1)))
    outside = tmp_path / "photos-quarantine/outside" / far.relative_to("/")
    assert [move.target for move in moved.moves] == [outside / "ash/0.png", outside / "birch/1.png"]
    assert moved.log is not None
    assert undo_moves(moved.log) == 2
    assert len(files_in(far)) == 6


def test_names_of_any_signs_come_back(tmp_path: Path) -> None:
    names = [
        "a,b.jpg",
        'quo"te.jpg',
        "line\nfeed.jpg",
        "return\r.jpg",
        " space.jpg ",
        os.fsdecode(b"\xff.jpg"),
    ]
    (tmp_path / "photos").mkdir()
    for name in names:
        (tmp_path / "photos" / name).write_bytes(name.encode("utf-8", "surrogateescape"))
    before = files_in(tmp_path / "photos")
    moved = move_bad(audit_of(table_of(tmp_path / "photos", names), *bad(*range(6))))
    assert files_in(tmp_path / "photos") == {}
    assert moved.log is not None
    assert undo_moves(moved.log) == 6
    assert files_in(tmp_path / "photos") == before


@pytest.mark.parametrize("inside", ["photos", "photos/ash", "photos/bad", "far"])
def test_a_quarantine_among_the_photos_is_refused(inside: str, tmp_path: Path) -> None:
    root = photo_folder(tmp_path / "photos")
    photo_folder(tmp_path / "far")
    (root / "cedar").symlink_to(tmp_path / "far")
    audit = audit_of(ImageFolder(root), *bad(0))
    with pytest.raises(kclass.OutputError) as caught:
        move_bad(audit, tmp_path / inside / "quarantine")
    assert (
        caught.value.message == f"the quarantine would lie among the photos: {tmp_path / inside}/quarantine"
    )
    assert caught.value.fix == "Choose a folder outside of the data set."
    assert not (tmp_path / inside / "quarantine").exists()


def test_a_data_set_of_the_folder_one_is_in_has_its_quarantine_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = photo_folder(tmp_path / "photos")
    monkeypatch.chdir(root / "ash")
    assert move_bad(audit_of(ImageFolder(".."), *bad(0))).folder == tmp_path / "photos-quarantine"


def test_photos_that_cannot_be_moved_stay_and_are_named_and_the_others_move(tmp_path: Path) -> None:
    root = photo_folder(tmp_path / "photos")
    (root / "ash/0.png").unlink()
    (root / "ash/1.png").unlink()
    (root / "ash/1.png").mkdir()
    blocked = tmp_path / "photos-quarantine/birch"
    blocked.parent.mkdir()
    blocked.touch()
    names = ["ash/0.png", "ash/1.png", "ash/2.png", "birch/0.png"]
    before = files_in(root)
    moved = move_bad(audit_of(table_of(root, names), *bad(0, 1, 2, 3)))
    assert [error.message for error in moved.stayed] == [
        f"cannot move {root}/ash/0.png: No such file or directory",
        f"cannot move {root}/ash/1.png: it is a folder",
        f"cannot move {root}/birch/0.png: cannot write {blocked}: File exists",
    ]
    assert {error.fix for error in moved.stayed} == {"Move it by hand, or leave it."}
    assert repr(moved).startswith(f"Moved 1 photo into {moved.folder}, 3 stayed; ")
    assert [move.source for move in moved.moves] == [root / "ash/2.png"]
    assert moved.log is not None
    assert len(moved.log.read_text().splitlines()) == 2
    assert undo_moves(moved.log) == 1
    assert files_in(root) == before


def test_a_photo_that_stayed_is_not_logged_though_another_has_come_where_it_was_to_go(tmp_path: Path) -> None:
    root = photo_folder(tmp_path / "photos")
    other = tmp_path / "photos-quarantine/ash/1.png"

    def intrude(stage: str, done: int, total: int) -> None:
        if done == 0:
            other.parent.mkdir(parents=True)
            other.write_bytes(b"another")

    before = files_in(root)
    moved = move_bad(audit_of(ImageFolder(root), *bad(0, 1)), progress=intrude)
    assert [error.message for error in moved.stayed] == [
        f"cannot move {root}/ash/1.png: there is a file of that name in {other.parent}"
    ]
    assert [move.source.name for move in moved.moves] == ["0.png"]
    assert moved.log is not None
    assert undo_moves(moved.log) == 1
    assert files_in(root) == before
    assert other.read_bytes() == b"another"


def test_progress_is_told_of_each_file(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    move_bad(folder_audit(tmp_path / "photos", 0, 5), progress=lambda *step: told.append(step))
    assert told == [("moving", 0, 2), ("moving", 1, 2), ("moving", 2, 2)]


def test_ten_thousand_photos_are_planned_and_moved_in_seconds(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    root.mkdir()
    names = [f"{number}.jpg" for number in range(10_000)]
    for name in names:
        (root / name).touch()
    moved = move_bad(audit_of(table_of(root, names), Finding("unreadable", (), "all", tuple(range(10_000)))))
    assert len(moved.moves) == 10_000
    assert np.unique([move.target.name for move in moved.moves]).size == 10_000
