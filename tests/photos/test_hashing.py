from kclass.photos.hashing import content_hash


def test_the_hash_is_that_of_b2sum() -> None:
    # `b2sum -l 128` of GNU coreutils, over nothing and over the three letters
    assert content_hash(b"") == "cae66941d9efbd404e4d88758ea67670"
    assert content_hash(b"abc") == "cf4ab791c62b8d2b2109c90275287816"


def test_one_bit_makes_another_hash() -> None:
    assert content_hash(bytes(1000)) != content_hash(bytes(999) + b"\x01")
