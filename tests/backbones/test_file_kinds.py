import os
import pickle
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kclass.backbones import file_kinds
from kclass.backbones.file_kinds import Kind, damaged, kind_of, weight_file_hash
from kclass.errors import ModelError
from kclass.photos.hashing import content_hash

WHICH = "Give a .weights.h5, .keras or .h5 file that Keras saved, or the word imagenet or none."
AGAIN = "Download or copy it again, or save it again with Keras."
WITH_KERAS = "Save its weights with Keras where it was made: model.save_weights('backbone.weights.h5')."

# The first bytes of what `torch.save` wrote before PyTorch 1.6, and writes on demand.
OLD_TORCH = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e8002")


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(ModelError) as caught:
        kind_of(path)
    assert "\n" not in caught.value.message
    return caught.value.message, caught.value.fix


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, b"content")
    return path


def test_hdf5_is_known_whatever_it_is_called(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "weights.txt", "w") as file:
        file["one"] = np.ones(3)
    assert kind_of(tmp_path / "weights.txt") is Kind.HDF5


def test_an_archive_of_keras_is_known_whatever_it_is_called(tmp_path: Path) -> None:
    path = zipped(tmp_path / "weights.h5", "metadata.json", "config.json", "model.weights.h5")
    assert kind_of(path) is Kind.KERAS


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.weights.h5"
    assert refusal(path) == (f"there is no weight file {path}", WHICH)


def test_a_name_that_no_file_can_have_is_an_error(tmp_path: Path) -> None:
    assert refusal(tmp_path / ("n" * 300))[0] == (
        f"cannot read the weight file {tmp_path / ('n' * 300)}: File name too long"
    )
    assert "embedded null" in refusal(Path("null\0null"))[0]


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (f"{tmp_path} is a folder, not a weight file", WHICH)


def test_a_saved_model_of_tensorflow_is_known(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").touch()
    assert refusal(tmp_path) == (f"{tmp_path} is a TensorFlow SavedModel, not a weight file", WITH_KERAS)


def test_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe")[0] == f"{tmp_path / 'pipe'} is a device or a pipe, not a weight file"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.h5").touch()
    assert refusal(tmp_path / "empty.h5") == (f"the weight file {tmp_path / 'empty.h5'} is empty", AGAIN)


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed.h5").touch()

    def refuse(path: Path, *_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(path))  # root may read everything

    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(tmp_path / "closed.h5") == (
        f"cannot read the weight file {tmp_path / 'closed.h5'}: Permission denied",
        "Give a file that you may read, for instance a copy of your own.",
    )


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_refused_and_does_not_run(protocol: int, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "trap",)

    path = tmp_path / "weights.h5"
    path.write_bytes(pickle.dumps(Trap(), protocol))
    assert refusal(path) == (
        f"{path} is a pickle, which can run code when it is opened, so kclass opens none",
        WITH_KERAS,
    )
    assert not (tmp_path / "trap").exists()


def test_files_of_pytorch_are_known(tmp_path: Path) -> None:
    (tmp_path / "old.pt").write_bytes(OLD_TORCH)
    new = zipped(tmp_path / "new.pt", "archive/data.pkl", "archive/data/0", "archive/version")
    for path in (tmp_path / "old.pt", new):
        assert refusal(path) == (f"{path} is a file of PyTorch, whose weights Keras cannot take", WHICH)


@pytest.mark.parametrize(
    ("content", "begins"),
    [
        ("hello\nthere", "hello there"),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:12\n",
            "version https://git-lfs.github.com/spec/",
        ),
        ("<!DOCTYPE html><title>404</title>", "<!DOCTYPE html><title>404</title>"),
        ("ä" * 300, "ä" * 40),  # 512 bytes end in the middle of none, 511 would
        ("a" + "ä" * 300, "a" + "ä" * 39),
    ],
)
def test_a_text_is_refused_with_its_beginning(content: str, begins: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    path.write_text(content, encoding="utf-8")
    assert refusal(path) == (f"{path} is a text file that begins with {begins!r}, not weights", WHICH)


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (("readme.txt",), "model.weights.h5"),
        (("model.weights.h5",), "config.json"),
        (("config.json",), "model.weights.h5"),
    ],
)
def test_another_zip_is_refused_with_what_it_lacks(
    names: tuple[str, ...], missing: str, tmp_path: Path
) -> None:
    path = zipped(tmp_path / "weights.keras", *names)
    assert refusal(path) == (f"{path} is a zip archive, but not a .keras one: it has no {missing}", WHICH)


def test_a_zip_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "weights.keras", "config.json", "model.weights.h5")
    path.write_bytes(path.read_bytes()[:-30])
    assert refusal(path) == (
        f"the weight file {path} is cut short: the end of the archive is missing",
        AGAIN,
    )


@pytest.mark.parametrize("head", [b"\x89HD", b"PK\x03"])
def test_a_file_that_ends_within_its_first_bytes_is_cut_short(head: bytes, tmp_path: Path) -> None:
    (tmp_path / "weights.h5").write_bytes(head)
    assert refusal(tmp_path / "weights.h5") == (
        f"the weight file {tmp_path / 'weights.h5'} is cut short: it has 3 bytes",
        AGAIN,
    )


@pytest.mark.parametrize(
    "content", [bytes(600), b"\xff\xd8\xff\xe0 a photo", b"\x80", b"\x80\x09", b"\x1b[2J"]
)
def test_other_files_are_refused_as_neither_of_the_two(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "weights.h5").write_bytes(content)
    assert refusal(tmp_path / "weights.h5") == (
        f"{tmp_path / 'weights.h5'} is not a weight file: neither HDF5 nor a .keras archive",
        WHICH,
    )


def test_a_file_is_hashed_if_it_is_a_weight_file(tmp_path: Path) -> None:
    path = zipped(tmp_path / "weights.keras", "config.json", "model.weights.h5")
    assert weight_file_hash(path) == content_hash(path.read_bytes())
    with pytest.raises(ModelError, match="is a folder"):
        weight_file_hash(tmp_path)


def test_a_file_of_any_size_is_hashed_in_little_memory(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "large.h5", "w") as file:
        file["one"] = np.ones(3)
    with (tmp_path / "large.h5").open("r+b") as raw:
        raw.truncate(2**26)
    tracemalloc.start()
    try:
        weight_file_hash(tmp_path / "large.h5")
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "weights.keras", "config.json", "model.weights.h5")
    size = path.stat().st_size
    monkeypatch.setattr(file_kinds, "SIZE_LIMIT", size)
    assert kind_of(path) is Kind.KERAS
    monkeypatch.setattr(file_kinds, "SIZE_LIMIT", size - 1)
    monkeypatch.setattr(file_kinds, "file_content_hash", lambda _: pytest.fail("it is read"))
    assert refusal(path) == (f"the weight file {path} has more than {size - 1:,} bytes", WITH_KERAS)
    with pytest.raises(ModelError, match="has more than"):
        weight_file_hash(path)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyError("no\n such  group"), "no\\n such group"),
        (ValueError("a\nb"), "a b"),
        (EOFError(), "EOFError"),
    ],
)
def test_what_a_library_says_is_told_in_one_line(error: Exception, reason: str) -> None:
    message = damaged(Path("x.h5"), error).message
    assert message == f"the weight file x.h5 is damaged or cut short ({reason})"
