import io
import itertools
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from kclass.errors import OptionError
from kclass.plots.photo_grid import broken, caption_size, photo_grid

COLOURS = np.array([(200, 30, 30), (30, 200, 30), (30, 30, 200), (90, 90, 20), (20, 90, 90)], np.uint8)
DPI = 50


def plain(number: int, height: int = 16, width: int = 16) -> NDArray[np.uint8]:
    """Photos of one colour each."""
    return np.tile(COLOURS[:number, None, None], (1, height, width, 1))


def drawn(figure: Figure) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return np.array(Image.open(buffer).convert("RGB"))


def boxes(picture: NDArray[np.uint8], number: int) -> list[tuple[int, int, int, int]]:
    """Where each colour lies: left, top, right and bottom in pixels."""
    found = []
    for colour in COLOURS[:number]:
        rows, columns = np.nonzero((np.abs(picture.astype(int) - colour) < 6).all(axis=2))
        found.append((columns.min(), rows.min(), columns.max(), rows.max()))
    return found


def test_photos_lie_row_by_row_in_their_size() -> None:
    places = boxes(drawn(photo_grid(plain(5), [""] * 5, columns=3)), 5)
    lefts, tops = [left for left, *_ in places], [top for _, top, *_ in places]
    assert lefts[0] < lefts[1] < lefts[2]
    assert lefts[3:] == pytest.approx(lefts[:2], abs=1)
    assert tops[0] == tops[1] == tops[2] < tops[3] == tops[4]
    for left, top, right, bottom in places:
        assert (right - left, bottom - top) == pytest.approx((1.6 * DPI, 1.6 * DPI), abs=3)


def test_photos_keep_their_shape() -> None:
    ((left, top, right, bottom),) = boxes(drawn(photo_grid(plain(1, 20, 40), ["wide"], columns=1)), 1)
    assert (right - left) / (bottom - top) == pytest.approx(2, abs=0.1)


def test_columns_in_front_can_be_set_apart() -> None:
    def gaps(apart: int) -> list[int]:
        places = boxes(drawn(photo_grid(plain(3), [""] * 3, columns=3, apart=apart)), 3)
        return [places[1][0] - places[0][2], places[2][0] - places[1][2]]

    together, first, two = gaps(0), gaps(1), gaps(2)
    assert together[0] == pytest.approx(together[1], abs=1)
    assert first[0] > together[0] + 10
    assert first[1] == pytest.approx(together[1], abs=1)
    assert two[1] > together[1] + 10


def test_columns_can_be_set_apart_in_groups() -> None:
    def gaps(group: int) -> list[int]:
        places = boxes(drawn(photo_grid(plain(5), [""] * 5, columns=5, group=group)), 5)
        return [right[0] - left[2] for left, right in itertools.pairwise(places)]

    together, pairs = gaps(0), gaps(2)
    assert together[0] == pytest.approx(together[1], abs=1)
    assert [pairs[0], pairs[2]] == pytest.approx([together[0], together[2]], abs=1)
    assert min(pairs[1], pairs[3]) > together[1] + 10


def test_room_is_left_above_all() -> None:
    tops = {}
    for room in (0.0, 0.5):
        figure = photo_grid(plain(1), ["ash"], columns=1, heading=["Trees"], room=room)
        ((_, tops[room], _, _),) = boxes(drawn(figure), 1)
        (heading,) = figure.texts
        below = figure.bbox.height - heading.get_window_extent().y1
        assert below / figure.dpi == pytest.approx(room + 0.15, abs=0.05)
    assert tops[0.5] - tops[0.0] == pytest.approx(0.5 * DPI, abs=1)


def test_rows_without_captions_leave_no_room_for_them() -> None:
    def height(captions: list[str]) -> float:
        return float(photo_grid(plain(4), captions, columns=2).get_size_inches()[1])

    none, one, both = height([""] * 4), height(["a", "", "", ""]), height(["a", "", "b", ""])
    assert one - none == pytest.approx(both - one)
    assert one > none


def test_captions_stand_above_their_photos_and_the_heading_above_all() -> None:
    figure = photo_grid(plain(4), ["ash", "birch", "", "cedar"], columns=2, heading=["Trees", "of all kinds"])
    drawn(figure)
    axes = figure.axes[0]
    words = {text.get_text(): text.get_window_extent() for text in axes.texts}
    photos = axes.get_window_extent()
    assert words["ash"].x0 == pytest.approx(photos.x0, abs=2)
    assert words["birch"].x0 > photos.x0 + photos.width / 2
    assert words["ash"].y0 > words["cedar"].y0
    # Row by row from above: caption, photo, caption, photo; nothing lies on anything else.
    assert words["ash"].y1 <= photos.y1
    headings = [text.get_window_extent() for text in figure.texts]
    assert [text.get_text() for text in figure.texts] == ["Trees", "of all kinds"]
    assert headings[0].y0 >= headings[1].y1 - 2
    assert headings[1].y0 > words["ash"].y1


