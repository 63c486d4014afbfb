import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import pytest

from kclass.plots.figures import new_figure, prepare_matplotlib
from kclass.plots.saving import save_png

DRAW = """
import sys
from pathlib import Path
import numpy as np
from kclass.plots.confusion import confusion_matrix
from kclass.plots.saving import save_png
assert "matplotlib" not in sys.modules, "imported too early"
save_png(confusion_matrix(np.eye(2, dtype=np.int64), ["a", "b"]), Path(sys.argv[1]))
assert "matplotlib.pyplot" not in sys.modules, "pyplot has global state"
"""


def draw_elsewhere(home: Path, picture: Path, **more: str) -> None:
    """Draw in a fresh process whose home folder is empty."""
    hidden = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "KCLASS_CACHE", "MPLCONFIGDIR")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"HOME": str(home), "USERPROFILE": str(home)} | more
    subprocess.run([sys.executable, "-c", DRAW, str(picture)], env=environment, check=True)


def files_in(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.skipif(sys.platform != "linux", reason="the place of the cache is that of Linux")
def test_nothing_is_written_to_the_home_folder_but_in_the_cache_of_kclass(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    draw_elsewhere(home, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 0
    assert {path.parent for path in files_in(home)} == {Path(".cache/kclass/matplotlib")}
    assert sorted(path.name for path in home.iterdir()) == [".cache"]
    assert sorted(path.name for path in (home / ".cache").iterdir()) == ["kclass"]


def test_the_list_of_fonts_follows_the_cache(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    draw_elsewhere(home, tmp_path / "picture.png", KCLASS_CACHE=str(tmp_path / "cache"))
    assert files_in(home) == set()
    assert any(path.name.startswith("fontlist") for path in files_in(tmp_path / "cache" / "matplotlib"))


def test_a_folder_that_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "matplotlib", raising=False)
    monkeypatch.setenv("MPLCONFIGDIR", "/elsewhere")
    prepare_matplotlib()
    assert os.environ["MPLCONFIGDIR"] == "/elsewhere"


def test_nothing_changes_once_matplotlib_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib  # noqa: F401

    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    prepare_matplotlib()
    assert "MPLCONFIGDIR" not in os.environ


def test_a_figure_has_the_size_asked_for_and_can_be_drawn() -> None:
    figure = new_figure(3, 2)
    figure.canvas.draw()
    assert figure.get_size_inches().tolist() == [3, 2]


@pytest.mark.parametrize(("layout", "draws"), [("constrained", 2), ("none", 1)])
def test_only_a_figure_that_lays_itself_out_is_drawn_twice(
    layout: Literal["constrained", "none"], draws: int, tmp_path: Path
) -> None:
    figure = new_figure(3, 2, layout=layout)
    drawn: list[Any] = []
    artist = figure.text(0, 0, "a")
    artist.draw = drawn.append
    save_png(figure, tmp_path / "picture.png")
    assert len(drawn) == draws
