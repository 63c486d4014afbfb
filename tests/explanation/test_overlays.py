import itertools
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.explanation.heat import covered
from kclass.explanation.maps import CONSTANT, EMPTY, UNDEFINED
from kclass.explanation.methods import ANY_CLASS
from kclass.explanation.overlays import ShownMap, overlay

PHOTO = np.random.default_rng(2).integers(0, 256, (16, 16, 3), dtype=np.uint8)
HEAT = np.array([[0, 0.5], [1, 2]], dtype=np.float32)


def draw(*maps: NDArray[np.float32], **options: Any) -> Figure:
    usual: dict[str, Any] = {
        "subtitle": "a.jpg · Grad-CAM at conv64",
        "unit": "in units of the logit",
        "scale": 2.0,
    }
    name, caption = options.pop("name", "fiat 126"), options.pop("caption", "fiat 126 97.0%")
    shown = [ShownMap(heat, name, caption) for heat in maps or (HEAT,)]
    return overlay(PHOTO, shown, **(usual | options))


def size_of(figure: Figure) -> tuple[float, float]:
    """Width over height of both pictures, as they are drawn."""
    figure.canvas.draw()
    boxes = [axes.images[0].get_window_extent() for axes in figure.axes[:2]]
    return boxes[0].width / boxes[0].height, boxes[1].width / boxes[1].height


def cut_off(figure: Figure) -> list[str]:
    """What is written and does not lie wholly within the figure."""
    from matplotlib.text import Text

    assert isinstance(figure.canvas, FigureCanvasAgg)
    figure.canvas.draw()
    renderer, room = figure.canvas.get_renderer(), figure.bbox
    texts = [each for each in figure.findobj(Text) if isinstance(each, Text) and each.get_text().strip()]
    boxes = {each.get_text(): each.get_window_extent(renderer) for each in texts if each.get_visible()}
    return [
        text
        for text, box in boxes.items()
        if box.x0 < 0 or box.y0 < 0 or box.x1 > room.width or box.y1 > room.height
    ]


def test_the_photo_stands_beside_the_photo_under_the_heat() -> None:
    plain, under, _ = draw(scale=4.0).axes
    np.testing.assert_array_equal(plain.images[0].get_array(), PHOTO)
    np.testing.assert_array_equal(under.images[0].get_array(), covered(PHOTO, HEAT, scale=4))


def test_the_bar_tells_class_unit_and_scale() -> None:
    bar = draw(scale=4.0).axes[2]
    assert bar.get_ylabel() == "evidence for\nfiat 126\nin units of the logit"
    assert [label.get_text() for label in bar.get_yticklabels()] == ["0", "2", "4"]
    assert bar.get_ylim() == (0, 4)


def test_the_bar_says_that_hotter_places_look_the_same() -> None:
    bar = draw(scale=0.5).axes[2]
    assert [label.get_text() for label in bar.get_yticklabels()] == ["0", "0.25", "≥ 0.5"]


def test_title_and_subtitle_are_written_and_money_is_not_mathematics() -> None:
    figure = draw(caption="$\\frac$ 1", subtitle="$^$", name="b$^$")
    figure.canvas.draw()
    assert figure.get_suptitle() == "$\\frac$ 1"
    assert figure.get_supxlabel() == "$^$"
    several = draw(HEAT, HEAT, caption="$\\frac$ 1")
    several.canvas.draw()
    assert [text.get_text() for text in several.axes[1].texts] == ["$\\frac$ 1"]


@pytest.mark.parametrize(
    ("heat", "verdict"),
    [
        (np.zeros((2, 2), np.float32), EMPTY),
        (np.full((2, 2), 1e-9, np.float32), CONSTANT),
        (np.full((2, 2), np.nan, np.float32), UNDEFINED),
    ],
)
def test_a_map_that_shows_no_place_is_not_drawn_but_said(heat: NDArray[np.float32], verdict: str) -> None:
    figure = draw(heat, scale=float(heat.max()))
    _, covered, bar = figure.axes
    (image,) = covered.images
    np.testing.assert_array_equal(image.get_array(), PHOTO)
    (text,) = covered.texts
    assert " ".join(text.get_text().split()) == verdict.replace(":", "")
    assert not bar.axison
    assert cut_off(figure) == []


@pytest.mark.parametrize("aspect", [0.1, 0.5625, 1.0, 1.5, 10.0])
def test_a_squashed_photo_gets_its_shape_back(aspect: float) -> None:
    assert size_of(draw(aspect=aspect)) == pytest.approx((aspect, aspect), rel=1e-3)


@pytest.mark.parametrize("aspect", [0.1, 0.5625, 1.0, 1.5, 10.0])
@pytest.mark.parametrize("heat", [HEAT, np.zeros((2, 2), np.float32)])
def test_nothing_written_is_cut_off(aspect: float, heat: NDArray[np.float32]) -> None:
    name = "Château de Chambord, Cour Royal"
    assert cut_off(draw(heat, aspect=aspect, name=name, caption=f"{name} 99.9%", scale=0.00012345)) == []


