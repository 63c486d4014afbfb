from pathlib import Path

import processes
import pytest

IMPORT = "from kclass.keras_import import import_keras; import_keras()"

# What keeps Keras and matplotlib from the home folder in these tests.
SET_BY_TESTS = dict.fromkeys(
    ("KCLASS_CACHE", "MPLCONFIGDIR", "KERAS_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
)

# What each of the three says, and whether anything heavy was imported for it.
TELL = """
import sys
from kclass.errors import KClassError
from kclass.keras_import import check_backend, import_keras, import_tensorflow
for call in (check_backend, import_tensorflow, import_keras):
    try:
        call()
        print(call.__name__, "runs")
    except KClassError as error:
        print(call.__name__, *str(error).splitlines(), sep="; ")
    if call == check_backend:
        print(sorted({"keras", "tensorflow", "numpy"} & set(sys.modules)))
"""

CHECK = "from kclass.keras_import import check_backend; check_backend()"

# A program that imports Keras before kclass does.
IMPORT_BEFORE = f"import os, keras; os.environ['KERAS_BACKEND'] = 'tensorflow'\n{TELL}"

# A program whose first try to import Keras fails, as the backend is not installed.
TRY_BEFORE = f"""
import os
try:
    import keras
except ModuleNotFoundError:
    os.environ['KERAS_BACKEND'] = 'tensorflow'
{TELL}"""


def test_importing_keras_leaves_the_home_folder_alone(tmp_path: Path) -> None:
    home, cache = tmp_path / "home", tmp_path / "cache"
    home.mkdir()
    variables = {**SET_BY_TESTS, "HOME": str(home), "KCLASS_CACHE": str(cache)}
    done = processes.run(*processes.python(IMPORT), cwd=tmp_path, variables=variables)
    assert done.returncode == 0, done.stderr
    assert list(home.iterdir()) == []
    assert (cache / "keras").is_dir()


@pytest.mark.slow
def test_a_home_folder_that_cannot_be_looked_into_is_left_alone(tmp_path: Path) -> None:
    """A path with a name of 300 characters fails to be looked up, as one without permission does."""
    home, cache = tmp_path / ("a" * 300), tmp_path / "cache"
    variables = {**SET_BY_TESTS, "HOME": str(home), "KCLASS_CACHE": str(cache)}
    done = processes.run(*processes.python(IMPORT), cwd=tmp_path, variables=variables)
    assert done.returncode == 0, done.stderr
    assert (cache / "keras").is_dir()


def told(folder: Path, code: str = TELL, **variables: str | None) -> list[str]:
    """What a program prints; with CI set, OpenVINO, which may be Keras's backend, sends nothing."""
    unset: dict[str, str | None] = {**SET_BY_TESTS, "KERAS_BACKEND": None}
    chosen = {**unset, "HOME": str(folder), "CI": "1", **variables}
    done = processes.run(*processes.python(code), cwd=folder, variables=chosen)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def refusals(message: str) -> list[str]:
    return [
        f"check_backend; {message}",
        "[]",
        f"import_tensorflow; {message}",
        f"import_keras; {message}",
    ]


def write_settings(folder: Path, text: str) -> Path:
    (folder / ".keras").mkdir()
    path = folder / ".keras" / "keras.json"
    path.write_text(text)
    return path


@pytest.mark.parametrize("backend", ["jax", "torch", "openvino", "TensorFlow"])
def test_another_backend_in_the_environment_is_refused_before_anything_is_imported(
    backend: str, tmp_path: Path
) -> None:
    assert told(tmp_path, KERAS_BACKEND=backend) == refusals(
        f"KERAS_BACKEND is {backend}; kclass needs Keras on TensorFlow;"
        " Unset it, or set KERAS_BACKEND=tensorflow."
    )
    assert list(tmp_path.iterdir()) == []


def test_another_backend_in_keras_settings_is_refused(tmp_path: Path) -> None:
    path = write_settings(tmp_path, '{"backend": "jax"}')
    assert told(tmp_path) == refusals(
        f"{path} sets Keras's backend to jax; kclass needs Keras on TensorFlow;"
        " Change it there, or set KERAS_BACKEND=tensorflow, which counts for more."
    )
    assert told(tmp_path, CHECK, KERAS_HOME=str(tmp_path / "other")) == []
    assert path.read_text() == '{"backend": "jax"}'


def test_the_environment_counts_for_more_than_keras_settings(tmp_path: Path) -> None:
    write_settings(tmp_path, '{"backend": "jax"}')
    assert told(tmp_path, KERAS_BACKEND="tensorflow") == [
        "check_backend runs",
        "[]",
        "import_tensorflow runs",
        "import_keras runs",
    ]


@pytest.mark.slow
def test_other_settings_of_keras_stay_and_count(tmp_path: Path) -> None:
    path = write_settings(tmp_path, '{"floatx": "float64"}')
    assert told(tmp_path, f"{IMPORT}; import keras; print(keras.config.floatx())") == ["float64"]
    assert path.read_text() == '{"floatx": "float64"}'
    assert not (tmp_path / ".cache" / "kclass" / "keras").exists()


@pytest.mark.parametrize("settings", ["not JSON", "[]", "{}", '{"backend": "tensorflow"}'])
def test_settings_that_name_no_other_backend_are_left_to_keras(settings: str, tmp_path: Path) -> None:
    write_settings(tmp_path, settings)
    assert told(tmp_path, CHECK, KERAS_BACKEND="") == []


def test_keras_that_was_imported_with_another_backend_is_refused(tmp_path: Path) -> None:
    """OpenVINO is the one other backend that is installed."""
    refused, imported, *others = told(tmp_path, IMPORT_BEFORE, KERAS_BACKEND="openvino")
    message = (
        "Keras runs on openvino; kclass needs Keras on TensorFlow;"
        " Set KERAS_BACKEND=tensorflow before Keras is first imported."
    )
    assert [refused, *others] == [line for line in refusals(message) if line != "[]"]
    assert "tensorflow" not in imported


@pytest.mark.slow
def test_keras_that_was_half_imported_with_another_backend_cannot_be_used(tmp_path: Path) -> None:
    *_, last = told(tmp_path, TRY_BEFORE, KERAS_BACKEND="jax")
    assert last == (
        "import_keras; Keras cannot be imported: No module named 'jax';"
        " Start Python anew, with KERAS_BACKEND=tensorflow."
    )
