import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kclass
from kclass.classifier.prediction import Guess, Prediction
from kclass.classifier.predictions import Predictions

CLASSES = ("ash", "birch")


def photo(path: Path, content: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content or str(path))
    return path


def answered(path: Path, label: str, *, probability: float = 0.9, threshold: float = 0.0) -> Prediction:
    return Prediction(path, (Guess(label, 0, probability),), threshold=threshold)


def predictions(*found: Prediction, classes: Sequence[str] = CLASSES) -> Predictions:
    return Predictions(found, (), tuple(classes))


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


def test_photos_are_copied_into_folders_named_after_their_answers(tmp_path: Path) -> None:
    first, second, third = (photo(tmp_path / f"in/{name}.jpg") for name in "abc")
    found = predictions(
        answered(first, "ash"),
        answered(second, "birch", threshold=0.95),
        Prediction(third, (Guess("ash", 0, 1.0),), novelty=1.5, threshold=0.5),
    )
    before = tree(tmp_path / "in")
    told: list[tuple[str, int, int]] = []
    copied = found.copy_into(tmp_path / "out", progress=lambda *step: told.append(step))
    assert tree(tmp_path / "out") == {
        "ash/a.jpg": str(first),
        "unsure/b.jpg": str(second),
        "unsure/c.jpg": str(third),
    }
    assert tree(tmp_path / "in") == before
    assert copied.files == {
        first: tmp_path / "out/ash/a.jpg",
        second: tmp_path / "out/unsure/b.jpg",
        third: tmp_path / "out/unsure/c.jpg",
    }
    assert (copied.counts, copied.already, copied.unreadable) == ({"ash": 1, "unsure": 2}, 0, ())
    assert repr(copied) == f"Copied({str(tmp_path / 'out')!r}: ash 1, unsure 2)"
    assert copied.to_dict() == {
        "folder": str(tmp_path / "out"),
        "files": {str(each): str(file) for each, file in copied.files.items()},
        "already": 0,
        "others": 0,
        "unreadable": [],
    }
    assert told == [("copying", done, 3) for done in range(4)]


def test_without_a_threshold_a_photo_unlike_any_goes_with_its_class(tmp_path: Path) -> None:
    found = predictions(Prediction(photo(tmp_path / "in/a.jpg"), (Guess("ash", 0, 0.6),), novelty=3.0))
    assert found.copy_into(tmp_path / "out").counts == {"ash": 1}


def test_a_copy_has_the_times_of_the_photo(tmp_path: Path) -> None:
    taken = photo(tmp_path / "in/a.jpg")
    os.utime(taken, ns=(10**18, 10**18 + 500))
    copy = predictions(answered(taken, "ash")).copy_into(str(tmp_path / "out")).files[taken]
    assert (copy.stat().st_mtime_ns, copy.stat().st_atime_ns) == (10**18 + 500, 10**18)


def test_photos_with_one_name_are_kept_apart(tmp_path: Path) -> None:
    paths = [photo(tmp_path / f"in/{place}/{name}") for place, name in enumerate(("a.jpg", "A.JPG", "a.jpg"))]
    predictions(*(answered(each, "ash") for each in paths)).copy_into(tmp_path / "out")
    assert tree(tmp_path / "out") == {
        "ash/a.jpg": str(paths[0]),
        "ash/A-2.JPG": str(paths[1]),
        "ash/a-3.jpg": str(paths[2]),
    }


def test_two_photos_of_one_content_are_two_copies(tmp_path: Path) -> None:
    paths = [photo(tmp_path / f"in/{place}/a.jpg", "same") for place in range(2)]
    found = predictions(*(answered(each, "ash") for each in paths))
    for already in (0, 2):
        copied = found.copy_into(tmp_path / "out")
        assert copied.already == already
        assert tree(tmp_path / "out") == {"ash/a.jpg": "same", "ash/a-2.jpg": "same"}


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    taken = photo(tmp_path / "in/a.jpg", "new")
    photo(tmp_path / "out/ash/A.jpg", "mine")
    copied = predictions(answered(taken, "ash")).copy_into(tmp_path / "out")
    assert tree(tmp_path / "out") == {"ash/A.jpg": "mine", "ash/a-2.jpg": "new"}
    assert copied.files[taken].name == "a-2.jpg"
    assert (copied.already, copied.others) == (0, 1)


