import tracemalloc
from pathlib import Path

from kclass.photos.hashing import content_hash, file_content_hash


def test_the_hash_is_that_of_b2sum() -> None:
    # `b2sum -l 128` of GNU coreutils, over nothing and over the three letters
    assert content_hash(b"") == "cae66941d9efbd404e4d88758ea67670"
    assert content_hash(b"abc") == "cf4ab791c62b8d2b2109c90275287816"


def test_one_bit_makes_another_hash() -> None:
    assert content_hash(bytes(1000)) != content_hash(bytes(999) + b"\x01")


def test_a_file_has_the_hash_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc" * 10**6)
    assert file_content_hash(tmp_path / "file") == content_hash(b"abc" * 10**6)


def test_a_file_is_hashed_piece_by_piece(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**26)
    tracemalloc.start()
    try:
        file_content_hash(tmp_path / "sparse")
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()
