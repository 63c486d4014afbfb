from pathlib import Path

import pytest
from processes import KCLASS, run
from small_fits import SmallFit

# What keeps libraries from the home folder here, and would hide what they do to a user's.
SET_BY_TESTS = (
    "CI",
    "KCLASS_CACHE",
    "MPLCONFIGDIR",
    "KERAS_HOME",
    "TF_CPP_MIN_LOG_LEVEL",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
)


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Each file with when it was changed and what it holds."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def test_nothing_is_written_into_the_home_folder_but_the_own_cache(
    fitted: SmallFit, home: Path, tmp_path: Path
) -> None:
    before = state(fitted.data)
    place = tmp_path / "place"
    place.mkdir()
    variables = {"HOME": str(home), **dict.fromkeys(SET_BY_TESTS)}
    model = ("--model", "run/model.keras")
    commands = {
        ("fit", str(fitted.data), "--out", "run"): "Next: kclass predict PHOTO --model run/model.keras\n",
        ("predict", str(fitted.photo), *model): "",
        ("predict", str(fitted.photo), *model, "--explain", "maps"): "Overlays: maps\n",
    }
    for arguments, says in commands.items():
        ended = run(*KCLASS, *arguments, cwd=place, variables=variables)
        assert ended.returncode == 0, ended.stderr
        assert ended.stderr == says  # and not what TensorFlow and oneDNN say when they start
        written = {path.relative_to(home) for path in home.rglob("*") if path.is_file()}
        outside = {path for path in written if path.parts[:2] != (".cache", "kclass")}
        assert outside == set(), arguments
    assert written, "the cache was not used"
    assert {path.name for path in place.iterdir()} == {"run", "maps"}
    assert state(fitted.data) == before
