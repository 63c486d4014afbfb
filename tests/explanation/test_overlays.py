from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.explanation.maps import CONSTANT, EMPTY, UNDEFINED
from kclass.explanation.overlays import COVER, coloured, covered, overlay

PHOTO = np.random.default_rng(2).integers(0, 256, (16, 16, 3), dtype=np.uint8)
HEAT = np.array([[0, 0.5], [1, 2]], dtype=np.float32)


def draw(heat: NDArray[np.float32] = HEAT, **options: Any) -> Figure:
    usual: dict[str, Any] = {
        "title": "fiat 126 97.0 %",
        "subtitle": "Grad-CAM at conv64",
        "name": "fiat 126",
        "scale": 2.0,
    }
    return overlay(PHOTO, heat, **(usual | options))


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
    plain, covered, _ = draw(scale=4.0).axes
    assert [len(plain.images), len(covered.images)] == [1, 2]
    np.testing.assert_array_equal(plain.images[0].get_array(), PHOTO)
    np.testing.assert_array_equal(covered.images[1].get_array(), coloured(HEAT, scale=4, size=(16, 16)))


def test_the_photo_under_the_heat_is_paler_so_that_heat_is_not_taken_for_colour() -> None:
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 200
    _, covered, _ = overlay(red, HEAT, title="", subtitle="", name="", scale=2).axes
    # The grey of that red is .299 * 200 = 59.8: .7 of it and .3 of 200 or of 0.
    assert np.asarray(covered.images[0].get_array())[0, 0].tolist() == [102, 42, 42]


def test_heat_is_enlarged_between_the_middles_of_its_cells() -> None:
    heat = np.array([[0, 1]], dtype=np.float32)
    # Pixels' middles lie at 1/4, 3/4, 5/4, 7/4 of a cell; the cells' at 1/2 and 3/2.
    assert coloured(heat, scale=1, size=(1, 4))[0, :, 3] / COVER == pytest.approx(
        [0, 0.25, 0.75, 1], abs=1 / 255
    )


def test_cold_places_show_the_photo_and_hot_ones_hide_most_of_it() -> None:
    rgba = coloured(np.linspace(0, 1, 64, dtype=np.float32)[None], scale=1, size=(1, 64))[0]
    assert rgba[0, 3] == 0
    assert rgba[-1, 3] == COVER
    assert (np.diff(rgba[:, 3]) > 0).all()
    lightness = rgba[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()


def test_the_scale_is_not_the_peak_of_the_map() -> None:
    heat = np.array([[1]], dtype=np.float32)
    for scale, expected in ((1.0, 1.0), (2.0, 0.5), (4.0, 0.25), (0.5, 1.0)):
        alpha = coloured(heat, scale=scale, size=(1, 1))[0, 0, 3] / COVER
        assert alpha == pytest.approx(expected, abs=1 / 255)


def test_the_bar_tells_class_unit_and_scale() -> None:
    bar = draw(scale=4.0).axes[2]
    assert bar.get_ylabel() == "evidence for\nfiat 126\nin units of the logit"
    assert [label.get_text() for label in bar.get_yticklabels()] == ["0", "2", "4"]
    assert bar.get_ylim() == (0, 4)


def test_the_bar_says_that_hotter_places_look_the_same() -> None:
    bar = draw(scale=0.5).axes[2]
    assert [label.get_text() for label in bar.get_yticklabels()] == ["0", "0.25", "≥ 0.5"]


def test_title_and_subtitle_are_written_and_money_is_not_mathematics() -> None:
    figure = draw(title="$\\frac$ 1", subtitle="$^$", name="b$^$")
    figure.canvas.draw()
    assert figure.get_suptitle() == "$\\frac$ 1"
    assert figure.get_supxlabel() == "$^$"


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
    assert text.get_text() == verdict.replace(": ", ":\n")
    assert not bar.axison
    assert cut_off(figure) == []


@pytest.mark.parametrize("aspect", [0.1, 0.5625, 1.0, 1.5, 10.0])
def test_a_squashed_photo_gets_its_shape_back(aspect: float) -> None:
    assert size_of(draw(aspect=aspect)) == pytest.approx((aspect, aspect), rel=1e-3)


@pytest.mark.parametrize("aspect", [0.1, 0.5625, 1.0, 1.5, 10.0])
@pytest.mark.parametrize("heat", [HEAT, np.zeros((2, 2), np.float32)])
def test_nothing_written_is_cut_off(aspect: float, heat: NDArray[np.float32]) -> None:
    name = "Château de Chambord, Cour Royal"
    assert cut_off(draw(heat, aspect=aspect, name=name, title=f"{name} 99.9 %", scale=0.00012345)) == []


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


def test_the_photo_under_the_heat_as_pixels() -> None:
    photo = np.full((2, 2, 3), (200, 100, 50), np.uint8)
    heat = np.array([[0, 1], [2, 4]], np.float32)
    found = covered(photo, heat, scale=2.0)
    # Luma .299 * 200 + .587 * 100 + .114 * 50 is 124.2: 70 % of it and 30 % of each channel.
    assert found[0, 0].tolist() == [147, 117, 102]
    # The hottest colour, inferno's last (252, 255, 164), hides 80 %: .8 * 252 + .2 * 147 and so on.
    assert found[1, 0].tolist() == [231, 227, 152]
    assert found[1, 1].tolist() == found[1, 0].tolist()
    assert found[0, 0].tolist() != found[0, 1].tolist() != found[1, 1].tolist()
    empty = np.zeros((2, 2), np.float32)
    assert covered(photo, empty, scale=0.0).tolist() == photo.tolist()
    with pytest.raises(OptionError, match=r"scale is 0\.0; it must be above 0"):
        covered(photo, heat, scale=0.0)
