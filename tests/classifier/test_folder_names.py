import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kclass.classifier.folder_names import alike, folder_names, numbered

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)
FILE_NAMES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="/\0"), min_size=1).filter(
    lambda name: name not in (".", "..") and len(os.fsencode(name)) <= 255
)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("bees", "bees"),
        ("09.Golden_Gate_Bridge", "09.Golden_Gate_Bridge"),
        ("Fähre 2", "Fähre 2"),
        ("a/b", "a_b"),
        ("../../etc", "_._.._etc"),
        ("..", "__"),
        (".", "_"),
        ("", "_"),
        (".git", "_git"),
        ("C:\\x", "C__x"),
        ('who? "me"*<|>', "who_ _me_____"),
        ("line\nfeed", "line_feed"),
        ("no point.", "no point_"),
        ("half \ud800", "half _"),
        ("x" * 300, "x" * 255),
        ("x" * 254 + ".y", "x" * 254 + "_"),
    ],
)
def test_a_folder_is_called_as_its_class_but_for_what_no_name_may_hold(label: str, name: str) -> None:
    assert folder_names([label, "other"]).of[label] == name


def test_names_that_are_one_to_some_file_system_are_kept_apart() -> None:
    names = folder_names(["Ash", "ash", "a/b", "a?b", "ASH"])
    assert list(names.of.values()) == ["Ash", "ash-2", "a_b", "a_b-2", "ASH-3"]


def test_unsure_photos_never_share_the_folder_of_a_class() -> None:
    assert folder_names(["bees"]).unsure == "unsure"
    names = folder_names(["Unsure", "unsure-2"])
    assert (names.of["Unsure"], names.of["unsure-2"], names.unsure) == ("Unsure", "unsure-2", "unsure-3")


@given(st.lists(ANY_TEXT, max_size=6))
@example(["..", ".", "", "/", "\0", "unsure", "\udcff", "é" * 200])
def test_every_class_has_a_folder_of_its_own_inside(
    tmp_path_factory: pytest.TempPathFactory, classes: list[str]
) -> None:
    names = folder_names(classes)
    assert set(names.of) == set(classes)
    every = [*names.of.values(), names.unsure]
    assert len({alike(name) for name in every}) == len(every)
    base = tmp_path_factory.mktemp("names")
    for name in every:
        (base / name).mkdir()
        assert Path(base / name).resolve().parent == base.resolve()
    assert {path.name for path in base.iterdir()} == set(every)


def test_a_file_is_numbered_before_its_suffix() -> None:
    assert [numbered("a.tar.jpg", count) for count in (1, 2, 12)] == [
        "a.tar.jpg",
        "a.tar-2.jpg",
        "a.tar-12.jpg",
    ]
    assert numbered("none", 2) == "none-2"
    assert numbered(".jpg", 2) == ".jpg-2"


@given(FILE_NAMES, st.integers(2, 10**6))
@example("a." + "x" * 253, 2)
@example("é" * 127, 99)
def test_a_numbered_name_differs_and_is_no_longer_than_names_may_be(name: str, count: int) -> None:
    found = numbered(name, count)
    assert alike(found) != alike(numbered(name, count + 1))
    assert len(os.fsencode(found)) <= 255
    assert "/" not in found
