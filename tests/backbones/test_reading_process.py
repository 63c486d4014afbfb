import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import processes
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_weights import CONTENTS, WANTED, hdf5, is_right, written

from kclass.backbones import reading_process
from kclass.backbones.layer_matching import Place, WantedLayer
from kclass.backbones.reading_process import READY, read_apart
from kclass.errors import ModelError

DAMAGED = "is damaged: the HDF5 library crashes on it, or reads it for ever"


@pytest.mark.parametrize("kind", CONTENTS)
def test_weights_come_out_of_the_process_as_they_are_in_the_file(kind: str, tmp_path: Path) -> None:
    path = written(tmp_path / "ä b'\n.h5", CONTENTS[kind])
    assert is_right(read_apart(path, WANTED, backbone="small"))


def test_arrays_of_every_shape_and_precision_come_out(tmp_path: Path) -> None:
    values = [np.float32(2.5), np.zeros((0, 3), np.float32), np.arange(4, dtype=np.int32), np.int32(-1)]

    def write(file: Any) -> None:
        for index, value in enumerate(values):
            file[f"layers/odd/vars/{index}"] = value
        file["layers/odd/vars"].attrs["name"] = "odd"

    wanted = WantedLayer(
        "odd", "odd", Place("odd", 0), 0, ((), (0, 3), (4,), ()), ("float32", "float32", "int32", "int32")
    )
    (found,) = read_apart(written(tmp_path / "file", hdf5(write)), [wanted], backbone="small")
    for array, value in zip(found, values, strict=True):
        np.testing.assert_array_equal(array, value)
        assert array.dtype == value.dtype
        assert array.flags.writeable


def test_a_refusal_comes_out_as_it_is(tmp_path: Path) -> None:
    other = [replace(WANTED[0], shapes=((9,), (3,)))]
    path = written(tmp_path / "file", CONTENTS["keras3"])
    with pytest.raises(ModelError) as caught:
        read_apart(path, other, backbone="small")
    assert caught.value.message == (
        f"the weights in {path} are not those of small: its layer first takes 9, 3; "
        "the file has 2x2x1x3, 3 there"
    )
    assert caught.value.fix.startswith("Give weights of small")


@pytest.mark.parametrize(
    "command",
    [
        "import os; os.abort()",
        "sys.stdin.read()",
        "sys.stdin.read(); print('{}\\n' + 'x' * 50, flush=True)",
        "raise SystemExit(1)",
    ],
    ids=["crashes", "says nothing", "ends in the middle", "does not listen"],
)
def test_a_process_that_is_ready_and_ends_before_its_answer_does_is_damage(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "file", CONTENTS["keras3"])
    ready = f"import sys; print({READY.decode()!r}, end='', flush=True); {command}"
    monkeypatch.setattr(reading_process, "COMMAND", ready)
    with pytest.raises(ModelError) as caught:
        read_apart(path, WANTED, backbone="small")
    assert caught.value.message == f"the weight file {path} {DAMAGED}"
    assert caught.value.fix == "Download or copy it again, or save it again with Keras."


def test_a_process_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "file", CONTENTS["keras3"])
    endless = (
        "from kclass.backbones import reading_process as r\n"
        "def read_weights(*_, **__):\n    while True: pass\n"
        "r.read_weights = read_weights\n"
        "r.answer()"
    )
    monkeypatch.setattr(reading_process, "COMMAND", endless)
    monkeypatch.setattr(reading_process, "PATIENCE", 0.2)
    start = time.monotonic()
    with pytest.raises(ModelError, match=DAMAGED):
        read_apart(path, WANTED, backbone="small")
    assert time.monotonic() - start < 30


@pytest.mark.skipif(sys.platform != "linux", reason="only there can memory be counted")
def test_a_process_that_takes_too_much_memory_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "file", CONTENTS["keras3"])
    greedy = (
        "from kclass.backbones import reading_process as r\n"
        "def read_weights(*_, **__):\n    return [[bytearray(2**31)]]\n"
        "r.read_weights = read_weights\n"
        "r.answer()"
    )
    monkeypatch.setattr(reading_process, "COMMAND", greedy)
    with pytest.raises(ModelError) as caught:
        read_apart(path, WANTED, backbone="small")
    assert caught.value.message == f"reading the weight file {path} takes too much memory"
    assert caught.value.fix == (
        "Download or copy it again, or save it again with Keras."
        " If this computer limits the memory of a process, allow more."
    )
    assert capfd.readouterr() == ("", "")


