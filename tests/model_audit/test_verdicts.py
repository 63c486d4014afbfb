from dataclasses import replace

import pytest

from kclass.model_audit.effects import Effect
from kclass.model_audit.verdicts import (
    BACKGROUND,
    CAST,
    NONE,
    OPEN,
    UNKNOWN,
    Measured,
    class_verdict,
    model_verdict,
)

ON_GREEN = ("background colour", "on green (59 %, others 4 %)")
LITTLE, MUCH = Effect(0.03, 0.01, 0.05), Effect(0.25, 0.2, 0.3)
FAIR = Measured(label="fiat", photos=24, surroundings=LITTLE)
COULD = replace(FAIR, properties=(ON_GREEN,), cast=LITTLE)
DOES = replace(COULD, surroundings=MUCH)


def test_a_class_is_told_by_its_background_if_it_can_be_and_is() -> None:
    found = class_verdict(DOES)
    assert found.kind == BACKGROUND
    assert found.reasons == (
        "Its outer part carries 25 % (20 to 30) of what tells the class, and in the photos it learned from"
        " background colour, on green (59 %, others 4 %), gives the class away.",
    )


@pytest.mark.parametrize(
    "measured",
    [
        COULD,  # it could be told so, and is not
        replace(DOES, properties=()),  # its surroundings speak for it, and nothing simple gives it away
        replace(COULD, surroundings=Effect(0.089, 0.05, 0.12), cast=Effect(0.044, 0.03, 0.06)),
    ],
)
def test_there_is_no_alarm_without_both(measured: Measured) -> None:
    assert class_verdict(measured).kind == NONE


def test_thresholds_are_reached_from_below() -> None:
    assert class_verdict(replace(COULD, surroundings=Effect(0.09, 0.05, 0.13))).kind == BACKGROUND
    assert class_verdict(replace(COULD, cast=Effect(0.045, 0.03, 0.06))).kind == CAST


def test_the_cast_of_colour_is_a_shortcut_of_its_own() -> None:
    found = class_verdict(replace(COULD, cast=Effect(0.08, 0.06, 0.1)))
    assert found.kind == CAST
    assert found.reasons[0].startswith("The cast of colour carries 8 % (6 to 10) of what tells the class")
    # The background is the graver word where both hold; both reasons are given.
    both = class_verdict(replace(DOES, cast=Effect(0.08, 0.06, 0.1)))
    assert (both.kind, len(both.reasons)) == (BACKGROUND, 2)


def test_with_masks_what_comes_from_outside_is_the_background_whatever_the_data_are() -> None:
    found = class_verdict(replace(FAIR, outside=0.2, inside=(0.5, 0.1)))
    assert found.kind == BACKGROUND
    assert found.reasons == ("20 % of the variation of its score comes from outside of the subjects' masks.",)
    assert class_verdict(replace(FAIR, outside=0.069)).kind == NONE
    # Masks tell more than the outer part does, where part of the subject may lie.
    assert class_verdict(replace(DOES, outside=0.02)).kind == NONE


def test_what_gives_the_class_away_and_cannot_be_tested_is_said() -> None:
    found = class_verdict(replace(FAIR, properties=(("file format", "PNG (90 %, others 0 %)"),)))
    assert found.kind == OPEN
    assert found.reasons == (
        "In the photos it learned from file format, PNG (90 %, others 0 %), gives the class away; whether the"
        " network goes by that is not tested.",
    )


def test_much_evidence_in_the_outer_part_is_to_be_looked_into() -> None:
    found = class_verdict(replace(FAIR, surroundings=Effect(0.6, 0.5, 0.7)))
    assert found.kind == OPEN
    assert "No colour tells why: a mark or a caption may lie there" in found.reasons[0]
    some = class_verdict(replace(FAIR, surroundings=Effect(0.4, 0.35, 0.45)))
    assert some.kind == NONE
    assert any(each.startswith("No colour tells why") for each in some.reasons)
    assert not any(each.startswith("No colour tells why") for each in class_verdict(FAIR).reasons)


def test_what_may_be_chance_is_neither_an_alarm_nor_cleared() -> None:
    found = class_verdict(replace(DOES, surroundings=Effect(0.25, -0.1, 0.6)))
    assert found.kind == UNKNOWN
    assert found.reasons[-1] == "That is too wide an interval to tell."


def test_a_model_is_cleared_of_nothing_where_nobody_knows_what_it_learned_from() -> None:
    found = class_verdict(replace(FAIR, judged=False))
    assert found.kind == UNKNOWN
    assert "this clears it of nothing" in found.reasons[-1]
    assert not any("learned from gives" in each for each in found.reasons)
    assert class_verdict(replace(FAIR, judged=False, outside=0.01)).kind == NONE
    assert class_verdict(replace(DOES, judged=False)).kind == BACKGROUND


def test_nothing_is_said_of_classes_of_few_photos_or_that_are_not_told() -> None:
    assert class_verdict(Measured(label="fiat", photos=0)).kind == UNKNOWN
    assert "too few photos" in class_verdict(Measured(label="fiat", photos=0)).reasons[0]
    untold = class_verdict(Measured(label="fiat", photos=9))
    assert untold.kind == UNKNOWN
    assert "does not tell photos of this class from others" in untold.reasons[0]


def test_the_gravest_verdict_is_the_models() -> None:
    verdicts = [class_verdict(each) for each in (FAIR, DOES, Measured(label="fiat", photos=0))]
    assert model_verdict(verdicts) == BACKGROUND
    assert model_verdict(verdicts[:1]) == NONE
    assert model_verdict([verdicts[0], verdicts[2]]) == UNKNOWN
    assert model_verdict([]) == UNKNOWN


def test_plain_data_hold_all_that_was_measured() -> None:
    plain = replace(DOES, border=0.2, without_hottest=0.5, hottest_alone=0.9, inside=(0.5, 0.1)).to_dict()
    assert plain["surroundings"] == {"share": 0.25, "low": 0.2, "high": 0.3}
    assert plain["properties"] == [
        {"property": "background colour", "told_by": "on green (59 %, others 4 %)"}
    ]
    assert plain["inside"] == {"evidence": 0.5, "area": 0.1}
    assert (plain["border"], plain["outside"], plain["mean_map"]) == (0.2, None, None)
