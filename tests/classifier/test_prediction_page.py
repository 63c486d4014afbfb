import os
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import kclass
from kclass.classifier import prediction_page as module
from kclass.classifier.prediction import Guess, Prediction
from kclass.classifier.prediction_page import share
from kclass.classifier.predictions import Predictions
from kclass.classifier.training_photos import Neighbour

CLASSES = ("01.ash_tree", "birch", "cedar")
EVIL = '<script>alert("1")</script>'


def picture(path: Path, *, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (30, 40, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def found(
    path: Path,
    label: str = "birch",
    probability: float = 0.9,
    *,
    novelty: float | None = None,
    threshold: float = 0.0,
    nearest: tuple[Neighbour, ...] = (),
) -> Prediction:
    place = CLASSES.index(label) if label in CLASSES else 0
    guesses = (Guess(label, place, probability), Guess("cedar", 2, 1 - probability))
    return Prediction(path, guesses, novelty, threshold, nearest)


def written(folder: Path, *predictions: Prediction, unreadable: tuple[str, ...] = ()) -> str:
    errors = tuple(kclass.PhotoError(message) for message in unreadable)
    path = Predictions(predictions, errors, CLASSES).write_page(folder / "below" / "page.html")
    assert path == folder / "below" / "page.html"
    return path.read_text(encoding="utf-8")


def text_of(page: str) -> str:
    """The page's text without style, its white space as one space each."""
    body = page.partition("<body>")[2]
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def files_of(page: str) -> list[str]:
    return re.findall(r'<bdi class="file">([^<]*)</bdi>', page)


def test_photos_with_one_answer_stand_together_unsure_first_and_the_least_sure_first(
    tmp_path: Path,
) -> None:
    rows = [
        ("cedar", 0.95, None),
        ("01.ash_tree", 0.99, None),
        ("01.ash_tree", 0.8, 0.9),
        ("birch", 0.4, None),
        ("01.ash_tree", 0.85, None),
        ("cedar", 0.99, 1.2),
        ("birch", 0.9, 2.0),
    ]
    names = "abcdefg"
    page = written(
        tmp_path,
        *(
            found(picture(tmp_path / f"in/{name}.png"), label, probability, novelty=novelty, threshold=0.7)
            for name, (label, probability, novelty) in zip(names, rows, strict=True)
        ),
    )
    assert files_of(page) == [f"{name}.png" for name in "gfdceba"]
    titles = re.findall(r"<h2[^>]*>([^<]*) <small>([^<]*)</small>", page)
    assert titles == [
        ("unsure", "3 photos, without an answer, 2 unlike the training photos"),
        ("ash tree", "3 photos"),
        ("cedar", "1 photo"),
    ]
    assert re.findall(r'href="#answer-\d">([^<]*)<b>(\d+)</b>', page) == [
        ("unsure", "3"),
        ("ash tree", "3"),
        ("cedar", "1"),
    ]
    assert (
        "less probable than 70.0 % or that are unlike the training photos are answered “unsure”"
        in text_of(page)
    )
    assert "2 photos are unlike the training photos" in text_of(page)
    assert f"Photos in {tmp_path / 'in'}" in text_of(page)


def test_without_threshold_and_novelty_the_page_speaks_of_neither(tmp_path: Path) -> None:
    text = text_of(written(tmp_path, found(picture(tmp_path / "a.png"))))
    assert "unsure" not in text
    assert "unlike" not in text
    assert "most like" not in text
    assert "Of each answer the least sure come first." in text
    assert "birch 90.0 % cedar 10.0 %" in text


def test_a_photo_unlike_any_is_flagged(tmp_path: Path) -> None:
    page = written(tmp_path, found(picture(tmp_path / "a.png"), novelty=1.846))
    assert "unlike the training photos (novelty 1.85)" in text_of(page)
    assert '<figure class="novel">' in page
    like = written(tmp_path, found(tmp_path / "a.png", novelty=1.0))
    assert "(novelty" not in like
    assert '<figure class="novel">' not in like


def test_the_training_photos_most_like_a_photo_stand_below_it(tmp_path: Path) -> None:
    near = Neighbour(picture(tmp_path / "train/a.png", seed=1), "01.ash_tree", 0.876)
    gone = Neighbour(tmp_path / "train/gone.png", "cedar", 0.5)
    page = written(tmp_path, found(picture(tmp_path / "a.png"), nearest=(near, gone)))
    assert "most like ash tree 0.88 gone cedar 0.50" in text_of(page)
    assert page.count("data:image/jpeg;base64,") == 2


def test_neighbours_are_shown_of_the_photos_to_doubt_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WITH_NEAREST", 2)
    near = (Neighbour(picture(tmp_path / "train/a.png", seed=1), "cedar", 0.9),)
    rows = [("a", 0.9, None), ("b", 0.6, None), ("c", 0.99, 1.5), ("d", 0.7, None)]
    page = written(
        tmp_path,
        *(
            found(picture(tmp_path / f"in/{name}.png"), "birch", probability, novelty=novelty, nearest=near)
            for name, probability, novelty in rows
        ),
    )
    figures = page.split("<figure")[1:]
    assert [files_of(each)[0] for each in figures if "most like" in each] == ["c.png", "b.png"]
    assert "Below the 2 photos to be doubted first" in text_of(page)


class _Parsed(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action")]


def test_names_stay_text_and_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    near = Neighbour(tmp_path / "gone.png", EVIL, 0.5)
    path = picture(tmp_path / "<b>&'" / '"<i>.png')
    page = written(
        tmp_path,
        found(path, EVIL, nearest=(near,), novelty=2.0, threshold=0.1),
        found(path, EVIL),
        unreadable=(f"{EVIL} is empty",),
    )
    parsed = _Parsed()
    parsed.feed(page)
    assert parsed.tags.isdisjoint({"script", "base", "link", "iframe", "form"})
    assert EVIL not in page
    assert "&lt;script&gt;" in page
    assert "<i>.png" not in page
    assert all(each.startswith(("data:image/jpeg;base64,", "#")) for each in parsed.addresses)
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page
    assert re.findall(r"\son\w+=", page.partition("<body>")[2]) == []


def test_a_name_that_is_no_text_is_written_with_escapes(tmp_path: Path) -> None:
    page = written(tmp_path, found(tmp_path / os.fsdecode(b"caf\xe9.png")))
    assert files_of(page) == ["caf\\udce9.png"]
    assert "no picture any more" in page


def test_what_could_not_be_predicted_is_named(tmp_path: Path) -> None:
    page = written(tmp_path, unreadable=("a.jpg is empty", "b.jpg is truncated"))
    assert "not predicted 2 photos a.jpg is empty b.jpg is truncated" in text_of(page)
    assert "Predictions of 0 photos" in page


def test_classes_that_read_alike_are_named_as_their_folders(tmp_path: Path) -> None:
    paths = [picture(tmp_path / f"{name}.png") for name in "ab"]
    page = written(tmp_path, found(paths[0], "birch"), found(paths[1], "2.birch"))
    assert set(re.findall(r'href="#answer-\d">([^<]*)<', page)) == {"birch", "2.birch"}


def test_more_photos_than_fit_are_named_and_the_rest_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_SHOWN", 4)
    monkeypatch.setattr(module, "MOST_LINES", 3)
    path = picture(tmp_path / "a.png")
    many = [found(path, "birch", 0.5 + place / 100) for place in range(9)]
    page = written(tmp_path, *many, found(path, "cedar"), unreadable=tuple(f"{n} is empty" for n in range(5)))
    text = text_of(page)
    assert page.count("data:image/jpeg;base64,") == 4
    assert "and 6 more, surer than these" in text
    assert "a.png: birch 53.0%, cedar 47.0% a.png: birch 54.0%, cedar 46.0%" in text
    assert "and 3 more, which --csv lists" in text
    assert "not predicted 5 photos 0 is empty 1 is empty 2 is empty and 2 more" in text


def test_five_thousand_photos_make_a_page_of_few_megabytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worst = "x" * 8200  # a thumbnail of noise at 160 pixels
    monkeypatch.setattr(
        module, "thumbnails", lambda files, *, side, progress: [worst[: side**2 // 3]] * len(files)
    )
    near = tuple(Neighbour(tmp_path / f"{place}.jpg", "cedar", 0.9) for place in range(3))
    many = [found(Path(f"/photos/{place:040}.jpg"), nearest=near) for place in range(5000)]
    size = len(written(tmp_path, *many))
    assert 5e6 < size < 10e6


def test_a_thumbnail_is_made_once_and_told_of(tmp_path: Path) -> None:
    path, near = picture(tmp_path / "a.png"), Neighbour(picture(tmp_path / "b.png"), "cedar", 0.9)
    told: list[tuple[str, int, int]] = []
    predictions = tuple(found(path, nearest=(near, near)) for _ in range(3))
    Predictions(predictions, ()).write_page(tmp_path / "p.html", progress=lambda *step: told.append(step))
    assert told == [("thumbnails", done, 1) for done in (0, 1, 0, 1)]


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(kclass.OutputError, match="cannot write"):
        Predictions((), ()).write_page(tmp_path)


@pytest.mark.parametrize(
    ("sizes", "most", "each"),
    [([], 5, 0), ([3, 4], 10, 4), ([3, 4], 7, 4), ([3, 4], 6, 3), ([1, 100, 100], 21, 10), ([9, 9, 9], 2, 1)],
)
def test_small_groups_are_taken_whole_and_large_ones_cut_to_one_size(
    sizes: list[int], most: int, each: int
) -> None:
    assert share(sizes, most) == each


@given(st.lists(st.integers(1, 50), max_size=8), st.integers(8, 200))
def test_a_share_is_as_large_as_it_can_be(sizes: list[int], most: int) -> None:
    each = share(sizes, most)

    def taken(size: int) -> int:
        return sum(min(size, other) for other in sizes)

    assert taken(each) <= most
    assert each == max(sizes, default=0) or taken(each + 1) > most