@pytest.mark.parametrize("aspect", [0.0, -1.0, float("inf"), float("nan")])
def test_an_impossible_shape_is_an_error(aspect: float) -> None:
    with pytest.raises(OptionError) as caught:
        draw(aspect=aspect)
    assert str(caught.value) == f"aspect is {aspect}; it must be above 0"


@pytest.mark.parametrize("scale", [0.0, -1.0, float("inf"), float("nan")])
def test_a_scale_that_is_none_is_an_error(scale: float) -> None:
    with pytest.raises(OptionError) as caught:
        draw(scale=scale)
    assert str(caught.value) == f"scale is {scale}; it must be above 0\nUse the peak of the map."


def test_several_maps_stand_side_by_side_on_one_scale_each_under_its_class() -> None:
    hotter = HEAT * 3
    shown = [ShownMap(HEAT, "ash", "ash 70.0%"), ShownMap(hotter, "birch", "birch 20.0%")]
    figure = overlay(PHOTO, shown, subtitle="", unit="in units of the logit", scale=6.0)
    plain, *under, bar = figure.axes
    np.testing.assert_array_equal(plain.images[0].get_array(), PHOTO)
    for axes, heat in zip(under, (HEAT, hotter), strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), covered(PHOTO, heat, scale=6))
    words = [text.get_text() for axes in figure.axes[:3] for text in axes.texts]
    assert words == ["ash 70.0%", "birch 20.0%"]
    assert figure.get_suptitle() == ""
    assert bar.get_ylabel() == "evidence for\nthe class above\nin units of the logit"


def test_the_bar_says_that_some_of_several_maps_are_hotter() -> None:
    def ticks(*maps: NDArray[np.float32]) -> list[str]:
        return [label.get_text() for label in draw(*maps, scale=2.0).axes[-1].get_yticklabels()]

    assert ticks(HEAT, HEAT) == ["0", "1", "2"]
    assert ticks(HEAT, HEAT * 2) == ["0", "1", "≥ 2"]


def test_one_of_several_maps_that_shows_no_place_bears_its_verdict() -> None:
    figure = draw(HEAT, np.zeros((2, 2), np.float32))
    texts = [[text.get_text() for text in axes.texts] for axes in figure.axes[1:3]]
    assert texts[0] == ["fiat 126 97.0%"]
    assert [" ".join(text.split()) for text in texts[1]] == [EMPTY.replace(":", ""), "fiat 126 97.0%"]
    assert figure.axes[-1].axison
    assert not draw(np.zeros((2, 2), np.float32), np.zeros((2, 2), np.float32)).axes[-1].axison


def test_a_map_that_is_the_same_for_every_class_is_not_called_evidence_for_one() -> None:
    bar = draw(unit=ANY_CLASS).axes[2]
    assert bar.get_ylabel() == "activity\nin units of the layer's output\nwhatever the class"


LONG = "W" * 30
ROW = "Landmarks of the world as seen from the north by night · " * 4


@pytest.mark.parametrize("aspect", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("number", [1, 2, 5])
def test_words_that_are_too_long_lose_their_middle(aspect: float, number: int) -> None:
    figure = draw(*[HEAT] * number, aspect=aspect, name=LONG, caption=f"{LONG} 100.0%", subtitle=ROW)
    assert cut_off(figure) == []
    boxes = [text.get_window_extent() for axes in figure.axes[1:-1] for text in axes.texts if text.get_text()]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
    assert len(figure.get_supxlabel()) <= len(ROW)


@pytest.mark.parametrize("aspect", [0.1, 1.0, 10.0])
def test_verdicts_stay_within_the_room_of_their_photos(aspect: float) -> None:
    figure = draw(*[np.full((2, 2), np.nan, np.float32)] * 3, aspect=aspect)
    assert cut_off(figure) == []
    boxes = [axes.texts[0].get_window_extent() for axes in figure.axes[1:-1]]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


def test_many_maps_take_several_rows() -> None:
    figure = draw(*[HEAT] * 8)
    places = [axes.get_position() for axes in figure.axes[:-1]]
    rows = sorted({round(place.y0, 3) for place in places}, reverse=True)
    assert [sum(round(place.y0, 3) == row for place in places) for row in rows] == [6, 3]
    assert figure.axes[-1].get_position().y0 == places[0].y0
    assert cut_off(figure) == []


def test_there_is_something_to_show() -> None:
    with pytest.raises(OptionError) as caught:
        overlay(PHOTO, [], subtitle="", unit="", scale=1.0)
    assert str(caught.value) == "there is no map to show\nGive one or more."