@pytest.mark.parametrize("name", ["W" * 30, "Stenocereus thurberi littoralis", "a$b$c_^"])
def test_long_captions_are_no_wider_than_their_photo(name: str) -> None:
    figure = photo_grid(plain(2), [name, name], columns=2)
    drawn(figure)
    first, second = (text.get_window_extent() for text in figure.axes[0].texts)
    # Thirty capitals W are half as wide again as letters are on average.
    assert first.x1 < second.x0 or name.startswith("W")
    assert figure.axes[0].texts[0].get_text() == name


def test_short_captions_are_as_large_as_long_ones_allow() -> None:
    assert caption_size(["ash", "birch"]) == caption_size([]) == 9
    assert 5 <= caption_size(["x" * 30]) < 9
    assert caption_size(["x" * 300]) == 5
    assert caption_size(["日" * 20]) < caption_size(["x" * 20])


def test_long_headings_are_broken_between_words() -> None:
    # 0.62 of 10 points a letter: 11 letters an inch.
    assert broken("one two three four", width=1, points=10) == ["one two", "three four"]
    assert broken("unbreakableword", width=0.1, points=10) == ["unbreakableword"]
    assert broken("", width=1, points=10) == []
    heading = "rotation, zoom and warp " * 5
    figure = photo_grid(plain(1), [""], columns=1, heading=[heading])
    drawn(figure)
    width = figure.get_window_extent().width
    assert len(figure.texts) > 3
    assert all(text.get_window_extent().x1 <= width for text in figure.texts)


@pytest.mark.parametrize(("photos", "captions", "columns"), [(0, 0, 1), (2, 1, 1), (2, 2, 0)])
def test_grids_that_are_none_are_refused(photos: int, captions: int, columns: int) -> None:
    with pytest.raises(OptionError, match=f"a grid of {photos} photos, {captions} captions and {columns}"):
        photo_grid(plain(photos), [""] * captions, columns=columns)


def extents(figure: Figure, dpi: int = DPI) -> dict[str, Any]:
    """Where each line of a caption is drawn, in pixels from below."""
    figure.set_dpi(dpi)
    figure.canvas.draw()
    return {text.get_text(): text.get_window_extent() for text in figure.axes[0].texts}


def test_the_lines_of_a_caption_stand_one_below_the_other_above_their_photo() -> None:
    figure = photo_grid(plain(4), ["ash\n1.5", "birch\n2.5", "cedar\n3.5", "4.5"], columns=2)
    words = extents(figure)
    for first, second in (("ash", "1.5"), ("birch", "2.5"), ("cedar", "3.5")):
        assert words[first].x0 == pytest.approx(words[second].x0, abs=2)
        assert words[first].y0 > words[second].y1 - 1
    # A caption with fewer lines than others in its row stands at its photo.
    assert words["4.5"].y0 == pytest.approx(words["3.5"].y0, abs=1)
    height = figure.get_window_extent().height
    tops = [height - top for _, top, *_ in boxes(drawn(figure), 4)]
    assert words["1.5"].y0 >= tops[0] - 1
    assert words["3.5"].y0 >= tops[2] - 1
    assert words["ash"].y1 <= height


def test_each_further_line_takes_the_same_room() -> None:
    def height(caption: str) -> float:
        return float(photo_grid(plain(1), [caption], columns=1).get_size_inches()[1])

    one, two, three = height("a"), height("a\nb"), height("a\nb\nc")
    assert three - two == pytest.approx(two - one)
    assert two > one


@pytest.mark.parametrize("dpi", [100, 150])
@pytest.mark.parametrize(
    "line", ["W" * 60, "x" * 24, "Golden Gate Bridge / Westminster", "Санкт-Петербург 97.4%", "0" * 40]
)
def test_a_line_of_several_does_not_reach_the_photo_beside(line: str, dpi: int) -> None:
    figure = photo_grid(plain(2), [f"{line}\n9.9", "ash\n1.1"], columns=2)
    words = extents(figure, dpi)
    (long,) = (extent for text, extent in words.items() if text[0] == line[0] and text != "ash")
    # Letters begin at the photo's edge; it is 1.6 inches wide, and the next one begins .08 further on.
    assert long.x1 - long.x0 < 1.68 * dpi
    assert words["ash"].x0 - long.x0 == pytest.approx(1.68 * dpi, abs=2)


def test_letters_shrink_before_a_line_is_cut() -> None:
    name = "W" * 20  # 20 of .989 em: at 5 points as wide as 1.37 inches
    figure = photo_grid(plain(1), [f"{name}\n1"], columns=1)
    first, second = figure.axes[0].texts
    assert first.get_text() == "1"
    assert second.get_text() == name
    assert 5 <= second.get_fontsize() == first.get_fontsize() < 9


def test_photos_can_be_larger() -> None:
    figure = photo_grid(plain(2), ["W" * 20 + "\n1"] * 2, columns=2, side=2.6)
    for left, top, right, bottom in boxes(drawn(figure), 2):
        assert (right - left, bottom - top) == pytest.approx((2.6 * DPI, 2.6 * DPI), abs=3)
    small = photo_grid(plain(2), ["W" * 20 + "\n1"] * 2, columns=2)
    assert figure.axes[0].texts[0].get_fontsize() > small.axes[0].texts[0].get_fontsize()
    assert caption_size(["x" * 30], side=2.6) > caption_size(["x" * 30])
