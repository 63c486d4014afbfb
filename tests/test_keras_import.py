from pathlib import Path

import processes

IMPORT = "from kclass.keras_import import import_keras; import_keras()"

# What keeps Keras and matplotlib from the home folder in these tests.
SET_BY_TESTS = dict.fromkeys(
    ("KCLASS_CACHE", "MPLCONFIGDIR", "KERAS_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
)

IMPORT_ELSEWHERE = f"""
from kclass.errors import KClassError
try:
    {IMPORT}
except KClassError as error:
    print(error)
import keras
print(keras.config.floatx())
"""


def test_importing_keras_leaves_the_home_folder_alone(tmp_path: Path) -> None:
    home, cache = tmp_path / "home", tmp_path / "cache"
    home.mkdir()
    variables = {**SET_BY_TESTS, "HOME": str(home), "KCLASS_CACHE": str(cache)}
    done = processes.run(*processes.python(IMPORT), cwd=tmp_path, variables=variables)
    assert done.returncode == 0, done.stderr
    assert list(home.iterdir()) == []
    assert (cache / "keras").is_dir()


def test_a_home_folder_that_cannot_be_looked_into_is_left_alone(tmp_path: Path) -> None:
    """A path with a name of 300 characters fails to be looked up, as one without permission does."""
    home, cache = tmp_path / ("a" * 300), tmp_path / "cache"
    variables = {**SET_BY_TESTS, "HOME": str(home), "KCLASS_CACHE": str(cache)}
    done = processes.run(*processes.python(IMPORT), cwd=tmp_path, variables=variables)
    assert done.returncode == 0, done.stderr
    assert (cache / "keras").is_dir()


def test_a_users_settings_stay_and_another_backend_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    """OpenVINO is the one other backend that is installed; with CI set, it sends nothing."""
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text('{"floatx": "float64"}')
    variables = {**SET_BY_TESTS, "HOME": str(tmp_path), "KERAS_BACKEND": "openvino", "CI": "1"}
    done = processes.run(*processes.python(IMPORT_ELSEWHERE), cwd=tmp_path, variables=variables)
    assert done.stdout.splitlines() == [
        "Keras runs on openvino here; kclass needs it on TensorFlow",
        "Set KERAS_BACKEND=tensorflow before Keras is first imported.",
        "float64",
    ], done.stderr
    assert not (tmp_path / ".cache" / "kclass" / "keras").exists()
