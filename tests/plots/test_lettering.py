import os
import warnings
from pathlib import Path

import pytest

from kclass.plots.figures import new_figure
from kclass.plots.lettering import LONGEST, families, file_names, lettered, shortened


def test_names_are_readable() -> None:
    assert lettered(["09.Golden_Gate_Bridge", "fiat-126"]) == ["Golden Gate Bridge", "fiat-126"]


def test_accents_and_other_alphabets_stay() -> None:
    names = ["Château", "Žižkov", "Ελλάδα", "Санкт-Петербург"]
    assert lettered(names) == names


def test_a_sign_that_no_font_has_is_a_question_mark() -> None:
    assert lettered(["cat \U000f0000"]) == ["cat ?"]


def test_a_name_without_any_sign_that_can_be_drawn_is_given_by_its_place() -> None:
    assert lettered(["cat", "\U000f0000\U000f0001"]) == ["cat", "class 1"]


def test_a_long_name_loses_its_middle() -> None:
    short = shortened("Westminster Abbey seen from the north in the rain")
    assert short == "Westminster Abbey s…n the rain"
    assert len(short) == LONGEST
    assert shortened("x" * LONGEST) == "x" * LONGEST


@pytest.mark.parametrize("name", ["猫", "한국", "日本 a", "\U000f0000", "tab\tbed", "a\u200db", "😀"])
def test_what_is_shown_can_be_drawn_without_warnings(name: str) -> None:
    figure = new_figure(2, 1)
    figure.text(0, 0.5, lettered([name])[0], fontfamily=families(), parse_math=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.canvas.draw()


def test_file_names_stay_what_they_are_as_far_as_they_can_be_drawn() -> None:
    names = [
        "01.jpg",
        "09.Golden_Gate.JPG",
        "a  b.png",
        "e\u0301.png",
        "\U000f0000.png",
        os.fsdecode(b"\xe9.png"),
    ]
    shown = file_names([Path("somewhere") / name for name in names])
    assert shown == ["01.jpg", "09.Golden_Gate.JPG", "a  b.png", "é.png", "?.png", "?.png"]
    assert file_names([Path("IMG_20240611_123456789_portrait_HDR.jpg")]) == ["IMG_20240611_123456…it_HDR.jpg"]
    assert file_names([]) == []
