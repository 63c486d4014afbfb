import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kclass.audit.findings import KINDS, MOST_DETAILS, SEVERITIES, Audit, Finding, Kind
from kclass.dataset.dataset import Dataset
from kclass.dataset.samples import Samples


def audit(*findings: Finding, photos: int = 6) -> Audit:
    samples = Samples(
        paths=tuple(f"cat/{row}.jpg" for row in range(photos)),
        labels=np.zeros(photos, np.int32),
        classes=("cat", "dog"),
        root=Path("/photos"),
    )
    return Audit(Dataset("pets", samples), findings, photos, False, 1.23456)


def test_kinds_are_in_order_of_severity_and_known_by_their_names() -> None:
    grades = [SEVERITIES.index(kind.severity) for kind in KINDS.values()]
    assert grades == sorted(grades)
    assert [kind.name for kind in KINDS.values()] == list(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_says_in_one_sentence_why_it_matters(kind: Kind) -> None:
    meaning = kind.meaning
    assert meaning.endswith(".")
    assert ". " not in meaning


def test_findings_of_a_kind_keep_their_order() -> None:
    found = audit(Finding("tiny", (3,), "b"), Finding("dark", (1,), "x"), Finding("tiny", (2,), "a"))
    assert [each.rows for each in found.of("tiny")] == [(3,), (2,)]
    assert found.of("blurred") == ()


def test_what_fixing_takes_out_is_each_row_once_in_order() -> None:
    found = audit(
        Finding("leak", (5, 4), "", remove=(4,)), Finding("identical", (1, 4, 3), "", remove=(4, 3))
    )
    assert found.bad_rows == (3, 4)


def test_json_holds_every_kind_with_its_counts_and_findings_with_paths() -> None:
    leak = Finding("leak", (5, 4), "4 is 5", remove=(4,), score=0.5)
    told = audit(
        leak, Finding("imbalance", (), "9 to 1"), Finding("leak", (5, 3), "3 is 5", remove=(3,))
    ).to_dict()
    assert json.loads(json.dumps(told)) == told
    assert {
        name: told[name] for name in ("data", "root", "photos", "with_features", "seconds", "remove")
    } == {
        "data": "pets",
        "root": "/photos",
        "photos": 6,
        "with_features": False,
        "seconds": 1.235,
        "remove": ["cat/3.jpg", "cat/4.jpg"],
    }
    assert [each["name"] for each in told["kinds"]] == list(KINDS)
    counts = {each["name"]: (each["findings"], each["photos"]) for each in told["kinds"]}
    assert (counts["leak"], counts["imbalance"], counts["tiny"]) == ((2, 3), (1, 0), (0, 0))
    assert told["findings"][0] == {
        "kind": "leak",
        "detail": "4 is 5",
        "paths": ["cat/5.jpg", "cat/4.jpg"],
        "remove": ["cat/4.jpg"],
        "score": 0.5,
    }


def test_json_names_the_photos_that_nothing_was_found_about() -> None:
    told = audit(
        Finding("leak", (5, 4), ""), Finding("tiny", (0,), ""), Finding("imbalance", (), "")
    ).to_dict()
    assert told["without_findings"] == ["cat/1.jpg", "cat/2.jpg", "cat/3.jpg"]


def test_json_holds_what_is_said_of_photos_that_were_left_out() -> None:
    data = replace(audit().data, remarks=("Left out: a.jpg.",))
    assert Audit(data, (), 6, False, 1.0).to_dict()["remarks"] == ["Left out: a.jpg."]
    assert audit().to_dict()["remarks"] == []


def test_examples_are_not_counted_as_the_photos_that_a_finding_is_about() -> None:
    found = audit(Finding("shortcut", (1, 2), "brightness alone"))
    counts = {each["name"]: (each["findings"], each["photos"]) for each in found.to_dict()["kinds"]}
    assert counts["shortcut"] == (1, 0)
    assert repr(found).splitlines()[2].split() == ["shortcuts", "to", "the", "label", "warning", "1"]


def test_repr_shows_a_headline_a_table_and_the_first_details() -> None:
    tiny = [Finding("tiny", (row,), f"{row}.jpg has 9 pixels") for row in range(MOST_DETAILS + 2)]
    assert repr(audit(Finding("leak", (5, 4), "4.jpg is 5.jpg"), *tiny)).splitlines() == [
        "Audit of pets: 6 photos, 1 error, 5 warnings",
        "kind                  severity  findings  photos",
        "leaks between splits     error         1       2",
        "tiny photos            warning         5       5",
        "leak: 4.jpg is 5.jpg",
        "tiny: 0.jpg has 9 pixels",
        "tiny: 1.jpg has 9 pixels",
        "tiny: 2.jpg has 9 pixels",
        "tiny: and 2 more",
    ]


def test_a_sound_data_set_is_said_to_be_one() -> None:
    assert repr(audit()) == "Audit of pets: 6 photos, nothing found"


def test_a_notebook_shows_tables_in_which_names_are_text() -> None:
    shown = audit(Finding("wrong-suffix", (0,), "<b>.jpg is PNG"))._repr_html_()
    assert "<td>wrong suffixes</td>" in shown
    assert "&lt;b&gt;.jpg is PNG" in shown
    assert "<b>" not in shown


@pytest.mark.parametrize(
    ("kinds", "verdict"),
    [
        (["leak", "unreadable", "tiny"], "2 errors, 1 warning: mend the errors before you train."),
        (["tiny", "dark", "turned"], "2 warnings, 1 note: look at the warnings before you train."),
        (["turned"], "1 note: nothing that stands in the way of training."),
        ([], "Nothing found that stands in the way of training."),
    ],
)
def test_the_verdict_says_what_the_gravest_findings_ask_for(kinds: list[str], verdict: str) -> None:
    assert audit(*(Finding(kind, (0,), "") for kind in kinds)).verdict == verdict


def test_findings_are_counted_by_severity() -> None:
    found = audit(Finding("turned", (0,), ""), Finding("turned", (1,), ""), Finding("leak", (1, 0), ""))
    assert found.counts == {"error": 1, "warning": 0, "note": 2}