def test_copies_by_another_threshold_stay_and_are_counted(tmp_path: Path) -> None:
    paths = [photo(tmp_path / f"in/{name}.jpg") for name in "abc"]
    predictions(*(answered(each, "ash") for each in paths)).copy_into(tmp_path / "out")
    (tmp_path / "out/ash/folder").mkdir()
    sorted_anew = predictions(answered(paths[0], "ash"), *(answered(each, "birch") for each in paths[1:]))
    copied = sorted_anew.copy_into(tmp_path / "out")
    assert (copied.already, copied.others) == (1, 2)
    assert set(tree(tmp_path / "out")) >= {
        "ash/a.jpg",
        "ash/b.jpg",
        "ash/c.jpg",
        "birch/b.jpg",
        "birch/c.jpg",
    }


def test_a_name_that_somebody_takes_at_the_same_time_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = photo(tmp_path / "in/a.jpg", "new")
    link = Path.hardlink_to

    def late(place: Path, part: Path) -> None:
        if place.name == "a.jpg":
            place.write_text("mine")
        link(place, part)

    monkeypatch.setattr(Path, "hardlink_to", late)
    predictions(answered(taken, "ash")).copy_into(tmp_path / "out")
    assert tree(tmp_path / "out") == {"ash/a.jpg": "mine", "ash/a-2.jpg": "new"}


def test_a_drive_without_links_takes_whole_copies_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(place: Path, part: Path) -> None:
        if place.name == "a-2.jpg":  # somebody takes that name at the same time
            place.write_text("mine")
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    paths = [photo(tmp_path / f"in/{place}/a.jpg") for place in range(2)]
    predictions(*(answered(each, "ash") for each in paths)).copy_into(tmp_path / "out")
    assert tree(tmp_path / "out") == {
        "ash/a.jpg": str(paths[0]),
        "ash/a-2.jpg": "mine",
        "ash/a-3.jpg": str(paths[1]),
    }


def test_what_was_copied_before_is_not_copied_again_in_whatever_order(tmp_path: Path) -> None:
    paths = [photo(tmp_path / f"in/{place}/a.jpg") for place in range(3)]
    found = [answered(each, "ash") for each in paths]
    predictions(*found[:2]).copy_into(tmp_path / "out")
    copied = predictions(*reversed(found)).copy_into(tmp_path / "out")
    assert copied.already == 2
    assert tree(tmp_path / "out") == {
        "ash/a.jpg": str(paths[0]),
        "ash/a-2.jpg": str(paths[1]),
        "ash/a-3.jpg": str(paths[2]),
    }
    assert {photo.read_text(): file.read_text() for photo, file in copied.files.items()} == {
        str(path): str(path) for path in paths
    }


def test_a_photo_that_is_gone_is_named_and_the_others_are_copied(tmp_path: Path) -> None:
    gone, there = tmp_path / "in/gone.jpg", photo(tmp_path / "in/a.jpg")
    photo(tmp_path / "out/ash/gone.jpg", "another")  # also where it would be compared
    found = predictions(answered(gone, "ash"), answered(gone, "birch"), answered(there, "ash"))
    copied = found.copy_into(tmp_path / "out")
    says = f"cannot read {gone}: No such file or directory"
    assert [error.message for error in copied.unreadable] == [says, says]
    assert tree(tmp_path / "out") == {"ash/a.jpg": str(there), "ash/gone.jpg": "another"}


@pytest.mark.parametrize(
    ("lies", "into"),
    [("in", "in"), ("in/ash", "in"), ("in/ash/below", "in"), ("out/unsure", "out")],
)
def test_copies_are_not_put_among_the_photos(lies: str, into: str, tmp_path: Path) -> None:
    paths = [photo(tmp_path / lies / "a.jpg"), photo(tmp_path / "elsewhere/b.jpg")]
    found = predictions(
        *(answered(each, "ash", threshold=label) for each, label in zip(paths, (0, 1), strict=True))
    )
    with pytest.raises(kclass.OptionError) as raised:
        found.copy_into(tmp_path / into)
    assert raised.value.message == (
        f"photos are to be copied into {tmp_path / into}, and some lie there: {tmp_path / lies}"
    )
    assert raised.value.fix == "Choose another folder, such as sorted."
    assert set(tree(tmp_path)) == {f"{lies}/a.jpg", "elsewhere/b.jpg"}


