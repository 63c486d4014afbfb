from pathlib import Path

import pytest
from PIL import Image

from kclass.errors import OutputError
from kclass.plots.figures import new_figure
from kclass.plots.saving import DPI, save_png


def test_a_figure_is_written_as_png_in_its_size(tmp_path: Path) -> None:
    save_png(new_figure(3, 2), tmp_path / "new" / "figure.png")
    with Image.open(tmp_path / "new" / "figure.png") as image:
        assert image.format == "PNG"
        assert image.size == (3 * DPI, 2 * DPI)


def test_it_is_a_png_whatever_it_is_called(tmp_path: Path) -> None:
    save_png(new_figure(1, 1), tmp_path / "figure")
    with Image.open(tmp_path / "figure") as image:
        assert image.format == "PNG"


def test_a_place_that_cannot_be_written_to_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        save_png(new_figure(1, 1), tmp_path / "file" / "figure.png")
