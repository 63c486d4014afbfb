import pytest

from kclass.dataset.names import composed, listing, readable, split_code, split_name


@pytest.mark.parametrize(
    ("folder", "shown"),
    [
        ("09.Golden_Gate_Bridge", "Golden Gate Bridge"),
        ("001.ak47", "ak47"),
        ("fiat-126", "fiat-126"),
        ("2_door_car", "2 door car"),
        ("3.5_inch", "3.5 inch"),
        ("12.", "12."),
        ("__", "__"),
        ("Café", "Café"),
    ],
)
def test_a_class_name_is_shown_as_people_read_it(folder: str, shown: str) -> None:
    assert readable(folder) == shown


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("train", 0),
        ("Training", 0),
        ("VALID", 1),
        ("val", 1),
        ("validation", 1),
        ("dev", 1),
        ("test", 2),
        ("testing", 2),
        ("tests", None),
        ("", None),
    ],
)
def test_usual_words_for_splits_are_known_in_any_capitals(word: str, code: int | None) -> None:
    assert split_code(word) == code


def test_a_split_code_has_a_name_and_no_split_has_none() -> None:
    assert [split_name(code) for code in (0, 1, 2, -1)] == ["train", "valid", "test", None]


def test_an_accent_stored_as_two_characters_becomes_one() -> None:
    assert composed("Cafe\N{COMBINING ACUTE ACCENT}") == "Caf\N{LATIN SMALL LETTER E WITH ACUTE}"


def test_a_long_listing_says_how_many_more_there_are() -> None:
    assert listing(["a", "b", "c"], most=2) == "a, b and 1 more"
    assert listing(["a", "b"], most=2) == "a, b"