def test_photos_beside_the_folder_of_copies_are_copied(tmp_path: Path) -> None:
    taken = photo(tmp_path / "a.jpg")
    predictions(answered(taken, "ash")).copy_into(tmp_path / "sorted")
    assert set(tree(tmp_path)) == {"a.jpg", "sorted/ash/a.jpg"}


@pytest.mark.parametrize("label", ["..", "../..", "/etc", "a/../../b", ".", ""])
def test_no_class_leads_out_of_the_folder(label: str, tmp_path: Path) -> None:
    taken = photo(tmp_path / "in/a.jpg")
    copied = predictions(answered(taken, label), classes=(label,)).copy_into(tmp_path / "out")
    assert copied.files[taken].resolve().parent.parent == (tmp_path / "out").resolve()
    assert len(tree(tmp_path)) == 2


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/ash").symlink_to(tmp_path / "other")
    with pytest.raises(kclass.OutputError) as raised:
        predictions(answered(photo(tmp_path / "in/a.jpg"), "ash")).copy_into(tmp_path / "out")
    assert raised.value.message == (
        f"{tmp_path / 'out/ash'} leads out of {tmp_path / 'out'}, to {(tmp_path / 'other').resolve()}"
    )
    assert raised.value.fix == "Remove that link, or choose another folder."
    assert list((tmp_path / "other").iterdir()) == []


def test_a_class_called_unsure_is_kept_from_the_photos_that_are(tmp_path: Path) -> None:
    paths = [photo(tmp_path / f"in/{name}.jpg") for name in "ab"]
    found = predictions(
        answered(paths[0], "unsure"), answered(paths[1], "unsure", threshold=1.0), classes=("unsure", "bees")
    )
    assert set(tree(Path(found.copy_into(tmp_path / "out").folder))) == {"unsure/a.jpg", "unsure-2/b.jpg"}
    # The names hang on the model alone, and not on what is predicted this time.
    alone = predictions(answered(paths[1], "bees", threshold=1.0), classes=("unsure", "bees"))
    assert alone.copy_into(tmp_path / "other").counts == {"unsure-2": 1}


def test_what_cannot_be_written_is_an_error_and_nothing_is_left_half(tmp_path: Path) -> None:
    taken = photo(tmp_path / "in/a.jpg")
    photo(tmp_path / "out/ash", "a file in the way")
    with pytest.raises(kclass.OutputError, match="cannot write"):
        predictions(answered(taken, "ash")).copy_into(tmp_path / "out")
    assert set(tree(tmp_path)) == {"in/a.jpg", "out/ash"}


def test_an_interruption_leaves_no_part_of_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(place: Path, part: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "hardlink_to", interrupt)
    with pytest.raises(KeyboardInterrupt):
        predictions(answered(photo(tmp_path / "in/a.jpg"), "ash")).copy_into(tmp_path / "out")
    assert tree(tmp_path / "out") == {}


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
            st.sampled_from(["a.jpg", "A.jpg", "b.png", "c"]),
            st.booleans(),
        ),
        max_size=8,
    )
)
def test_every_photo_has_one_whole_copy_inside_whatever_classes_and_files_are_called(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, bool]]
) -> None:
    base = tmp_path_factory.mktemp("copies")
    paths = [photo(base / f"in/{place}/{name}") for place, (_, name, _) in enumerate(rows)]
    found = predictions(
        *(
            answered(path, label, threshold=float(unsure))
            for path, (label, _, unsure) in zip(paths, rows, strict=True)
        ),
        classes=tuple({label for label, _, _ in rows}),
    )
    for already in (0, len(rows)):
        copied = found.copy_into(base / "out")
        assert copied.already == already
        assert sorted(tree(base).values()) == sorted([str(path) for path in paths] * 2)
        assert all(file.read_text() == str(path) for path, file in copied.files.items())
        assert all(file.parent.parent == base / "out" for file in copied.files.values())
