import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_fits import SmallFit

import kclass


@pytest.fixture(scope="module")
def top(fitted: SmallFit) -> kclass.ExplainedTop:
    return kclass.load(fitted.model).explain_top(fitted.photo)


def test_all_maps_are_drawn_on_the_scale_of_the_hottest(top: kclass.ExplainedTop) -> None:
    assert top.scale == max(float(each.heat.max()) for each in top)
    figure = top.plot()
    *_, bar = figure.axes
    assert len(figure.axes) == 1 + 3 + 1
    assert bar.get_ylim() == (0, pytest.approx(top.scale))
    assert top.plot(scale=7.5).axes[-1].get_ylim() == (0, 7.5)
    captions = [axes.texts[0].get_text() for axes in figure.axes[1:4]]
    assert captions == [f"{each.label} {each.probability:.1%}" for each in top]
    with pytest.raises(kclass.OptionError, match=r"scale is 0\.0; it must be above 0"):
        top.plot(scale=0.0)


def test_maps_that_show_no_place_have_no_part_in_the_scale(top: kclass.ExplainedTop) -> None:
    undefined = replace(top.maps[0], heat=np.full((7, 7), np.nan, np.float32))
    assert kclass.ExplainedTop((undefined, top.maps[1])).scale == top.maps[1].scale
    nothing = kclass.ExplainedTop((undefined, undefined))
    assert nothing.scale == 0
    assert not nothing.plot().axes[-1].axison


def test_the_picture_is_written_as_png_and_shown_in_notebooks(
    top: kclass.ExplainedTop, tmp_path: Path
) -> None:
    path = top.save(str(tmp_path / "maps" / "top.png"))
    assert path == tmp_path / "maps" / "top.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert top._repr_png_().startswith(b"\x89PNG")
    assert path.read_bytes() != top.save(tmp_path / "other.png", scale=100.0).read_bytes()


def test_plain_data_has_each_map_and_their_scale(top: kclass.ExplainedTop) -> None:
    plain = top.to_dict()
    assert set(plain) == {"path", "scale", "maps"}
    assert plain["maps"] == [each.to_dict() for each in top]
    assert (plain["path"], plain["scale"]) == (str(top.path), top.scale)
    assert json.loads(json.dumps(plain)) == plain


def test_the_representation_names_the_classes(top: kclass.ExplainedTop) -> None:
    assert len(top) == 3
    words = ", ".join(f"{each.label} {each.probability:.1%}" for each in top)
    assert repr(top) == f"ExplainedTop({top.path}: {words})"
