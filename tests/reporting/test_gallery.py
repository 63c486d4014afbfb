import base64
import io
from pathlib import Path

import numpy as np
from made_up_runs import three_trees
from PIL import Image
from small_fits import SmallFit

from kclass.progress import silent
from kclass.reporting.gallery import LONGER_SIDE, chosen_rows, hang
from kclass.reporting.run_reading import read_run


def opened(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text)))


def test_wrong_photos_hang_first_then_the_surest_right_one_of_each_class(tmp_path: Path) -> None:
    # Row 2 is wrong. The surest right ones are 0 (ash, .9), 4 (cedar, .9) and 3 (birch, .8), then 1 (ash).
    assert chosen_rows(read_run(three_trees(tmp_path / "run")).splits["valid"]) == [2, 0, 4, 3, 1]


def test_a_photo_hangs_beside_its_map_in_its_own_shape(fitted: SmallFit) -> None:
    valid = read_run(fitted.run).splits["valid"]
    files = [fitted.data / path for path in valid.paths]
    gallery = hang(fitted.classifier, valid, files, fitted.classifier.classes, progress=silent)
    assert gallery.method.startswith("Grad-CAM at ")
    assert gallery.unit == "in units of the logit"
    # From the grey of the ground, .5, to inferno's last, (.988, .998, .645), which hides four fifths of it:
    # 255 * (.8 * .988 + .2 * .5) = 227, and so 229 and 157.
    assert (gallery.colours[0], gallery.colours[-1]) == ("#808080", "#e3e59d")
    assert [each.row for each in gallery.photos] == chosen_rows(valid)
    for each in gallery.photos:
        assert each.label == fitted.classifier.classes[valid.predicted[each.row]]
        photo = opened(each.photo)
        # Photos of 48 by 30 pixels, as the network saw them: 320 wide, here 220.
        assert photo.size[0] == LONGER_SIDE and abs(photo.size[1] - LONGER_SIDE * 30 / 48) <= 1
        if each.heat:
            under = opened(each.heat)
            assert under.size == photo.size and each.peak > 0
            assert abs(np.asarray(under, float) - np.asarray(photo, float)).mean() > 3
        else:
            assert each.verdict


def test_a_photo_that_is_gone_leaves_its_place_empty(fitted: SmallFit) -> None:
    valid = read_run(fitted.run).splits["valid"]
    files = [fitted.data / "gone" / path for path in valid.paths]
    gallery = hang(fitted.classifier, valid, files, fitted.classifier.classes, progress=silent)
    assert {(each.photo, each.heat) for each in gallery.photos} == {("", "")}
