"""Small tables of words and numbers, as text and as HTML."""

import html
import unicodedata
from collections.abc import Sequence


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of columns: the first flush left, the others flush right."""
    table = [head, *rows]
    widths = [max(_width(row[column]) for row in table) for column in range(len(head))]
    return "\n".join(_line(row, widths) for row in table)


def html_table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table; every text in it is escaped."""
    lines = [_html_row("th", head), *(_html_row("td", row) for row in rows)]
    return f"<table><caption>{html.escape(caption)}</caption>{''.join(lines)}</table>"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
    right = "".join(f"  {space}{cell}" for space, cell in zip(others, row[1:], strict=True))
    return f"{row[0]}{first}{right}"


def _width(text: str) -> int:
    """Columns that a text takes in a terminal: Chinese, Japanese and Korean signs take two."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return wide + sum(not unicodedata.combining(sign) for sign in text)


def _html_row(cell: str, row: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{cell}>{html.escape(text)}</{cell}>' for text in row)}</tr>"
