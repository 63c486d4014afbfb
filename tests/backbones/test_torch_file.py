import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kclass.backbones.torch_file import MAGIC, PROTOCOL, read_tensors
from kclass.errors import ModelError

STORED = Path(__file__).parents[1] / "reference" / "torch_legacy.pt"
HEADER = b"".join(pickle.dumps(part, 2) for part in (MAGIC, PROTOCOL, {"little_endian": True}))

# How the file says that `turned` is 4 x 3 and takes steps of 1 and 4 elements.
TURNED = b"K\x04K\x03\x86q\x11K\x01K\x04\x86"


def read(data: bytes, folder: Path) -> dict[str, Any]:
    (folder / "weights.pt").write_bytes(data)
    return read_tensors(folder / "weights.pt")


def test_tensors_are_read_as_pytorch_wrote_them() -> None:
    tensors = read_tensors(STORED)
    whole = np.arange(12, dtype=np.float32).reshape(3, 4) / 8
    expected = {
        "whole": whole,
        "turned": whole.T,
        "row": whole[1],
        "count": np.array(7),
        "long": np.array([-2, -1, 0, 1, 2]),
    }
    assert list(tensors) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(tensors[name], array, strict=True)


def test_arrays_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        read_tensors(STORED)["whole"][0, 0] = 1


class Malicious:
    """A pickle of it makes the folder that it names, on a reader that runs what it reads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("header", [b"", HEADER], ids=["first", "later"])
def test_a_pickle_that_would_run_something_is_refused_and_does_not_run(header: bytes, tmp_path: Path) -> None:
    data = header + pickle.dumps(Malicious(tmp_path / "trap"), 2)
    with pytest.raises(ModelError, match=r"it names (posix|nt)\.mkdir, which is not a tensor"):
        read(data, tmp_path)
    assert not (tmp_path / "trap").exists()
    pickle.loads(data[len(header) :])
    assert (tmp_path / "trap").is_dir()


def test_the_magic_number_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the magic number is not there"):
        read(pickle.dumps(MAGIC + 1, 2) + STORED.read_bytes(), tmp_path)


def test_a_big_endian_file_is_refused(tmp_path: Path) -> None:
    data = STORED.read_bytes().replace(b"little_endianq\x02\x88", b"little_endianq\x02\x89")
    with pytest.raises(ModelError, match="it is big-endian"):
        read(data, tmp_path)


def test_storages_of_another_length_than_announced_are_refused(tmp_path: Path) -> None:
    data = STORED.read_bytes().replace((12).to_bytes(8, "little"), (11).to_bytes(8, "little"))
    with pytest.raises(ModelError, match=r"storage \d+ has 11 elements instead of 12"):
        read(data, tmp_path)


def test_views_of_other_storages_are_refused(tmp_path: Path) -> None:
    data = STORED.read_bytes().replace(b"K\x0cNt", b"K\x0cKNt")
    with pytest.raises(ModelError, match="something else than whole storages"):
        read(data, tmp_path)


@pytest.mark.parametrize(
    "turned", [b"K\x04K\x03\x86q\x11K\x7fK\x04\x86", b"K\x7fK\x7f\x86q\x11K\x01K\x04\x86"]
)
def test_shapes_and_steps_that_lead_out_of_the_file_are_refused(turned: bytes, tmp_path: Path) -> None:
    data = STORED.read_bytes()
    assert data.count(TURNED) == 1
    with pytest.raises(ModelError, match=r"weights\.pt is not a weight file of PyTorch's old format"):
        read(data.replace(TURNED, turned), tmp_path)


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    data = STORED.read_bytes()
    for length in range(len(data)):
        with pytest.raises(ModelError, match="is not a weight file of PyTorch's old format"):
            read(data[:length], tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"weights, honestly",
        pickle.dumps([1, 2]),
        b"K\x01a.",
        HEADER + pickle.dumps(["no", "names"], 2) + pickle.dumps([], 2),
        HEADER + pickle.dumps({"weight": 1}, 2) + pickle.dumps([], 2),
        HEADER + pickle.dumps({}, 2) + pickle.dumps(["key"], 2),
    ],
    ids=["nothing", "text", "list", "broken pickle", "no names", "no tensor", "no storage"],
)
def test_other_files_are_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not a weight file of PyTorch's old format") as caught:
        read(data, tmp_path)
    assert "\n" not in caught.value.message


def test_files_of_the_new_format_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "weights.pt", "w") as file:
        file.writestr("archive/data.pkl", b"")
    with pytest.raises(ModelError, match="is not a weight file of PyTorch's old format"):
        read_tensors(tmp_path / "weights.pt")


def test_a_missing_file_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read the weight file .*none\.pt: No such file"):
        read_tensors(tmp_path / "none.pt")
