import pytest

from kclass.evaluation.intervals import Interval, wilson
from kclass.reporting.sentences import (
    alarm_words,
    baseline,
    chosen_by,
    headline,
    share,
    temperature_words,
    trust,
    uses,
)


def test_the_headline_speaks_of_a_hundred_new_photos() -> None:
    # Wilson for 47 of 49: 0.863 to 0.989.
    assert headline(47, 49, wilson(47, 49)) == (
        "Of 100 new photos like these, it will get about 96 right; with 49 photos to judge by, anything "
        "between 86 and 99 is plausible."
    )


def test_the_headline_speaks_of_more_photos_where_a_hundred_do_not_tell_the_ends_apart() -> None:
    # 9,990 of 10,000: 0.99816 to 0.99946, which are both 100 of 100.
    assert headline(9_990, 10_000, wilson(9_990, 10_000)) == (
        "Of 1,000 new photos like these, it will get about 999 right; with 10,000 photos to judge by, "
        "anything between 998 and 999 is plausible."
    )


@pytest.mark.parametrize(
    ("correct", "photos", "told"),
    [
        (49, 49, "It got all of its 49 photos right. Of 100 new photos like these, anything between 93 and"),
        (0, 5, "It got none of its 5 photos right. Of 100 new photos like these, anything between 0 and 43"),
        (1, 1, "It got its one photo right. Of 100 new photos like these, anything between 21 and 100 right"),
        (0, 1, "It got its one photo wrong. Of 100 new photos like these, anything between 0 and 79 right"),
    ],
)
def test_the_headline_promises_nothing_after_no_mistake_or_nothing_right(
    correct: int, photos: int, told: str
) -> None:
    said = headline(correct, photos, wilson(correct, photos))
    assert said.startswith(told)
    assert said.endswith("right is plausible.")


def test_nearly_all_is_never_called_all() -> None:
    assert "about 997 right" in headline(299, 300, Interval(0.981, 0.9994))
    assert [share(value) for value in (0.0, 0.001, 0.5, 0.999, 1.0)] == [
        "0 %",
        "<1 %",
        "50 %",
        ">99 %",
        "100 %",
    ]


def test_answering_the_same_every_time_gets_the_share_of_the_commonest_class() -> None:
    assert baseline([2, 5, 3], ["ash", "birch", "cedar"]) == ("birch", 0.5)
    assert baseline([2, 2], ["ash", "birch"]) == ("ash", 0.5)


def test_it_is_said_what_chose_the_penalty_or_the_epoch() -> None:
    clean = "None of these photos was learned from"
    assert chosen_by({"c": 0.1}).startswith(clean) and "cross-validation among the training" in chosen_by(
        {"c": 1}
    )
    assert "a tenth of the training photos" in chosen_by({"epochs_done": 4, "c": 0.1})
    assert chosen_by({}) == f"{clean}."


def test_each_split_says_what_its_photos_were_used_for() -> None:
    told = uses({"c": 1.0}, {"train": 8, "valid": 2, "test": 3, "": 1}, ["valid"])
    assert list(told) == ["train", "valid", "test", ""]
    assert (
        told["train"] == "The head was solved on all of them; cross-validation among them chose its penalty."
    )
    assert (
        told["valid"] == "For judging alone: nothing was learned from them, and nothing was chosen by them."
    )
    assert told["test"] == "Without labels, so nothing can be judged by them."
    assert told[""].startswith("Used for nothing")
    assert "a tenth was held out" in uses({"epochs_done": 2}, {"train": 8}, [])["train"]


def test_confidence_is_held_against_accuracy() -> None:
    assert trust(0.901, 0.899) == "In the mean it is 90 % sure of its answer, and right as often."
    assert trust(0.97, 0.94).endswith("a little too sure of itself.")
    assert trust(0.99, 0.7).endswith("cases: too sure of itself.")
    assert trust(0.5, 0.9).endswith("cases: less sure than it could be.")


def test_it_is_said_on_which_photos_temperature_and_threshold_rest() -> None:
    assert temperature_words({}) == alarm_words({}) == ""
    assert temperature_words({"temperature": 1.25, "fitted_on": "training photos held out"}) == (
        "Temperature 1.25, fitted on training photos held out."
    )
    assert alarm_words({"false_alarms": 0.05, "photos": 1200, "set_on": "training photos held out"}) == (
        "The threshold was set for 5 % false alarms, by 1,200 training photos held out."
    )
