import contextlib
import os
import random
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packing import TAR_MODES, Contents, add, pack, rewritten, tree

from kclass.dataset.archives import Limits, unpack
from kclass.errors import DataError, OutputError

KINDS = ("zip", *TAR_MODES)
PHOTOS = {"a/1.jpg": b"one", "a/b c/é 2.jpg": b"two" * 1000, "3.jpg": b""}

every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_an_archive_is_unpacked_with_its_folders(kind: str, tmp_path: Path) -> None:
    archive = pack(tmp_path / f"x.{kind}", {**PHOTOS, "empty/": b""})
    into = unpack(archive, tmp_path / "deep" / "into")
    assert into == tmp_path / "deep" / "into"
    assert tree(into) == {**PHOTOS, "a/": b"", "a/b c/": b"", "empty/": b""}
    assert [entry.name for entry in into.parent.iterdir()] == ["into"]


@every_kind
def test_what_an_archive_is_is_told_by_its_content(kind: str, tmp_path: Path) -> None:
    archive = pack(tmp_path / f"x.{kind}", PHOTOS).rename(tmp_path / "data")
    assert tree(unpack(str(archive), str(tmp_path / "into")))["a/1.jpg"] == b"one"


@every_kind
def test_hidden_files_and_what_macos_adds_are_left_out(kind: str, tmp_path: Path) -> None:
    hidden = {".DS_Store": b"x", "a/._1.jpg": b"x", "__MACOSX/a/1.jpg": b"x", ".git/1.jpg": b"x"}
    into = unpack(pack(tmp_path / f"x.{kind}", {**hidden, "./a/1.jpg": b"one"}), tmp_path / "into")
    assert tree(into) == {"a/": b"", "a/1.jpg": b"one"}


def test_permissions_are_those_of_new_files(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        info = tarfile.TarInfo("run.jpg")
        info.mode = 0o6777
        archive.addfile(info)
    (tmp_path / "new").touch()
    unpacked = unpack(tmp_path / "x.tar", tmp_path / "into") / "run.jpg"
    assert unpacked.stat().st_mode == (tmp_path / "new").stat().st_mode


def assert_refused(archive: Path, message: str, fix: str = "", **limits: int) -> None:
    """Nothing of the archive is left anywhere, and the error names it."""
    folder = archive.parent
    before = tree(folder)
    with pytest.raises(DataError) as caught:
        unpack(archive, folder / "place" / "into", limits=Limits(**limits))
    assert message.format(archive) in caught.value.message
    assert fix in caught.value.fix
    assert tree(folder) in (before, before | {"place/": b""})


@every_kind
@pytest.mark.parametrize(
    "name",
    [
        "../x.jpg",
        "a/../../x.jpg",
        "a/../x.jpg",
        "/tmp/x.jpg",
        "//server/x.jpg",
        "..\\x.jpg",
        "\\x.jpg",
        "C:\\x.jpg",
        "c:x.jpg",
        "a/c:x.jpg",
        "a\\C:\\x.jpg",
        "a/.. /x.jpg",
        "a/.../x.jpg",
        "a/ /x.jpg",
        "../.hidden",
        "../a/",
    ],
)
def test_members_that_would_lie_outside_are_refused(kind: str, name: str, tmp_path: Path) -> None:
    if "\\" in name and os.sep == "\\":
        pytest.skip("zipfile mends the name itself")
    archive = pack(tmp_path / f"x.{kind}", {"a/1.jpg": b"one", name: b""})
    shown = name.rstrip("/") if kind != "zip" else name
    assert_refused(archive, f"{{}} holds {shown!r}, which would lie outside of its folder", "look through it")


@given(st.lists(st.text("ab./\\: C", min_size=1, max_size=8), min_size=1, max_size=4))
def test_no_name_leads_outside(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    folder = tmp_path_factory.mktemp("wild")
    with tarfile.open(folder / "x.tar", "w") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            archive.addfile(info)
    with contextlib.suppress(DataError):
        unpack(folder / "x.tar", folder / "place" / "into")
    assert {path.name for path in folder.iterdir()} <= {"x.tar", "place"}
    assert all(path.name == "into" for path in folder.glob("place/*"))


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.FIFOTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.GNUTYPE_SPARSE,
    ],
)
def test_links_and_devices_in_a_tar_are_refused(kind: bytes, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        add(archive, "a/1.jpg", b"one")
        add(archive, "b.jpg", kind=kind)
    assert_refused(tmp_path / "x.tar", "{} holds 'b.jpg', which is a link or a device", "Pack the photos")


@pytest.mark.parametrize("mode", [0o120777, 0o010666, 0o020666, 0o140777])
def test_links_and_devices_in_a_zip_are_refused(mode: int, tmp_path: Path) -> None:
    info = zipfile.ZipInfo("b.jpg")
    info.external_attr = mode << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a/1.jpg", b"one")
        archive.writestr(info, "/etc/passwd")
    assert_refused(tmp_path / "x.zip", "{} holds 'b.jpg', which is a link or a device", "Pack the photos")


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        ("a/1.jpg", "a/1.jpg", "a/1.jpg"),
        ("a/1.jpg", "./a//1.jpg", "a/1.jpg"),
        ("a/1.jpg", "a/1.JPG", "a/1.jpg and a/1.JPG"),
        ("a/1.jpg", "A/2.jpg", "a and A"),
        ("Caf\u00e9.jpg", "Cafe\u0301.jpg", "Caf\u00e9.jpg and Cafe\u0301.jpg"),
        ("a", "a/1.jpg", "a"),
        ("a/1.jpg", "A", "a and A"),
    ],
)
def test_members_that_one_system_or_another_takes_for_one_are_refused(
    kind: str, first: str, second: str, shown: str, tmp_path: Path
) -> None:
    archive = tmp_path / f"x.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr(first, "1")
            file.writestr(second, "2")
    else:
        with tarfile.open(archive, "w") as packed:
            add(packed, first, b"1")
            add(packed, second, b"2")
    assert_refused(
        archive,
        f"{{}} holds members that some systems would write one over the other: {shown}",
        "give the folder",
    )


