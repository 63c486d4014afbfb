import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from kclass.collecting.attribution import (
    Credit,
    page,
    table,
    without_password,
    write_credits,
    write_left_out,
)
from kclass.collecting.collection import Left

CREDIT = Credit(
    file="ant/red_0a.jpg",
    label="ant",
    query="red ant",
    provider="Openverse",
    page="https://photos.example/1",
    address="https://live.photos.example/1.jpg",
    title="A red ant",
    creator="Jo",
    licence="by-sa",
    licence_name="CC BY-SA 4.0",
    licence_url="https://creativecommons.org/licenses/by-sa/4.0/",
    time="2026-01-02T03:04:05+00:00",
    content="0a",
)


def credited(**changes: str) -> str:
    """The line of a photo on the page."""
    (line,) = [line for line in page([replace(CREDIT, **changes)]).splitlines() if line.startswith("- ")]
    return line


def test_the_page_names_title_creator_licence_and_file() -> None:
    assert page([CREDIT]).splitlines()[:4] == ["# Attribution", "", "## ant", ""]
    assert credited() == (
        "- [A red ant](https://photos.example/1) by Jo, "
        "[CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/) (`ant/red_0a.jpg`)"
    )


def test_what_nobody_tells_is_said_to_be_unknown() -> None:
    nothing = credited(title="", page="", creator="", licence="", licence_name="", licence_url="")
    assert nothing == (
        "- [red\\_0a.jpg](https://live.photos.example/1.jpg) by an unknown creator, licence unknown "
        "(`ant/red_0a.jpg`)"
    )


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("*bold* _it_ `code`", "\\*bold\\* \\_it\\_ \\`code\\`"),
        ("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>"),
        ("](https://evil.example)", "\\](https://evil.example)"),
        ("two\nlines\n\n# three", "two lines # three"),
        ("a\\", "a\\\\"),
    ],
)
def test_words_from_elsewhere_are_no_markdown(title: str, shown: str) -> None:
    assert credited(title=title).startswith(f"- [{shown}](https://photos.example/1) by Jo")
    assert f"by {shown}, [CC" in credited(creator=title)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example", ""])
def test_pages_that_are_no_web_pages_are_no_links(address: str) -> None:
    assert credited(page=address, address=address).startswith("- A red ant by Jo")


def test_halves_of_signs_do_no_harm(tmp_path: Path) -> None:
    write_credits(tmp_path, [replace(CREDIT, title="a \ud83d car", creator="\ud83d")], shrunk=False)
    assert "[a ? car]" in (tmp_path / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert ",a ? car,?," in (tmp_path / "attribution.csv").read_text(encoding="utf-8")


def test_that_photos_were_made_smaller_is_said() -> None:
    assert "made smaller" in page([CREDIT], shrunk=True)
    assert "made smaller" not in page([CREDIT])


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://jo:s3cret@photos.example/1.zip", "https://photos.example/1.zip"),
        ("https://photos.example/a@b", "https://photos.example/a@b"),
        ("nothing", "nothing"),
    ],
)
def test_passwords_do_not_stand_in_addresses(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_lines_in_an_address_make_no_lines_on_the_page() -> None:
    line = credited(page="https://photos.example/\n\n# Heading\n\n[a]: https://evil.example")
    assert "%0A" in line and "# Heading" not in line


def test_an_address_does_not_end_the_link() -> None:
    assert credited(page="https://photos.example/a_(b) c<d").startswith(
        "- [A red ant](https://photos.example/a_%28b%29%20c%3Cd) by Jo"
    )


def test_the_table_has_a_line_for_each_photo_and_no_formula() -> None:
    text = table([CREDIT, replace(CREDIT, title="=1+1", creator="@SUM(A1)", file="bee/1.jpg", label="-bee")])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0] == {"class" if name == "label" else name: value for name, value in vars(CREDIT).items()}
    assert (rows[1]["title"], rows[1]["creator"], rows[1]["class"]) == ("'=1+1", "'@SUM(A1)", "'-bee")


def test_photos_stand_in_the_order_of_their_files(tmp_path: Path) -> None:
    write_credits(
        tmp_path, [replace(CREDIT, file="ant/b.jpg"), replace(CREDIT, file="ant/a.jpg")], shrunk=False
    )
    with (tmp_path / "attribution.csv").open(newline="", encoding="utf-8") as file:
        assert [row["file"] for row in csv.DictReader(file)] == ["ant/a.jpg", "ant/b.jpg"]
    text = (tmp_path / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert text.index("ant/a.jpg") < text.index("ant/b.jpg")


def test_what_is_left_out_is_listed_with_the_reason(tmp_path: Path) -> None:
    write_left_out(tmp_path, [Left("http://a/1.jpg", "ant", "several classes", "ant, bee")])
    assert (tmp_path / "left-out.csv").read_text() == (
        'class,reason,other,address\nant,several classes,"ant, bee",http://a/1.jpg\n'
    )
