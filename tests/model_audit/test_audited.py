import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_audits import LITTLE, ON_GREEN, SHARP, audit_of, biased, fair, untold

from kclass.errors import DataError, PhotoError
from kclass.model_audit.audited import AuditedClass
from kclass.model_audit.effects import Effect
from kclass.model_audit.pictures import FEW
from kclass.model_audit.verdicts import BACKGROUND, CAST, NONE, OPEN, UNKNOWN, Measured
from kclass.model_audit.wording import MODEL_WORDS


def row_of(text: str, name: str) -> str:
    (row,) = (line for line in text.splitlines() if line.startswith(f"{name}  "))
    return row


def test_an_audit_reads_from_the_verdict_to_what_the_model_learned_from() -> None:
    assert (
        repr(audit_of([fair("fiat"), biased("07.Alfa_Romeo")]))
        == """\
The model looks at the background: Alfa Romeo.

class       verdict            photos  border  hottest     rest            outer          cast
                                               blurred  blurred             part
Alfa Romeo  background             24    17 %     40 %    104 %  25 % (20 to 30)  3 % (1 to 5)
fiat        no shortcut found      24    17 %     40 %    104 %     3 % (1 to 5)             -

border           share of the evidence that lies on the photo's outermost 36 % of the area
hottest blurred  how much of the probability survives when the hottest 20 % is blurred
rest blurred     how much of it survives when all but the hottest is blurred
outer part       share of what tells the class that the outermost 36 % carries, with its 95 % interval
cast             likewise the photo's cast of colour; asked where colours give the class away

Alfa Romeo: background
  Its outer part carries 25 % (20 to 30) of what tells the class, and in the photos it learned from
  background colour, on green (59 %, others 4 %), gives the class away.

fiat: no shortcut found
  Its outer part carries 3 % (1 to 5) of what tells the class.
  No simple property of the photos it learned from gives the class away.

It learned from 239 photos, as runs/cars/split.csv says."""
    )


@pytest.mark.parametrize(
    ("classes", "verdict", "told", "takes"),
    [
        ([fair("a"), fair("b")], NONE, "No shortcut found.", False),
        ([biased("a"), fair("b")], BACKGROUND, "The model looks at the background: a.", True),
        (
            [replace(fair("a"), properties=(ON_GREEN,), cast=Effect(0.2, 0.1, 0.3)), fair("b")],
            CAST,
            "The model goes by the cast of colour: a.",
            True,
        ),
        (
            [fair("a"), replace(fair("b_c"), properties=(SHARP,))],
            OPEN,
            MODEL_WORDS[OPEN].format("b c"),
            False,
        ),
        (
            [untold("a"), untold("b")],
            UNKNOWN,
            MODEL_WORDS[UNKNOWN].format("a, b"),
            False,
        ),
    ],
)
def test_the_gravest_verdict_of_a_class_is_the_models(
    classes: list[Measured], verdict: str, told: str, takes: bool
) -> None:
    audit = audit_of(classes)
    assert (audit.verdict, audit.told, audit.takes_shortcut) == (verdict, told, takes)
    assert repr(audit).splitlines()[0] == told


def test_columns_of_which_nothing_was_measured_are_left_out() -> None:
    text = repr(audit_of([fair("a"), fair("b")]))
    assert "cast" not in text
    assert "mask" not in text
    nothing = repr(audit_of([untold("a")]))
    assert nothing.splitlines()[2] == "class  verdict         photos"


def test_what_masks_tell_has_a_table_of_its_own() -> None:
    masked = replace(fair("fiat"), inside=(0.531, 0.12), outside=0.24)
    text = repr(audit_of([masked, fair("lada")]))
    (start,) = (place for place, line in enumerate(text.splitlines()) if line.startswith("by masks"))
    assert text.splitlines()[start : start + 4] == [
        "by masks       on  subject's     from",
        "          subject       area  outside",
        "fiat         53 %       12 %     24 %",
        "lada            -          -        -",
    ]
    assert "from outside     by masks: share of the score's variation that comes from" in text


def test_classes_with_the_same_verdict_are_told_together_with_the_range_of_their_numbers() -> None:
    shares = (-0.04, 0.02, 0.08)
    text = repr(audit_of([fair(name, share) for name, share in zip("abc", shares, strict=True)]))
    assert text.count("No simple property") == 1
    assert (
        """
c, b, a: no shortcut found
  Its outer part carries -4 to 8 % of what tells the class.
  No simple property of the photos it learned from gives the class away.
"""
        in text
    )


