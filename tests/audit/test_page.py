import base64
import html.parser
import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
from audits import audit_of, bad, folder_audit, photo_folder, table_of
from PIL import Image

import kclass
from kclass.audit.findings import KINDS, Audit, Finding
from kclass.audit.page import LONGER_SIDE, MOST_FINDINGS, MOST_LINES, MOST_PHOTOS, MOST_PICTURES, write_page
from kclass.dataset.folder import ImageFolder

VOID = {"meta", "img"}


class Page(html.parser.HTMLParser):
    """What a browser would make of a page: its tags, its words, its pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def pictures(self) -> list[Image.Image]:
        sources = [attrs["src"] or "" for tag, attrs in self.tags if tag == "img"]
        starts = [source.partition(",") for source in sources]
        assert {start for start, _, _ in starts} <= {"data:image/jpeg;base64"}
        return [Image.open(io.BytesIO(base64.b64decode(data))) for _, _, data in starts]

    def classed(self, name: str) -> int:
        return sum(attrs.get("class") == name for _, attrs in self.tags)


def page_of(audit: Audit, folder: Path) -> Page:
    write_page(audit, folder / "audit.html")
    return Page((folder / "audit.html").read_text(encoding="utf-8"))


def test_the_page_says_the_verdict_the_counts_and_what_is_in_the_data_set(tmp_path: Path) -> None:
    data = ImageFolder(photo_folder(tmp_path / "photos", {"02.Old_ash": 3, "birch": 2}))
    audit = audit_of(data, *bad(1), Finding("tiny", (2,), "48 x 30 pixels"))
    page = page_of(audit, tmp_path)
    assert "Audit of photos 5 photos looked at in 1.5 s. Paths start from " in page.text
    assert "1 error, 1 warning: mend the errors before you train." in page.text
    assert "class photos Old ash 3 birch 2 total 5" in page.text
    assert "Fixing takes out 1 photo, marked taken out below: kclass check DATA --fix list" in page.text


def test_a_section_a_kind_says_what_it_means_and_where_its_threshold_comes_from(tmp_path: Path) -> None:
    data = ImageFolder(photo_folder(tmp_path / "photos"))
    audit = audit_of(data, Finding("turned", (0,), "EXIF 6"), Finding("leak", (1, 4), "the same"))
    page = page_of(audit_of(data, *audit.findings, Finding("imbalance", (), "9 to 1")), tmp_path)
    sections = [attrs["id"] for tag, attrs in page.tags if tag == "section"]
    assert sections == ["leak", "imbalance", "turned"]
    assert [attrs["href"] for tag, attrs in page.tags if tag == "a"] == ["#leak", "#imbalance", "#turned"]
    for kind in sections:
        assert kind is not None
        assert KINDS[kind].meaning in page.text
        assert " ".join(KINDS[kind].origin.replace("`", " ").split()) in page.text
    assert f"Threshold: {KINDS['imbalance'].origin}" in page.text
    assert "Leaks between splits error, 1 A photo that is judged" in page.text
    absent = re.search(r"Looked for and not found: (.*?)\.", page.text)
    assert absent
    assert absent[1].split(", ")[:2] == ["unreadable photos", "one photo under two labels"]
    assert not {KINDS[kind or ""].title for kind in sections} & set(absent[1].split(", "))


def test_names_of_files_in_the_origin_of_a_threshold_are_set_as_code(tmp_path: Path) -> None:
    data = ImageFolder(photo_folder(tmp_path / "photos"))
    write_page(audit_of(data, Finding("leak", (1, 4), "the same")), tmp_path / "audit.html")
    html = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "(<code>kclass/inspection/verification.py</code>, <code>" in html
    assert "`" not in html


@pytest.mark.parametrize("with_features", [False, True])
def test_what_needs_a_network_is_not_said_to_have_been_looked_for_without(
    with_features: bool, tmp_path: Path
) -> None:
    data = ImageFolder(photo_folder(tmp_path / "photos"))
    text = page_of(audit_of(data, with_features=with_features), tmp_path).text
    assert ("by a network too" in text) is with_features
    assert ("Not looked for without --features : labels to look at." in text) is not with_features
    assert "Nothing found that stands in the way of training." in text
    assert "Fixing takes out" not in text


def test_each_photo_of_a_finding_is_shown_with_its_path_class_and_split(tmp_path: Path) -> None:
    for split in ("train", "val"):
        photo_folder(tmp_path / "photos" / split, {"02.Old_ash": 2, "birch": 2})
    data = ImageFolder(tmp_path / "photos")
    assert data.samples.paths[4:6] == ("val/02.Old_ash/0.png", "val/02.Old_ash/1.png")
    page = page_of(audit_of(data, Finding("leak", (5, 2), "they are one", remove=(2,))), tmp_path)
    said = "val/02.Old_ash/1.png Old ash · valid train/birch/0.png birch · train taken out they are one"
    assert said in page.text
    assert page.classed("out") == 1
    assert [picture.size for picture in page.pictures] == [(48, 30)] * 2
    wanted = [Image.open(data.samples.path(row)) for row in (5, 2)]
    means = [np.asarray(picture).mean(axis=(0, 1)) for picture in (*page.pictures, *wanted)]
    np.testing.assert_allclose(means[:2], means[2:], atol=3)


def test_thumbnails_are_upright_and_small_enough(tmp_path: Path) -> None:
    root = photo_folder(tmp_path / "photos")
    lying = np.zeros((300, 600, 3), np.uint8)
    lying[:, :300] = (200, 0, 0)  # the left half, which is above when orientation 6 is heeded
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(lying).save(root / "ash/0.jpg", exif=exif)
    data = ImageFolder(root)
    page = page_of(audit_of(data, Finding("turned", (0,), "")), tmp_path)
    (picture,) = page.pictures
    assert picture.size == (LONGER_SIDE // 2, LONGER_SIDE)
    pixels = np.asarray(picture).astype(int)
    assert pixels[: LONGER_SIDE // 2 - 4, :, 0].min() > 150
    assert pixels[LONGER_SIDE // 2 + 4 :, :, 0].max() < 50


def test_a_photo_that_cannot_be_read_has_no_picture(tmp_path: Path) -> None:
    audit = folder_audit(tmp_path / "photos", 0, 1)
    (tmp_path / "photos/ash/0.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    page = page_of(audit, tmp_path)
    assert page.classed("none") == len(page.pictures) == 1
    assert "no picture ash/0.png ash taken out is truncated" in page.text


def test_findings_that_are_not_shown_are_listed_by_their_paths(tmp_path: Path) -> None:
    data = table_of(photo_folder(tmp_path / "photos"), [f"ash/{number}.png" for number in range(2000)])
    findings = bad(*range(MOST_FINDINGS + MOST_LINES + 7), kind="dark")
    page = page_of(audit_of(data, *findings), tmp_path)
    assert page.classed("finding") == MOST_FINDINGS
    assert f"and {MOST_LINES + 7:,} more ash/{MOST_FINDINGS}.png ash/{MOST_FINDINGS + 1}.png " in page.text
    assert f" ash/{MOST_FINDINGS + MOST_LINES - 1}.png and 7 more, which --json lists" in page.text


def test_findings_without_photos_are_told_and_listed_in_words(tmp_path: Path) -> None:
    findings = [Finding("empty-class", (), f"folder {number}") for number in range(MOST_FINDINGS + 2)]
    page = page_of(audit_of(ImageFolder(photo_folder(tmp_path / "photos")), *findings), tmp_path)
    assert (
        f"folder {MOST_FINDINGS - 1} and 2 more folder {MOST_FINDINGS} folder {MOST_FINDINGS + 1}"
        in page.text
    )
    assert page.pictures == []


def test_of_a_large_group_some_photos_are_shown_and_the_others_listed(tmp_path: Path) -> None:
    data = table_of(photo_folder(tmp_path / "photos"), [f"ash/{number}.png" for number in range(9)])
    page = page_of(audit_of(data, Finding("identical", tuple(range(9)), "all the same")), tmp_path)
    assert sum(tag == "figure" for tag, _ in page.tags) == MOST_PHOTOS
    assert "all the same and 5 more ash/4.png ash/5.png ash/6.png ash/7.png ash/8.png" in page.text


def test_of_a_huge_group_not_even_all_paths_are_listed(tmp_path: Path) -> None:
    number = MOST_PHOTOS + MOST_LINES + 5
    data = table_of(photo_folder(tmp_path / "photos"), [f"ash/{row}.png" for row in range(number)])
    page = page_of(audit_of(data, Finding("identical", tuple(range(number)), "all the same")), tmp_path)
    assert f"all the same and {MOST_LINES + 5:,} more ash/{MOST_PHOTOS}.png " in page.text
    assert f" ash/{MOST_PHOTOS + MOST_LINES - 1}.png and 5 more, which --json lists" in page.text


def test_a_path_that_stands_below_the_photo_is_not_said_again(tmp_path: Path) -> None:
    data = ImageFolder(photo_folder(tmp_path / "photos"))
    findings = (
        Finding("unreadable", (1,), "ash/1.png is empty"),
        Finding("identical", (0, 2), "ash/0.png and ash/2.png"),
        Finding("tiny", (0,), "ash/0.png: 48 pixels"),
        Finding("tiny", (), "ash/1.png: 30 pixels"),
    )
    text = page_of(audit_of(data, *findings), tmp_path).text
    assert "ash/1.png ash is empty " in text
    assert "ash/0.png ash ash/2.png ash ash/0.png and ash/2.png " in text
    assert "ash/0.png ash 48 pixels ash/1.png: 30 pixels" in text


def test_names_of_any_signs_are_shown_as_they_are_and_do_nothing(tmp_path: Path) -> None:
    root = photo_folder(tmp_path / "photos")
    names = ["<script>alert(1)<script> &amp;.png", "Straße 猫.png", "a\"b'.png", os.fsdecode(b"\xff.png")]
    for name in names:
        (root / "ash" / name).write_bytes((root / "ash/0.png").read_bytes())
    (root / "ash").rename(root / "<b>ash")
    data = ImageFolder(root)
    rows = [data.samples.paths.index(f"<b>ash/{name}") for name in names]
    findings = [Finding("dark", (row,), f"<i>{data.samples.paths[row]}") for row in rows]
    page = page_of(audit_of(data, *findings), tmp_path)
    assert not {"script", "i"} & {tag for tag, _ in page.tags}
    shown = [*names[:3], "\\udcff.png"]
    for name in shown:
        assert f"<b>ash/{name} <b>ash <i><b>ash/{name}" in page.text
    assert len(page.pictures) == 4


def test_the_page_loads_nothing_and_runs_nothing(tmp_path: Path) -> None:
    write_page(folder_audit(tmp_path / "photos", 0), tmp_path / "audit.html")
    text = (tmp_path / "audit.html").read_text()
    page = Page(text)
    assert {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "embed", "base"} == set()
    assert not re.search(r"https?://|//[a-z]|@import|url\(", re.sub(r"base64,[^\"]*", "", text))
    sources = [attrs.get("src") or attrs.get("href") or "" for _, attrs in page.tags]
    assert all(source.startswith(("data:", "#")) for source in sources if source)


def test_ten_thousand_findings_make_a_page_below_ten_megabytes(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    root.mkdir()
    random = np.random.default_rng(0)
    folder = "a-folder-with-a-rather-long-name/and-another-one-below-it-that-is-no-shorter/"
    names = [f"{folder}{number}.jpg" for number in range(10_000)]
    (root / folder).mkdir(parents=True)
    for name in names[:40]:  # noise, which JPEG makes the least of
        Image.fromarray(random.integers(0, 256, (200, 200, 3), dtype=np.uint8)).save(root / name)
    kinds = [*KINDS] * (10_000 // len(KINDS) + 1)
    findings = [
        Finding(kind, tuple((place + step) % 40 if place < 5000 else place for step in range(4)), "why")
        for place, kind in enumerate(kinds[:10_000])
    ]
    page = page_of(audit_of(table_of(root, names), *findings), tmp_path)
    assert (tmp_path / "audit.html").stat().st_size < 10e6
    assert MOST_PICTURES // 2 < len(page.pictures) <= MOST_PICTURES


def test_progress_is_told_of_each_thumbnail_once(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    audit = folder_audit(tmp_path / "photos", 0, 0, 1)
    write_page(audit, tmp_path / "audit.html", progress=lambda *step: told.append(step))
    assert told == [("thumbnails", 0, 2), ("thumbnails", 1, 2), ("thumbnails", 2, 2)]


def test_one_audit_gives_one_page(tmp_path: Path) -> None:
    audit = folder_audit(tmp_path / "photos", *range(6))
    write_page(audit, str(tmp_path / "one.html"))
    write_page(audit, tmp_path / "other.html")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "other.html").read_bytes()


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "audit.html").mkdir()
    with pytest.raises(kclass.OutputError, match=f"cannot write {tmp_path}/audit.html: Is a directory"):
        write_page(folder_audit(tmp_path / "photos"), tmp_path / "audit.html")
