import os
import subprocess
import sys
from pathlib import Path

IMPORT = "from kclass.keras_import import import_keras; import_keras()"


def run(home: Path, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KERAS_", "KCLASS_", "XDG_", "TF_"))
    }
    environment = {**kept, "HOME": str(home), "USERPROFILE": str(home), **variables}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)


def test_importing_keras_leaves_the_home_folder_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = run(home, IMPORT, KCLASS_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    assert list(home.iterdir()) == []
    assert (tmp_path / "cache" / "keras").is_dir()


# Keras starts in half the time on OpenVINO; with CI set, that sends nothing.
OTHER_BACKEND = {"KERAS_BACKEND": "openvino", "CI": "1"}
IMPORT_ELSEWHERE = f"""
from kclass.errors import KClassError
try:
    {IMPORT}
except KClassError as error:
    print(error)
import keras
print(keras.config.floatx())
"""


def test_keras_on_another_backend_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    done = run(tmp_path, IMPORT_ELSEWHERE, **OTHER_BACKEND)
    assert done.stdout.splitlines() == [
        "Keras runs on openvino here; kclass needs it on TensorFlow",
        "Set KERAS_BACKEND=tensorflow before Keras is first imported.",
        "float32",
    ], done.stderr


def test_the_settings_of_a_user_of_keras_are_used(tmp_path: Path) -> None:
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text('{"floatx": "float64"}')
    done = run(tmp_path, IMPORT_ELSEWHERE, KCLASS_CACHE=str(tmp_path / "cache"), **OTHER_BACKEND)
    assert done.stdout.splitlines()[-1] == "float64", done.stderr
    assert not (tmp_path / "cache").exists()