def test_an_exception_in_the_process_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "file", CONTENTS["keras3"])
    failing = (
        "from kclass.backbones import reading_process as r\n"
        "def read_weights(*_, **__):\n    raise OverflowError('too far')\n"
        "r.read_weights = read_weights\n"
        "r.answer()"
    )
    monkeypatch.setattr(reading_process, "COMMAND", failing)
    with pytest.raises(ModelError) as caught:
        read_apart(path, WANTED, backbone="small")
    assert caught.value.message == f"the weight file {path} cannot be read: OverflowError: too far"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("no-python", "No such file or directory"),
        ("", "this Python does not know its own program"),
        (None, "this Python does not know its own program"),
    ],
)
def test_a_process_that_cannot_be_started_is_an_error(
    program: str | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "file", CONTENTS["keras3"])
    monkeypatch.setattr("sys.executable", program and str(tmp_path / program))
    with pytest.raises(ModelError) as caught:
        read_apart(path, WANTED, backbone="small")
    assert caught.value.message == f"no process can be started that reads a weight file: {reason}"
    assert caught.value.fix == "Set sys.executable to the path of the Python that kclass is installed in."


@pytest.mark.parametrize(
    ("module", "code", "reason"),
    [
        ("h5py.py", "raise ImportError('libhdf5.so:\\tnot found')", "ImportError: libhdf5.so:\\tnot found"),
        ("h5py.py", "raise SystemExit(3)", "it ends with code 3"),
        ("numpy.py", "print('numpy?'); import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
    ],
)
def test_a_process_that_does_not_start_up_says_nothing_of_the_file(
    module: str, code: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "file", CONTENTS["keras3"])
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / module).write_text(code)
    monkeypatch.setattr(sys, "path", [str(broken), *sys.path])
    with pytest.raises(ModelError) as caught:
        read_apart(path, WANTED, backbone="small")
    assert caught.value.message == f"the process that reads weight files does not start up: {reason}"
    assert caught.value.fix == (
        f'See to it that {sys.executable} -c "import kclass.backbones.reading_process, h5py" works.'
    )


def test_what_others_put_into_the_path_that_is_no_text_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "file", CONTENTS["keras3"])
    monkeypatch.setattr(sys, "path", [tmp_path, None, b"bytes", *sys.path])
    assert is_right(read_apart(path, WANTED, backbone="small"))


@pytest.mark.parametrize("options", ["", ", end='', flush=True", ", flush=True"])
def test_what_others_print_when_python_starts_or_ends_does_no_harm(
    options: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "file", CONTENTS["keras3"])
    greeting = f"print('hello\\nyou'{options})"
    (tmp_path / "sitecustomize.py").write_text(
        f"import atexit, sys\n{greeting}\nprint('psst', file=sys.stderr)\natexit.register(lambda: {greeting})"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert is_right(read_apart(path, WANTED, backbone="small"))
    other = [replace(WANTED[0], shapes=((9,), (3,)))]
    with pytest.raises(ModelError, match=r"the weights in .* are not those of small"):
        read_apart(path, other, backbone="small")
    assert capfd.readouterr() == ("", "")


def test_modules_in_the_folder_one_works_in_are_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "file", CONTENTS["keras3"])
    (tmp_path / "h5py.py").write_text(f"open({str(tmp_path / 'trap')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    assert is_right(read_apart(path, WANTED, backbone="small"))
    assert not (tmp_path / "trap").exists()


def test_neither_keras_nor_tensorflow_is_imported_to_read_weights(tmp_path: Path) -> None:
    code = "import kclass.backbones.reading_process, sys; print({'keras', 'tensorflow'} & {*sys.modules})"
    done = processes.run(*processes.python(code), cwd=tmp_path)
    assert done.stdout == "set()\n", done.stderr


@settings(max_examples=15)
@given(st.sampled_from(sorted(CONTENTS)), st.data())
def test_damage_anywhere_is_refused_or_gives_finite_weights_of_the_right_shapes(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    damaged = bytearray(CONTENTS[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = written(tmp_path_factory.getbasetemp() / "damaged", bytes(damaged))
    reading_process.PATIENCE, patience = 3, reading_process.PATIENCE
    try:
        found = read_apart(path, WANTED, backbone="small")
    except ModelError as error:
        assert "\n" not in error.message
    else:
        for layer in found:
            assert [array.shape for array in layer] == [(2, 2, 1, 3), (3,)]
            assert all(np.isfinite(array).all() for array in layer)
    finally:
        reading_process.PATIENCE = patience
