import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from audits import audit_of, table_of
from kclass_cli.findings import audit_text

from kclass.audit.findings import Audit, Finding

NAMES = [f"ash/{number}.png" for number in range(6)]


def audit(*findings: Finding) -> Audit:
    return audit_of(table_of(Path("/photos"), NAMES), *findings)


def test_kinds_are_counted_in_columns_and_their_first_findings_told() -> None:
    found = audit(
        *(Finding("unreadable", (row,), f"{NAMES[row]} is empty") for row in range(5)),
        Finding("leak", (1, 2), "ash/1.png is ash/2.png"),
        Finding("imbalance", (), "1 ash for 12 birches"),
    )
    assert audit_text(found).splitlines() == [
        "table: 6 photos, 1 class",
        "",
        "kind                       severity  findings  photos",
        "unreadable photos          error            5       5",
        "leaks between splits       error            1       2",
        "imbalance between classes  warning          1",
        "",
        f"Unreadable photos. {found.to_dict()['kinds'][0]['meaning']}",
        "  ash/0.png is empty",
        "  ash/1.png is empty",
        "  ash/2.png is empty",
        "  and 2 more",
        "",
        f"Leaks between splits. {found.to_dict()['kinds'][1]['meaning']}",
        "  ash/1.png is ash/2.png",
        "",
        "Imbalance between classes. Rare classes are learned and measured badly: add photos to them, or "
        "weigh classes in training.",
        "  1 ash for 12 birches",
        "",
        "6 errors, 1 warning: mend the errors before you train.",
    ]


def test_where_nothing_is_found_the_verdict_is_all() -> None:
    assert audit_text(audit()).splitlines() == [
        "table: 6 photos, 1 class",
        "",
        "Nothing found that stands in the way of training.",
    ]


def test_what_was_left_out_when_the_data_were_read_is_told(tmp_path: Path) -> None:
    left_out = "Left out, named in a.csv: b.jpg."
    data = replace(table_of(Path("/photos"), NAMES), remarks=(left_out,))
    assert audit_text(audit_of(data)).splitlines()[:3] == ["table: 6 photos, 1 class", left_out, ""]


def test_signs_that_would_steer_a_terminal_are_spelt_out() -> None:
    text = audit_text(audit(Finding("dark", (0,), "\x1b[2J\nash/\udcff\u2028猫 é.png")))
    assert "\n  \\x1b[2J\\nash/\\udcff\\u2028猫 é.png\n" in text


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_in_a_terminal_lines_end_where_it_ends_and_paths_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Screen())
    monkeypatch.setenv("COLUMNS", "60")
    path = f"ash/{'long-' * 14}name.png"
    lines = audit_text(
        audit(Finding("dark", (0,), f"{path} is so dark that {'hardly ' * 9}anything"))
    ).splitlines()
    assert max(len(line) for line in lines if path not in line) <= 60
    assert f"  {path}" in lines
    assert "    is so dark that hardly hardly hardly hardly hardly" in lines
