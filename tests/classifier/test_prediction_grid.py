import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import kclass
from kclass.classifier.prediction import Guess, Prediction
from kclass.classifier.predictions import Predictions

RED, BLUE, GREY = (220, 20, 30), (20, 40, 210), (127, 127, 127)


def saved(path: Path, size: tuple[int, int], colour: tuple[int, int, int]) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


def predictions(*paths: Path, label: str = "bees", index: int = 0) -> Predictions:
    return Predictions(
        tuple(Prediction(path, (Guess(label, index, 0.974), Guess("ants", 1, 0.026))) for path in paths), ()
    )


def words(figure: Any) -> list[str]:
    texts = figure.axes[0].texts
    return [text.get_text() for text in sorted(texts, key=lambda one: one.get_position()[1])]


def box(figure: Any, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Where a plain surface of a colour lies in the picture: left, top, width and height."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    picture = np.array(Image.open(buffer).convert("RGB")).astype(int)
    same = (np.abs(picture - colour) < 6).all(axis=2)
    same &= same.sum(axis=1, keepdims=True) > 30  # the edges of letters are of all greys
    rows, columns = np.nonzero(same)
    return columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1


def test_photos_are_titled_by_their_file_and_the_class_with_its_probability(tmp_path: Path) -> None:
    paths = [saved(tmp_path / name, (8, 8), RED) for name in ("09.b_1.png", "a.png")]
    figure = predictions(*paths).plot()
    assert words(figure) == ["09.b_1.png", "a.png", "bees 97.4%", "bees 97.4%"]
    assert figure.texts == []


def test_what_is_unsure_is_titled_so(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", (8, 8), RED)
    found = Prediction(path, (Guess("bees", 0, 0.974),), threshold=0.98)
    assert words(Predictions((found,), ()).plot()) == ["a.png", "unsure: bees 97.4%"]


def test_photos_are_shown_whole_and_in_shape(tmp_path: Path) -> None:
    tall, wide = saved(tmp_path / "a.png", (30, 90), RED), saved(tmp_path / "b.png", (80, 40), BLUE)
    figure = predictions(tall, wide).plot()
    left, top, width, height = box(figure, RED)
    assert height / width == pytest.approx(3, rel=0.03)
    other_left, other_top, other_width, other_height = box(figure, BLUE)
    assert other_width / other_height == pytest.approx(2, rel=0.03)
    assert left < other_left
    assert top < other_top
    assert box(figure, GREY)[3] == pytest.approx(height, abs=2)


def test_only_the_first_are_shown_and_the_heading_says_so(tmp_path: Path) -> None:
    paths = [saved(tmp_path / f"{place}.png", (8, 8), RED) for place in range(5)]
    figure = predictions(*paths).plot(number=2)
    assert words(figure)[:2] == ["0.png", "1.png"]
    assert [text.get_text() for text in figure.texts] == ["2 of 5 photos"]
    usual = predictions(*paths[:1] * 61).plot()
    assert len(usual.axes[0].texts) == 120
    assert [text.get_text() for text in usual.texts] == ["60 of 61 photos"]


@pytest.mark.parametrize("number", [0, 501])
def test_numbers_that_are_none_are_refused(number: int) -> None:
    with pytest.raises(kclass.OptionError, match=f"number is {number}; it must be from 1 to 500"):
        predictions(Path("a.png")).plot(number=number)


def test_a_photo_that_is_gone_is_an_empty_square_that_says_so(tmp_path: Path) -> None:
    figure = predictions(tmp_path / "gone.png", saved(tmp_path / "a.png", (8, 8), RED)).plot()
    assert words(figure) == ["gone.png", "a.png", "cannot be read any more", "bees 97.4%"]
    left, top, width, height = box(figure, RED)
    other_left, other_top, *size = box(figure, (225, 225, 225))
    assert size == pytest.approx([width, height], abs=2)
    assert (other_left < left, other_top) == (True, pytest.approx(top, abs=2))


def test_of_no_photo_there_is_no_picture() -> None:
    with pytest.raises(kclass.DataError) as raised:
        Predictions((), ()).plot()
    assert raised.value.message == "there are no photos to draw"
    assert Predictions((), ())._repr_png_() is None


def test_a_notebook_shows_the_picture(tmp_path: Path) -> None:
    png = predictions(saved(tmp_path / "a.png", (8, 8), RED))._repr_png_()
    assert png is not None
    assert png.startswith(b"\x89PNG")


def test_names_of_any_script_and_length_are_drawn_without_warnings(tmp_path: Path) -> None:
    names = ["猫の写真.png", "x" * 200 + ".png", "Ελλάδα \u0301.png", "a$b$^_.png", "two\nlines.png"]
    paths = [saved(tmp_path / name, (8, 8), RED) for name in names]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = predictions(*paths, label="\U000f0000\U000f0001", index=7).plot()
        figure.savefig(io.BytesIO(), format="png")
    assert words(figure).count("class 7 97.4%") == 5
    assert len(figure.axes[0].texts) == 10
