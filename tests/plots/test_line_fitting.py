import pytest
from hypothesis import given
from hypothesis import strategies as st

from kclass.plots.figures import new_figure
from kclass.plots.lettering import families
from kclass.plots.line_fitting import cut, width_in_ems

LETTERS = st.text("abcWMil09_.- éЖ/", max_size=80)


@pytest.mark.parametrize("text", ["W" * 20, "iiiiiiiiii", "Golden Gate Bridge / Эрмитаж", "a$b$c_^"])
def test_a_line_is_as_wide_as_it_is_drawn(text: str) -> None:
    figure = new_figure(6, 1)
    figure.set_dpi(1200)  # where letters on whole pixels are where they should be
    drawn = figure.text(0, 0.5, text, fontsize=10, fontfamily=families(), parse_math=False)
    wide = drawn.get_window_extent().width / figure.get_dpi() * 72 / 10
    assert width_in_ems(text) == pytest.approx(wide, rel=0.02)


def test_a_line_that_fits_stays_as_it_is() -> None:
    assert cut("Golden Gate Bridge", ems=width_in_ems("Golden Gate Bridge")) == "Golden Gate Bridge"
    assert cut("", ems=0) == ""


def test_a_line_that_is_too_long_loses_its_middle() -> None:
    assert cut("IMG_20240611_123456789.jpg", ems=9) == "IMG_20…789.jpg"


def test_each_part_keeps_its_beginning_and_its_end() -> None:
    line = "Westminster Abbey in the rain / bees"
    # The short part is left alone until both are of one length.
    assert cut(line, ems=14) == "Westminst… the rain / bees"
    assert cut(line, ems=1) == "W…n / b…s"


def test_what_was_left_out_before_is_left_out_once() -> None:
    line = "Westminster Abbey s…n the rain 97.4%"
    for ems in range(3, 22):
        assert cut(line, ems=ems).count("…") == 1
        assert cut(line, ems=ems).endswith("%")


@given(LETTERS, st.floats(4, 30))
def test_a_line_that_was_cut_fits(line: str, ems: float) -> None:
    line = line.replace(" / ", "")
    short = cut(line, ems=ems)
    assert width_in_ems(short) <= ems
    assert len(short) <= len(line)
    assert short == line or (short[0], short[-1]) == (line[0], line[-1])
