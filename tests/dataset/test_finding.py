from collections.abc import Callable
from pathlib import Path

import pytest
from planting import Plant

import kclass
from kclass.dataset.finding import find_photos


def names(found: tuple[Path, ...], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in found]


def test_a_file_stands_for_itself_whatever_its_suffix(plant: Plant) -> None:
    root = plant("a.jpg", "b.txt", "c")
    places = [root / "c", root / "b.txt", root / "a.jpg"]
    assert find_photos(places) == tuple(places)


def test_a_folder_stands_for_the_photos_in_and_below_it_in_order(plant: Plant) -> None:
    root = plant("z.JPG", "a.png", "notes.txt", "below/deep/b.webp", ".hidden/c.jpg")
    assert names(find_photos([root]), root) == ["a.png", "below/deep/b.webp", "z.JPG"]


def test_a_pattern_stands_for_the_files_it_matches_in_order(plant: Plant) -> None:
    root = plant("b.jpg", "a.jpg", "c.png", "below/d.jpg")
    assert names(find_photos([root / "*.jpg"]), root) == ["a.jpg", "b.jpg"]
    assert names(find_photos([root / "[ac].*"]), root) == ["a.jpg", "c.png"]
    assert names(find_photos([root / "?.png"]), root) == ["c.png"]


def test_two_stars_stand_for_any_depth(plant: Plant) -> None:
    root = plant("a.jpg", "below/b.jpg", "below/deep/c.jpg", "below/deep/d.png")
    assert names(find_photos([root / "**" / "*.jpg"]), root) == ["a.jpg", "below/b.jpg", "below/deep/c.jpg"]


def test_a_folder_that_a_pattern_matches_stands_for_its_photos(plant: Plant) -> None:
    root = plant("tree-1/a.jpg", "tree-2/b.jpg", "flower/c.jpg")
    assert names(find_photos([root / "tree-*"]), root) == ["tree-1/a.jpg", "tree-2/b.jpg"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(plant: Plant) -> None:
    root = plant("photo[1].jpg", "photo1.jpg")
    assert names(find_photos([root / "photo[1].jpg"]), root) == ["photo[1].jpg"]


def test_places_keep_the_order_in_which_they_are_named(plant: Plant) -> None:
    root = plant("b.jpg", "below/a.jpg", "c.jpg")
    places = [root / "c.jpg", root / "below", root / "b.jpg"]
    assert names(find_photos(places), root) == ["c.jpg", "below/a.jpg", "b.jpg"]


def test_a_photo_named_twice_comes_once_where_it_was_named_first(plant: Plant) -> None:
    root = plant("a.jpg", "b.jpg")
    assert names(find_photos([root / "b.jpg", root, root / "*.jpg"]), root) == ["b.jpg", "a.jpg"]


def test_paths_may_be_text(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(plant("a.jpg", "b.jpg"))
    assert find_photos(["*.jpg"]) == (Path("a.jpg"), Path("b.jpg"))
    assert find_photos(["."]) == (Path("a.jpg"), Path("b.jpg"))


def test_a_file_that_is_not_there_is_handed_on_so_that_reading_it_says_so(tmp_path: Path) -> None:
    assert find_photos([tmp_path / "gone.jpg"]) == (tmp_path / "gone.jpg",)


def test_nothing_is_found_where_no_place_is_named() -> None:
    assert find_photos([]) == ()


def test_a_folder_without_photos_is_named(plant: Plant) -> None:
    root = plant("notes.txt")
    with pytest.raises(kclass.DataError) as raised:
        find_photos([root])
    assert raised.value.message == f"there is no photo in the folder {root}"
    assert raised.value.fix == "Give a folder with photos."


def test_a_pattern_that_matches_nothing_is_named(plant: Plant) -> None:
    root = plant("a.jpg")
    with pytest.raises(kclass.DataError) as raised:
        find_photos([root / "*.png"])
    assert raised.value.message == f"nothing matches {root / '*.png'}"
    assert raised.value.fix == "Look at the pattern; quotes keep the shell off it."


@pytest.mark.parametrize("place", [lambda root: root, lambda root: root / "*", lambda root: root / "a.jpg"])
def test_finding_reads_no_photo(place: Callable[[Path], Path], plant: Plant) -> None:
    # The bytes that are planted are no photo at all.
    root = plant("a.jpg")
    assert names(find_photos([place(root)]), root) == ["a.jpg"]


def test_a_single_place_need_not_stand_in_a_list(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    root = plant("a.jpg", "b.jpg")
    monkeypatch.chdir(root)
    assert find_photos("b.jpg") == (Path("b.jpg"),)
    assert find_photos(root / "*.jpg") == (root / "a.jpg", root / "b.jpg")


@pytest.mark.parametrize("places", [None, 7, [None], [b"a.jpg"]])
def test_what_is_no_place_is_an_error_in_plain_words(places: object) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        find_photos(places)  # type: ignore[arg-type]
    assert raised.value.message == f"places is {places!r}; it must be paths and patterns, as text or Path"
    assert raised.value.fix == "Give one such as 'photos', or a list of them."


@pytest.mark.parametrize("name", ["a" * 300, "a" * 300 + "[1].jpg", "null\0.jpg"])
def test_a_name_that_no_system_can_have_is_handed_on_so_that_reading_it_says_so(
    name: str, tmp_path: Path
) -> None:
    assert find_photos([tmp_path / name]) == (tmp_path / name,)


def test_a_folder_without_photos_among_those_a_pattern_matches_adds_nothing(plant: Plant) -> None:
    root = plant("tree-1/a.jpg", "tree-2/notes.txt", "b.jpg")
    assert names(find_photos([root / "*"]), root) == ["b.jpg", "tree-1/a.jpg"]


def test_a_pattern_that_matches_folders_without_photos_alone_is_named(plant: Plant) -> None:
    root = plant("tree-1/notes.txt")
    with pytest.raises(kclass.DataError) as raised:
        find_photos([root / "tree-*"])
    assert raised.value.message == f"there is no photo in the folders {root / 'tree-*'}"
    assert raised.value.fix == "Give a folder with photos."


def test_a_missing_photo_with_brackets_in_its_name_is_handed_on(plant: Plant) -> None:
    root = plant("a.jpg")
    assert names(find_photos([root / "missing[1].jpg"]), root) == ["missing[1].jpg"]
    with pytest.raises(kclass.DataError, match="nothing matches"):
        find_photos([root / "missing[1].txt"])
