from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kclass.backbones import safe_hdf5
from kclass.backbones.safe_hdf5 import (
    UntrustedError,
    opened,
    printable,
    stored_array,
    subgroup,
    text,
    texts,
)

FLOAT, INT = np.dtype("float32"), np.dtype("int32")


@pytest.fixture
def file() -> Any:
    """An empty HDF5 file in memory."""
    with h5py.File.in_memory() as made:
        yield made


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Another file, which no weight file may lead to."""
    with h5py.File(tmp_path / "secret.h5", "w") as other:
        other["inside/array"] = np.ones(3, np.float32)
    return tmp_path / "secret.h5"


def refused(group: Any, name: str, dtype: np.dtype[Any] = FLOAT) -> str:
    with pytest.raises(UntrustedError) as caught:
        stored_array(group, name).read(dtype)
    return str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.array(0.5, np.float64),
        np.array([1, 2], np.float16),
        np.zeros((0, 3), np.float32),
        np.array([1.5, 2.5], ">f8"),
    ],
)
def test_an_array_is_read_in_the_precision_that_is_wanted(values: Any, file: Any) -> None:
    file["deep/within/array"] = values
    found = stored_array(file, "deep/within/array")
    assert found.shape == values.shape
    array = found.read(FLOAT)
    assert array.dtype == FLOAT
    np.testing.assert_array_equal(array, values)


def test_numbers_that_count_may_be_wanted_of_any_kind(file: Any) -> None:
    file["count"] = np.int64(7)
    assert stored_array(file, "count").read(INT) == np.array(7, np.int32)


@pytest.mark.parametrize("values", [np.arange(3), np.array([True]), np.array([1j]), np.array([b"text"])])
def test_what_is_no_fraction_is_not_taken_for_one(values: Any, file: Any) -> None:
    file["kernel"] = values
    assert f"its array /kernel holds {file['kernel'].dtype} instead of float32" == refused(file, "kernel")


def test_texts_and_references_are_not_taken_for_numbers(file: Any) -> None:
    file.create_dataset("kernel", (2,), dtype=h5py.string_dtype())
    file.create_dataset("lists", (2,), dtype=h5py.vlen_dtype(np.float32))
    for name in ("kernel", "lists"):
        assert refused(file, name) == f"its array /{name} holds object instead of float32"


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_values_that_are_not_finite_are_refused(value: float, file: Any) -> None:
    file["kernel"] = np.array([1.0, value])
    assert refused(file, "kernel") == "its array /kernel holds values that are not finite"


def test_an_array_that_declares_more_than_there_is_is_refused_unread(file: Any) -> None:
    file.create_dataset("kernel", (10**6, 10**6), np.float32, chunks=(1000, 1000))
    assert refused(file, "kernel") == "its array /kernel is stored in pieces or packed, as Keras does not"


def test_a_packed_array_is_refused(file: Any) -> None:
    file.create_dataset("kernel", data=np.zeros(1000, np.float32), compression="gzip")
    assert refused(file, "kernel") == "its array /kernel is stored in pieces or packed, as Keras does not"


def test_an_array_that_was_never_written_is_refused_rather_than_read_as_zeros(file: Any) -> None:
    file.create_dataset("kernel", (3, 3), np.float32)
    assert refused(file, "kernel") == "its array /kernel was never written"


def test_an_array_whose_numbers_lie_in_another_file_is_refused(file: Any, tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(bytes(12))
    file.create_dataset("kernel", (3,), np.float32, external=[(str(tmp_path / "raw"), 0, 12)])
    assert refused(file, "kernel") == "its array /kernel has its numbers in another file"


def test_a_virtual_array_is_refused(file: Any, secret: Path) -> None:
    layout = h5py.VirtualLayout((3,), np.float32)
    layout[:] = h5py.VirtualSource(secret, "inside/array", (3,))
    file.create_virtual_dataset("kernel", layout)
    assert refused(file, "kernel") == "its array /kernel has its numbers in another file"


@pytest.mark.parametrize("where", ["inside", "inside/array"])
def test_links_to_another_file_are_refused(where: str, file: Any, secret: Path) -> None:
    file["kernel"] = h5py.ExternalLink(secret, where)
    name = "kernel" if where.endswith("array") else "kernel/array"
    assert refused(file, name) == "its entry /kernel is a link to another place"
    with pytest.raises(UntrustedError):
        subgroup(file, "kernel")


def test_links_within_the_file_are_refused(file: Any) -> None:
    file["real/array"] = np.ones(3, np.float32)
    file["real/link"] = h5py.SoftLink("/real/array")
    assert refused(file, "real/link") == "its entry /real/link is a link to another place"


@pytest.mark.parametrize(
    "name", ["none", "group", "group/none", "array/deeper", "", "group//array", "nothing"]
)
def test_an_array_that_is_not_there_is_an_error_that_names_it(name: str, file: Any) -> None:
    file["group/array"] = file["array"] = np.ones(3)
    file["nothing"] = h5py.Empty("f4")
    with pytest.raises((ValueError, KeyError)):
        stored_array(file, name)


def test_a_group_is_found_where_there_is_one(file: Any) -> None:
    file["group/array"] = np.ones(3)
    assert subgroup(file, "group") == file["group"]
    assert subgroup(file, "none") is None
    assert subgroup(file["group"], "array") is None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("one", ["one"]),
        (b"one", ["one"]),
        (["one", "zwölf"], ["one", "zwölf"]),
        ([b"one", "zwölf".encode()], ["one", "zwölf"]),
        ([], []),
        (np.arange(3), []),
    ],
)
def test_texts_are_read_as_every_version_writes_them(value: Any, found: list[str], file: Any) -> None:
    file.attrs["names"] = value
    assert texts(file, "names") == found
    assert text(file, "names") == "".join(found)


def test_a_text_that_is_not_there_is_empty(file: Any) -> None:
    assert texts(file, "names") == []
    assert text(file, "names") == ""


def test_an_attribute_that_is_too_long_is_refused_unread(file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file.attrs["names"] = [b"12345678"] * 10
    monkeypatch.setattr(safe_hdf5, "LONGEST_ATTRIBUTE", 80)
    assert len(texts(file, "names")) == 10
    monkeypatch.setattr(safe_hdf5, "LONGEST_ATTRIBUTE", 79)
    with pytest.raises(UntrustedError, match="its attribute names is too long"):
        texts(file, "names")


def test_a_file_is_opened_from_its_path_or_its_content(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as made:
        made["array"] = np.ones(3)
    for source in (str(tmp_path / "a.h5"), (tmp_path / "a.h5").read_bytes()):
        with opened(source) as found:
            assert list(found) == ["array"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Conv1", "Conv1"), ("a\nb\x1b[2J", r"a\nb\x1b[2J"), ("x" * 101, "x" * 100 + "…")],
)
def test_names_are_shown_in_one_line_without_what_terminals_obey(name: str, shown: str) -> None:
    assert printable(name) == shown
