from pathlib import Path

import pytest

from kclass.dataset.csv_file import open_csv, read_columns
from kclass.errors import DataError


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "a.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def columns(path: Path, *wanted: str) -> tuple[list[str], ...]:
    return read_columns(open_csv(path), wanted).values


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_fields_may_be_parted_by_commas_semicolons_or_tabs(tmp_path: Path, sign: str) -> None:
    path = write(tmp_path, f"path{sign}label\na b.jpg{sign}cat\n")
    assert open_csv(path).columns == ("path", "label")
    assert columns(path, "label", "path") == (["cat"], ["a b.jpg"])


def test_what_parts_the_header_into_most_counts(tmp_path: Path) -> None:
    path = write(tmp_path, 'path;"kind, of";label\na;b;"c;d"\n')
    assert open_csv(path).columns == ("path", "kind, of", "label")
    assert columns(path, "label") == (["c;d"],)


def test_the_mark_of_spreadsheets_spaces_and_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbf path , label \r\na.jpg,\xc3\xa9t\xc3\xa9\r\n")
    assert open_csv(path).columns == ("path", "label")
    assert columns(path, "path", "label") == (["a.jpg"], ["été"])


def test_empty_lines_are_passed_over_and_lines_are_counted_as_the_file_has_them(tmp_path: Path) -> None:
    path = write(tmp_path, '\n\npath,label\n\na,"x\ny"\n,,\n  \nb,z\n')
    read = read_columns(open_csv(path), ["path", "label"])
    assert read.values == (["a", "b"], ["x\ny", "z"])
    # The row of `a` takes the lines 5 and 6.
    assert list(read.lines) == [6, 9]


def test_what_a_short_line_lacks_is_empty(tmp_path: Path) -> None:
    assert columns(write(tmp_path, "path,label,split\na,cat\nb\n"), "path", "split") == (["a", "b"], ["", ""])


def test_empty_fields_at_the_end_of_a_line_do_no_harm(tmp_path: Path) -> None:
    assert columns(write(tmp_path, "path,label\na,cat,,\n"), "label") == (["cat"],)


def test_a_column_of_few_texts_keeps_each_once(tmp_path: Path) -> None:
    labels, _ = columns(write(tmp_path, "path,label\n" + "a,some cat\n" * 3), "label", "path")
    assert len({id(label) for label in labels}) == 1


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("", "{} is empty", "Its first line must name the columns."),
        (" \n\n", "{} is empty", "Its first line must name the columns."),
        ("a/1.JPG,cat\n", "{} has no header: its first line names a photo (a/1.JPG)", "such as path,label"),
        ("cat;1.png\n", "{} has no header: its first line names a photo (1.png)", "such as path,label"),
        (
            "path,label\na.jpg,cat\nb, c.jpg,cat\n",
            "line 3 of {} has 3 fields, but its header names 2 columns",
            'as in "a, b.jpg"',
        ),
        ("path,path,label\na,b,c\n", "{} has several columns called path", "Rename all but one"),
        (b"path,label\n\xe9.jpg,cat\n", "{} is not a CSV file in UTF-8", "Save it as CSV in UTF-8"),
        ("path,label\n" + "a" * 200_000 + ",cat\n", "{} is not a CSV file in UTF-8: field larger", "Save it"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    tmp_path: Path, text: str | bytes, message: str, fix: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        columns(path, "path", "label")
    assert caught.value.message.startswith(message.format(path))
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("name", "reason"), [("gone.csv", "No such file"), (".", "Is a directory"), ("\0", "null")]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(DataError, match=f"cannot read .*{reason}") as caught:
        open_csv(tmp_path / name)
    assert caught.value.fix == "Check the path and who may read it."
