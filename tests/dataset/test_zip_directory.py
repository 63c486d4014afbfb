import io
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packing import pack

from kclass.dataset.archives import Limits, unpack
from kclass.dataset.zip_directory import has_more_members
from kclass.errors import DataError


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_members_of_zips_are_counted_and_others_have_none(kind: str, tmp_path: Path) -> None:
    archive = pack(tmp_path / f"x.{kind}", {f"a/{number}.jpg": b"one" for number in range(10)})
    assert has_more_members(archive, 9) == (kind == "zip")
    assert not has_more_members(archive, 10)


@pytest.mark.parametrize("before", [b"", b"#!/bin/sh\nself-extracting\n"])
@pytest.mark.parametrize("comment", [b"", b"a note", b"x" * 65535])
def test_members_are_found_whatever_stands_around_them(before: bytes, comment: bytes, tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(10):
            archive.writestr(f"{'long' * number}{number}.jpg", b"one")
        archive.comment = comment
    path = tmp_path / "x.zip"
    path.write_bytes(before + file.getvalue())
    assert has_more_members(path, 9)
    assert not has_more_members(path, 10)


def test_members_of_a_large_zip_are_counted(tmp_path: Path) -> None:
    # Beyond 65,535 members an archive has a zip64 record; what it says of their number is a lie here.
    path = tmp_path / "x.zip"
    many(path, 70_000)
    assert has_more_members(path, 69_999)
    assert not has_more_members(path, 70_000)


def test_an_archive_of_a_million_members_is_refused_before_they_are_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    many(path, 1_000_000)
    with pytest.raises(DataError, match="holds more than 200,000 members; it may have been made to do harm"):
        unpack(path, tmp_path / "into", limits=Limits(members=200_000))
    assert [each.name for each in tmp_path.iterdir()] == ["x.zip"]


def many(path: Path, number: int) -> None:
    """A zip archive that names one file so many times, and says that there is one."""
    record = struct.Struct("<4s6H3I5H2I")
    members = [
        record.pack(b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0) + b"%07d" % each
        for each in range(number)
    ]
    directory = b"".join(members)
    end_64 = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(directory), 0)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(directory), 1)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(directory + end_64 + locator + end)


def test_a_record_that_holds_the_mark_of_another_hides_nothing(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {f"{number}.jpg": b"one" for number in range(10)})
    data = path.read_bytes()
    offset = len(data) - 6
    path.write_bytes(data[:offset] + b"PK\5\6" + data[offset + 4 :])
    assert has_more_members(path, 9)


def test_a_locator_that_leads_to_no_record_hides_nothing(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {f"{number}.jpg": b"one" for number in range(10)})
    data = path.read_bytes()
    end = data.rindex(b"PK\5\6")
    # Such a locator belongs to the directory, as far as an archive without a record goes.
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, 0, 1)
    size = int.from_bytes(data[end + 12 : end + 16], "little") + len(locator)
    path.write_bytes(data[:end] + locator + data[end : end + 12] + struct.pack("<I", size) + data[end + 16 :])
    assert has_more_members(path, 9)


@given(st.binary(max_size=200), st.integers(0, 3))
def test_nothing_makes_it_fail(data: bytes, marks: int) -> None:
    parts = [
        data,
        b"PK\5\6" + data,
        b"PK\6\7" + bytes(16) + b"PK\5\6" + data,
        b"PK\1\2" + data + b"PK\5\6" + data,
    ]
    # A folder of pytest's would be one for all examples.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.zip"
        path.write_bytes(parts[marks])
        assert not has_more_members(path, 10)