def test_classes_whose_reasons_differ_in_more_than_numbers_are_told_apart() -> None:
    could = replace(fair("a", 0.01), properties=(ON_GREEN,))
    text = " ".join(repr(audit_of([could, fair("b", 0.05), fair("c", 0.08)])).split())
    assert "c, b: no shortcut found Its outer part carries 5 to 8 % of" in text
    assert "a: no shortcut found In the photos it learned from background colour, on green" in text
    assert "Its outer part carries 1 % (-1 to 3) of" in text


def test_a_hundred_classes_stay_readable() -> None:
    plain = [fair(f"{place}.Bird_of_kind_{place}", place / 1200) for place in range(1, 98)]
    text = repr(audit_of([*plain, biased("98.Magpie"), biased("99.Jay"), untold("100.Dodo")]))
    lines = text.splitlines()
    assert len(lines) < 60
    assert max(map(len, lines)) <= 110
    assert lines[4].startswith("Magpie  ")
    assert lines[5].startswith("Jay  ")
    birds = [line.split("  ")[0] for line in lines if re.match(r"Bird of kind \d+  ", line)]
    assert birds[:3] == [
        "Bird of kind 97",
        "Bird of kind 96",
        "Bird of kind 95",
    ]  # whose outer part carries most
    assert "and 74 more in which no shortcut was found" in lines
    assert "Bird of kind 90 and 89 more: no shortcut found" in " ".join(lines)
    assert "Dodo: cannot be told" in lines


def test_a_long_name_keeps_its_ends_in_the_table_and_is_whole_beside_its_reasons() -> None:
    text = repr(audit_of([fair("a" * 30 + "b" * 30), fair("other")]))
    assert row_of(text, "a" * 12 + "…" + "b" * 11)
    assert "a" * 30 + "b" * 30 in text


def test_names_that_would_read_the_same_are_shown_as_their_folders_are_named() -> None:
    text = repr(audit_of([fair("1.Jay"), fair("2.Jay"), fair("3.Owl")]))
    assert all(row_of(text, name) for name in ("1.Jay", "2.Jay", "Owl"))


def test_a_share_a_little_below_0_is_0() -> None:
    text = repr(audit_of([replace(fair("a"), surroundings=Effect(-0.001, -0.004, 0.02)), fair("b")]))
    assert "0 % (0 to 2)" in row_of(text, "a")


def test_as_plain_data_it_is_ready_for_json_and_in_the_order_of_the_model() -> None:
    audit = audit_of(
        [fair("a"), biased("b")], unreadable=(PhotoError("x.png is empty"),), unmasked=(Path("y"),)
    )
    content = json.loads(json.dumps(audit.to_dict()))
    assert [each["label"] for each in content["classes"]] == ["a", "b"]
    assert [each["verdict"] for each in content["classes"]] == [NONE, BACKGROUND]
    assert content["classes"][1]["surroundings"] == {"share": 0.25, "low": 0.2, "high": 0.3}
    assert (content["verdict"], content["told"]) == (audit.verdict, audit.told)
    assert (content["unreadable"], content["unmasked"]) == (["x.png is empty"], ["y"])
    assert "pictures" not in content["classes"][0]


def test_of_many_classes_those_without_a_shortcut_keep_no_pictures_of_single_photos() -> None:
    def kept(measured: Measured, classes: int) -> int:
        pictures = AuditedClass.of(measured, classes=classes).measured.pictures
        assert pictures is not None
        return len(pictures.photos)

    assert [kept(fair("a"), number) for number in (FEW, FEW + 1)] == [2, 0]
    assert kept(biased("a"), FEW + 1) == 2


def test_mean_maps_are_drawn_gravest_first_on_one_scale() -> None:
    figure = audit_of([fair("fiat"), biased("lada"), untold("dodo")]).plot()
    words = [text.get_text() for text in figure.findobj() if hasattr(text, "get_text")]
    captions = [word for word in words if word in ("fiat", "lada", "dodo")]
    assert captions == ["lada", "fiat"]
    assert "times as much evidence as if it were spread evenly" in " ".join(words)
    assert "2.4" in words  # of four places one holds .6 of the evidence


def test_without_any_mean_map_there_is_nothing_to_draw() -> None:
    with pytest.raises(DataError, match="no class has a mean map"):
        audit_of([untold("a"), replace(fair("b"), mean_map=None, surroundings=LITTLE)]).plot()
