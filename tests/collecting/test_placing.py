import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from photo_server import photo
from PIL import Image

from kclass.classifier.folder_names import alike
from kclass.collecting.found import Found
from kclass.collecting.placing import Places, shrunk
from kclass.collecting.wanted import Query, Wanted
from kclass.dataset.scanning import scan
from kclass.photos.hashing import content_hash

OUT = Path("out")
WORDS = st.one_of(
    st.text(min_size=1, max_size=300),
    st.text(alphabet="./\\\\ :~a", min_size=1, max_size=10),
    st.sampled_from(
        ["..", ".", "con", "NUL.jpg", "COM1", "a/../../b", "🚗" * 300, "é", "e\u0301", "@eaDir", "train"]
    ),
)
CONTENTS = [content_hash(bytes([number])) for number in range(3)]


def places(
    labels: list[str], *, is_split: bool = False, valid: float = 0.0, shrink: int | None = None
) -> Places:
    return Places(OUT, labels, is_split, valid, shrink)


def wanted(label: str, added: str = "", split: str = "") -> Wanted:
    return Wanted(Query(label, added, "Openverse"), Found("http://a", split=split))


@given(st.lists(WORDS, min_size=1, max_size=4, unique=True), st.lists(WORDS, max_size=3), st.booleans())
@example(["a/b", "a:b", "A_B"], ["x" * 300, "x" * 301], True)
def test_every_photo_has_a_name_of_its_own_within_the_folder(
    labels: list[str], added: list[str], is_split: bool
) -> None:
    made = places(labels, is_split=is_split, valid=0.5)
    names: dict[str, tuple[str, str]] = {}
    folders: dict[str, str] = {}
    for label in labels:
        for word in ["", *added]:
            for content in CONTENTS:
                path = made.of(wanted(label, word), content, ".jpg")
                inner = path.relative_to(OUT)
                assert len(inner.parts) == (3 if is_split else 2)
                assert ".." not in inner.parts
                assert all(not part.startswith(".") and len(part.encode()) <= 255 for part in inner.parts)
                assert not re.search(r'[\x00-\x1f/\\\\:*?"<>|]', "".join(inner.parts))
                # Words may come to one name; then it is one photo of one class, whichever word found it.
                assert names.setdefault(alike(inner.as_posix()), (label, content)) == (label, content)
                assert folders.setdefault(alike(inner.parts[-2]), label) == label


@given(WORDS)
def test_what_is_written_is_found_again(label: str) -> None:
    # A folder of pytest's would be one for all examples.
    with tempfile.TemporaryDirectory() as folder:
        made = Places(Path(folder), [label, "other"], False, 0.0, None)
        path = made.of(wanted(label, label), CONTENTS[0], ".jpg")
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
        assert scan(Path(folder)).photos == (path.relative_to(folder).as_posix(),)


def test_the_word_and_the_hash_are_in_the_name() -> None:
    path = places(["la ferrari"]).of(wanted("la ferrari", "red"), "0a1b", ".webp")
    assert path == OUT / "la ferrari" / "red_0a1b.webp"


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_about_the_share_goes_to_validation(share: float) -> None:
    made = places(["a"], is_split=True, valid=share)
    found = [
        made.of(wanted("a"), content_hash(str(number).encode()), ".jpg").parts[1] for number in range(1000)
    ]
    assert found.count("validation") / 1000 == pytest.approx(share, abs=0.04)


def test_a_split_that_a_photo_has_stays() -> None:
    made = places(["a"], is_split=True, valid=0.99)
    assert made.of(wanted("a", split="test"), CONTENTS[0], ".jpg").parts[1] == "test"


def test_what_is_shrunk_is_a_jpeg() -> None:
    assert places(["a"], shrink=60).of(wanted("a"), "0a", ".png").name == "0a.jpg"


@pytest.mark.parametrize(("side", "size"), [(60, (60, 45)), (500, (120, 90))])
def test_photos_are_shrunk_and_never_grow(
    side: int, size: tuple[int, int], open_image: Callable[[bytes], Image.Image]
) -> None:
    assert open_image(shrunk(photo(1, width=120, height=90), side)).size == size