def test_a_folder_may_be_named_as_often_as_it_likes(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name in ("a/", "a/", "a/1.jpg", "a/"):
            add(archive, name)
    assert list(tree(unpack(tmp_path / "x.tar", tmp_path / "into"))) == ["a/", "a/1.jpg"]


ZEROS = {"a/1.jpg": b"one", "a/0.bmp": bytes(3_000_000)}


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.bz2", "tar.xz"])
def test_an_archive_of_zeros_is_refused_unless_it_is_small(kind: str, tmp_path: Path) -> None:
    archive = pack(tmp_path / f"x.{kind}", ZEROS)
    assert_refused(
        archive,
        "{} holds more than 100 bytes for each of its own; it may have been made to do harm",
        "look through it",
        small=1_000_000,
    )
    assert tree(unpack(archive, tmp_path / "into"))["a/0.bmp"] == ZEROS["a/0.bmp"]


@every_kind
def test_an_archive_that_is_too_large_is_refused(kind: str, tmp_path: Path) -> None:
    assert_refused(pack(tmp_path / f"x.{kind}", ZEROS), "{} holds more than 0 GiB", size=2_900_000)


@every_kind
def test_an_archive_of_too_many_members_is_refused(kind: str, tmp_path: Path) -> None:
    archive = pack(tmp_path / f"x.{kind}", {f"{number}.jpg": b"" for number in range(11)})
    assert_refused(archive, "{} holds more than 10 members", members=10)
    assert len(tree(unpack(archive, tmp_path / "into", limits=Limits(members=11)))) == 11


def test_what_is_left_out_counts_for_the_limits(tmp_path: Path) -> None:
    hidden = {f".{number}": b"" for number in range(11)}
    assert_refused(pack(tmp_path / "x.tar", hidden), "more than 10 members", members=10)
    zeros = pack(tmp_path / "y.tar.gz", {".zeros": bytes(3_000_000), "1.jpg": b""})
    assert_refused(zeros, "more than 100 bytes for each of its own", small=1_000_000)


def test_a_zip_that_says_it_is_small_is_not_believed(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.zip", {"0.bmp": bytes(3_000_000)})
    rewritten(archive, (3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"), times=2)
    assert_refused(archive, "the archive {} is broken: Bad CRC-32")


def test_names_in_utf8_are_read_though_the_zip_does_not_say_so(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.zip", {"??t??/1.jpg": b"one"})
    rewritten(archive, b"??t??", "été".encode(), times=2)
    assert list(tree(unpack(archive, tmp_path / "into"))) == ["été/", "été/1.jpg"]


def test_names_in_the_code_page_of_dos_are_read(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.zip", {"?t?/1.jpg": b"one"})
    rewritten(archive, b"?t?", "été".encode("cp437"), times=2)
    assert list(tree(unpack(archive, tmp_path / "into"))) == ["été/", "été/1.jpg"]


def test_names_of_a_tar_that_are_no_utf8_are_read_as_latin_1(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        add(archive, "été/1.jpg", b"one")
    assert list(tree(unpack(tmp_path / "x.tar", tmp_path / "into"))) == ["été/", "été/1.jpg"]


def test_backslashes_of_a_zip_are_slashes(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.zip", {"a\\b\\1.jpg": b"one"})
    assert list(tree(unpack(archive, tmp_path / "into"))) == ["a/", "a/b/", "a/b/1.jpg"]


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.zip", {"1.jpg": b"one"})
    data = bytearray(archive.read_bytes())
    data[6] |= 1  # flags in the header of the file
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    archive.write_bytes(data)
    assert_refused(archive, "{} is encrypted", "with its password")


def test_a_zip_that_is_packed_in_an_unknown_way_is_refused(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.zip", {"1.jpg": b"one" * 100})
    data = bytearray(archive.read_bytes())
    data[8] = data[data.index(b"PK\x01\x02") + 10] = 9  # deflate64
    archive.write_bytes(data)
    assert_refused(archive, "cannot unpack {}: it is a zip packed by Deflate64", "another program")


@pytest.mark.parametrize(("method", "shown"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")])
def test_a_zip_whose_members_may_grow_beyond_memory_in_one_step_is_refused(
    method: int, shown: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", method) as archive:
        archive.writestr("0.bmp", bytes(50_000_000))
    # It says that it is small, and is: 50 MB in a few kilobytes, unpacked at once.
    rewritten(tmp_path / "x.zip", (50_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"), times=2)
    assert_refused(
        tmp_path / "x.zip", f"cannot unpack {{}}: it is a zip packed by {shown}", "another program"
    )


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_tar_whose_headers_would_fill_the_memory_is_refused(kind: bytes, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        add(archive, "1.jpg", b"one")
        add(archive, "2.jpg", bytes(3_000_000), kind=kind)
        add(archive, "3.jpg", b"three")
    assert_refused(tmp_path / "x.tar.gz", "the archive {} is broken: a header of 3000000 bytes")


@pytest.mark.parametrize("size", [-1, -512, -1024])
def test_a_tar_whose_member_would_lead_back_is_refused(size: int, tmp_path: Path) -> None:
    header = bytearray(tarfile.TarInfo("a.jpg").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = size.to_bytes(12, "big", signed=True)  # GNU's numbers to base 256
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "x.tar").write_bytes(header + tarfile.TarInfo("b.jpg").tobuf() + bytes(1024))
    assert_refused(tmp_path / "x.tar", f": a member of {size} bytes")


def test_names_that_are_no_utf8_though_the_zip_says_so_break_it(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.zip", {"é.jpg": b"one"})
    rewritten(archive, "é".encode(), b"\xff\xff", times=2)
    assert_refused(archive, "the archive {} is broken: 'utf-8' codec can't decode", "Fetch it again")


def cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


NOISE: Contents = {f"{number}.jpg": random.Random(number).randbytes(30_000) for number in range(40)}


@every_kind
@pytest.mark.parametrize("share", [0.3, 0.95])
def test_an_archive_that_is_cut_off_is_refused(kind: str, share: float, tmp_path: Path) -> None:
    archive = cut(pack(tmp_path / f"x.{kind}", NOISE), share)
    # A zip has its directory at the end, and is none without it.
    assert_refused(archive, "is no zip or tar archive" if kind == "zip" else "the archive {} is broken: ")


@every_kind
def test_a_damaged_archive_is_refused(kind: str, tmp_path: Path) -> None:
    archive = pack(tmp_path / f"x.{kind}", NOISE)
    data = bytearray(archive.read_bytes())
    # A plain tar has sums of its headers alone: the second file's is the 61st block.
    place = 512 * 60 + 20 if kind == "tar" else len(data) * 9 // 10  # in bzip2's second block
    data[place] ^= 0xFF
    archive.write_bytes(data)
    assert_refused(archive, "the archive {} is broken: ", "Fetch it again")


def test_the_sum_at_the_end_of_a_packed_tar_is_checked(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.tar.gz", NOISE)
    data = bytearray(archive.read_bytes())
    data[-8] ^= 0xFF
    archive.write_bytes(data)
    assert_refused(archive, "the archive {} is broken: CRC check failed", "Fetch it again")


def test_a_tar_without_the_mark_at_its_end_is_read(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.tar", {"1.jpg": b"one"})
    archive.write_bytes(archive.read_bytes()[:1024])  # a header and one block
    assert tree(unpack(archive, tmp_path / "into")) == {"1.jpg": b"one"}


@pytest.mark.parametrize(
    "content", [b"", b"not an archive at all" * 100, b"\x1f\x8b nonsense", b"BZh9 nonsense"]
)
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    assert_refused(tmp_path / "x.zip", "{} is")


@pytest.mark.parametrize(
    ("name", "reason"), [("gone.zip", "No such file"), ("folder", "Is a directory"), ("\0", "null")]
)
def test_a_file_that_cannot_be_read_is_named(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match=f"cannot read .*{reason}"):
        unpack(tmp_path / name, tmp_path / "into")


@pytest.mark.parametrize("contents", [{}, {".DS_Store": b"x", "a/": b""}])
@every_kind
def test_an_archive_without_files_is_refused(kind: str, contents: Contents, tmp_path: Path) -> None:
    assert_refused(pack(tmp_path / f"x.{kind}", contents), "there is no file in {}", "Look through it")


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.zip", PHOTOS)
    (tmp_path / "into").mkdir()
    with pytest.raises(OutputError, match="into is there already") as caught:
        unpack(archive, tmp_path / "into")
    assert caught.value.fix == "Choose another folder, or remove it."
    assert tree(tmp_path / "into") == {}


def test_a_folder_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.zip", PHOTOS)
    with pytest.raises(OutputError, match=r"cannot write .*x\.zip/into: Not a directory"):
        unpack(archive, archive / "into")


def test_a_name_that_no_file_can_have_is_an_output_error_and_leaves_nothing(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.zip", {"1.jpg": b"one", "a" * 300: b"two"})
    with pytest.raises(OutputError, match=r"cannot write .*into: File name too long"):
        unpack(archive, tmp_path / "into")
    assert list(tree(tmp_path)) == ["x.zip"]
