import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from made_up_audits import audit_of, biased, fair, untold

from kclass.errors import OutputError, PhotoError
from kclass.model_audit.audited import ModelAudit
from kclass.model_audit.page import MOST_LINES
from kclass.model_audit.pictures import FEW

ALARM = "<script>alert(1)</script>"


class Page(HTMLParser):
    """The text of a page, and what its elements are and refer to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page_of(audit: ModelAudit, folder: Path) -> Page:
    written = audit.write_page(folder / "below" / "audit.html")
    return Page(written.read_text(encoding="utf-8"))


def test_the_page_says_the_verdict_and_the_reasons_and_has_the_table(tmp_path: Path) -> None:
    audit = audit_of([fair("fiat"), biased("07.Alfa_Romeo")])
    page = page_of(audit, tmp_path)
    assert audit.told in page.text
    assert "Alfa Romeo background 24 17 % 40 % 104 % 25 % (20 to 30) 3 % (1 to 5)" in page.text
    for each in audit.classes:
        assert all(reason in page.text for reason in each.verdict.reasons)
    assert "how much of the probability survives when the hottest 20 % is blurred" in page.text
    assert audit.remark in page.text
    assert page.text.index("Alfa Romeo background Its") < page.text.index("fiat no shortcut found Its")


def test_pictures_are_on_stated_scales(tmp_path: Path) -> None:
    page = page_of(audit_of([biased("fiat"), biased("lada")]), tmp_path)
    # Two bars; and of each class a mean map, two photos and the three pictures of a swap.
    assert page.tags.count("img") == 2 + 2 * 6
    assert "0 2.4 Mean maps, all on this scale: times as much evidence as if it were spread" in page.text
    assert "0 4 Maps of single photos, all on this scale: evidence for the class, in units of" in page.text
    assert "empty: nothing in this layer speaks for the class" in page.text


def test_an_example_says_how_probability_and_odds_moved(tmp_path: Path) -> None:
    text = page_of(audit_of([biased("fiat"), fair("lada")]), tmp_path).text.replace("\N{NO-BREAK SPACE}", " ")
    # The log odds 9 and -1: exp(9) is 8103 and 1 / (1 + exp(-9)) .99988; exp(1) is 2.7, 1 / (1 + e) .269.
    assert "as it is 100.0 % odds 8,100 to 1 surroundings from Lada with it 26.9 % odds 1 to 2.7" in text


def test_what_is_more_than_a_million_to_1_is_said_to_be_more(tmp_path: Path) -> None:
    measured = fair("fiat")
    assert measured.pictures is not None
    swaps = tuple(replace(each, before=800.0, after=-800.0) for each in measured.pictures.swaps)
    sure = replace(measured, pictures=replace(measured.pictures, swaps=swaps))
    text = page_of(audit_of([sure, fair("lada")]), tmp_path).text
    assert "odds over 1,000,000 to 1" in text
    assert "odds 1 to over 1,000,000" in text


def test_of_many_classes_those_without_a_shortcut_are_shown_together_by_their_mean_maps(
    tmp_path: Path,
) -> None:
    plain = [fair(f"bird {place}") for place in range(FEW + 6)]
    page = page_of(audit_of([*plain, biased("jay"), untold("dodo")]), tmp_path)
    assert page.tags.count("img") == 2 + 6 + FEW + 6
    assert f"{FEW + 6} more classes no shortcut found" in page.text
    assert page.text.count("No simple property") == 1
    assert "1 more class cannot be told" in page.text


def test_names_are_text_whatever_they_hold_and_nothing_is_run_or_loaded(tmp_path: Path) -> None:
    errors, unmasked = (PhotoError(f"{ALARM} is empty"),), (Path(ALARM),)
    page = page_of(audit_of([biased(ALARM), fair('"><img>')], unreadable=errors, unmasked=unmasked), tmp_path)
    assert {"script", "link", "iframe"} & set(page.tags) == set()
    assert ALARM in page.text
    assert all(re.match(r"data:image/jpeg;base64,|#class-\d+$", each) for each in page.sources)
    assert f"1 that could not be read {ALARM} is empty" in page.text


def test_long_lists_of_photos_are_cut(tmp_path: Path) -> None:
    unmasked = tuple(Path(f"{place}.png") for place in range(MOST_LINES + 7))
    page = page_of(audit_of([fair("a")], unmasked=unmasked), tmp_path)
    assert f"{MOST_LINES - 1}.png" in page.words
    assert f"{MOST_LINES}.png" not in page.words
    assert "and 7 more" in page.text


def test_classes_of_which_nothing_was_measured_make_a_page_without_pictures(tmp_path: Path) -> None:
    page = page_of(audit_of([untold("a"), untold("b")]), tmp_path)
    assert "img" not in page.tags
    assert "There are too few photos of the class" in page.text


def test_a_page_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        audit_of([fair("a")]).write_page(tmp_path)
