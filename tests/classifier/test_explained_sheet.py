from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import kclass
from kclass.explanation.maps import UNDEFINED
from kclass.plots.saving import save_png

SIZE = 40
HEAT = np.array([[0, 1], [0, 2]], np.float32)


def explained(name: str = "a.jpg", heat: NDArray[np.float32] = HEAT, **others: Any) -> kclass.Explained:
    colour = np.array((200, 40, 40), np.uint8)
    usual: dict[str, Any] = {
        "path": Path("photos") / name,
        "label": "09.Golden_Gate",
        "index": 9,
        "probability": 0.75,
        "heat": heat,
        "photo": np.tile(colour, (SIZE, SIZE, 1)),
        "aspect": 1.0,
        "layer": "top",
        "method": "Grad-CAM",
        "unit": "in units of the logit",
    }
    return kclass.Explained(**(usual | others))


def words(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.texts]


def captions(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def canvas(figure: Any) -> NDArray[np.uint8]:
    return np.concatenate([image.get_array() for image in figure.axes[0].images])


def ticks(figure: Any) -> list[str]:
    return [label.get_text() for label in figure.axes[1].get_xticklabels()]


def test_each_photo_stands_beside_its_map_with_its_name_class_and_probability() -> None:
    figure = kclass.contact_sheet([explained("a.jpg"), explained("b.jpg", label="ash", index=0)])
    assert sorted(captions(figure)) == sorted(
        ["", "a.jpg", "Golden Gate", "75.0%", "", "b.jpg", "ash", "75.0%"]
    )
    assert words(figure) == [
        "evidence for the class above each map, in units of the logit, on one scale for all",
        "Grad-CAM at top",
    ]
    assert ticks(figure) == ["0", "1", "2"]


def test_all_maps_share_one_scale() -> None:
    weak, strong = explained(), explained(heat=HEAT * 4)

    def under(figure: Any, place: int) -> NDArray[np.uint8]:
        """The corner of a map where it is hottest."""
        pixels = canvas(figure)
        return pixels[-3, (pixels.shape[1] if place else pixels.shape[1] // 2) - 30]

    both = kclass.contact_sheet([weak, strong])
    alone = kclass.contact_sheet([weak, weak])
    assert ticks(both) == ["0", "4", "8"]
    assert under(both, 1).tolist() == under(alone, 1).tolist()
    assert under(both, 0).tolist() != under(alone, 0).tolist()
    given = kclass.contact_sheet([weak, strong], scale=2.0)
    assert ticks(given) == ["0", "1", "≥ 2"]
    assert under(given, 0).tolist() == under(given, 1).tolist()


def test_a_few_maps_that_are_far_hotter_leave_the_others_in_sight() -> None:
    # Peaks of 2, 4, … 40, and of 400: of 21 photos 19 are nine tenths, so the scale is the 19th's.
    photos = [explained(heat=HEAT * factor) for factor in (*range(1, 21), 200)]
    assert ticks(kclass.contact_sheet(photos)) == ["0", "19", "≥ 38"]
    nothing = explained(heat=np.zeros((2, 2), np.float32))
    assert ticks(kclass.contact_sheet([*photos, *[nothing] * 30])) == ["0", "19", "≥ 38"]
    # Of up to nine photos it is the hottest; and a class that is less probable changes nothing.
    assert ticks(kclass.contact_sheet(photos[:9])) == ["0", "9", "18"]
    tops = [kclass.ExplainedTop((each, nothing, explained(heat=HEAT / 9))) for each in photos]
    assert ticks(kclass.contact_sheet(tops)) == ["0", "19", "≥ 38"]


def test_several_classes_of_a_photo_stand_in_one_row() -> None:
    top = kclass.ExplainedTop((explained(), explained(label="ash", probability=0.2, index=0)))
    figure = kclass.contact_sheet([top, top])
    assert [text for text in captions(figure) if text] == [
        "a.jpg",
        "75.0%",
        "Golden Gate",
        "20.0%",
        "ash",
    ] * 2
    fewer = kclass.contact_sheet([explained(), top])
    assert [text for text in captions(fewer) if text].count("a.jpg") == 2


def test_the_first_photos_are_shown_and_the_sheet_says_of_how_many() -> None:
    photos = [explained(f"{place}.jpg") for place in range(5)]
    figure = kclass.contact_sheet(iter(photos), number=2)
    assert words(figure)[0] == "2 of 5 photos"
    assert [text for text in captions(figure) if text.endswith(".jpg")] == ["0.jpg", "1.jpg"]
    assert words(kclass.contact_sheet(photos, of=7))[0] == "5 of 7 photos"
    assert words(kclass.contact_sheet(photos, of=5))[0].startswith("evidence")


def test_photos_that_cannot_be_read_are_left_out() -> None:
    figure = kclass.contact_sheet([kclass.PhotoError("broken"), explained()])
    assert [text for text in captions(figure) if text] == ["a.jpg", "75.0%", "Golden Gate"]
    with pytest.raises(kclass.DataError, match="there are no photos to draw"):
        kclass.contact_sheet([kclass.PhotoError("broken")])


def test_a_map_that_shows_no_place_is_said_to_in_its_caption() -> None:
    nothing = explained(heat=np.zeros((2, 2), np.float32))
    figure = kclass.contact_sheet([nothing, explained()])
    assert "75.0% · empty map" in captions(figure)
    undefined = explained(heat=np.full((2, 2), np.nan, np.float32))
    assert undefined.verdict == UNDEFINED
    without = kclass.contact_sheet([nothing, undefined])
    assert "75.0% · undefined map" in captions(without)
    assert len(without.axes) == 1  # no bar, for there is no heat


def test_photos_keep_their_shape_on_white() -> None:
    wide = kclass.contact_sheet([explained(aspect=4.0)])
    square = kclass.contact_sheet([explained()])
    tall = kclass.contact_sheet([explained(aspect=0.25)])
    # Pictures of 2.6 inches, 150 dots an inch: 390, or a quarter of it.
    assert canvas(square).shape[0] - canvas(wide).shape[0] == pytest.approx(390 * 3 / 4, abs=2)
    assert canvas(tall).shape == canvas(square).shape
    assert (canvas(tall)[:, 200:300] == 255).all()


def test_maps_of_several_units_have_no_common_scale() -> None:
    other = replace(explained(), unit="on the method's own scale")
    with pytest.raises(kclass.OptionError) as raised:
        kclass.contact_sheet([explained(), other])
    assert raised.value.message == (
        "the maps are in units of the logit and on the method's own scale, so no scale is one for all"
    )
    assert raised.value.fix == "Explain all photos by one method."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"number": 0}, "number is 0; it must be from 1 to 500"),
        ({"number": 501}, "number is 501; it must be from 1 to 500"),
        ({"scale": 0.0}, "scale is 0.0; it must be above 0"),
        ({"scale": float("nan")}, "scale is nan; it must be above 0"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.contact_sheet([explained()], **options)
    assert raised.value.message == message


def test_the_sheet_is_written_whatever_the_names(tmp_path: Path) -> None:
    names = ["x" * 200 + ".jpg", "写真.jpg", "$a$.jpg"]
    photos = [explained(name, label="Ελληνικά_" * 9, index=300) for name in names]
    save_png(kclass.contact_sheet(photos), tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
