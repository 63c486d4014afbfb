import pytest

from kclass.evaluation.intervals import Interval, wilson
from kclass.reporting.sentences import baseline, headline, share, trust


def test_the_headline_speaks_of_the_long_run() -> None:
    # Wilson for 47 of 49: 0.8629 to 0.9887.
    assert headline(47, 49, wilson(47, 49)) == (
        "In the long run it gets about 96 of every 100 photos like these right; with 49 photos to judge by, "
        "anything between 86 and 99 is plausible."
    )


def test_the_ends_of_the_headline_are_rounded_outwards() -> None:
    # Wilson for 146 of 153: 0.9085 to 0.9777.
    assert "anything between 90 and 98 is plausible" in headline(146, 153, wilson(146, 153))
    # 0.29 * 100 is 28.999999999999996 to a computer, and 0.57 * 100 is 56.99999999999999.
    assert "anything between 29 and 57 is" in headline(4, 10, Interval(0.29, 0.57))


def test_the_headline_speaks_of_more_photos_where_of_a_hundred_all_would_be_right() -> None:
    # 9,990 of 10,000: 0.99816 to 0.99946.
    assert headline(9_990, 10_000, wilson(9_990, 10_000)) == (
        "In the long run it gets about 999 of every 1,000 photos like these right; with 10,000 photos to "
        "judge by, anything between 998 and 1,000 is plausible."
    )


@pytest.mark.parametrize(
    ("correct", "photos", "told", "ends"),
    [
        # Wilson: 0.9273 to 1, 0 to 0.4345, 0.2065 to 1, and 0 to 0.7935.
        (49, 49, "It got all of its 49 photos right", "92 and 100"),
        (0, 5, "It got none of its 5 photos right", "0 and 44"),
        (1, 1, "It got its one photo right", "20 and 100"),
        (0, 1, "It got its one photo wrong", "0 and 80"),
    ],
)
def test_the_headline_promises_nothing_after_no_mistake_or_nothing_right(
    correct: int, photos: int, told: str, ends: str
) -> None:
    assert headline(correct, photos, wilson(correct, photos)) == (
        f"{told}. In the long run, anything between {ends} right of every 100 photos like these is plausible."
    )


def test_nearly_all_is_never_called_all() -> None:
    assert "about 997 of every 1,000" in headline(299, 300, Interval(0.981, 0.9994))
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


def test_confidence_is_held_against_accuracy() -> None:
    sharp = Interval(0.0, 0.0)
    assert trust(0.901, 0.899, sharp) == "In the mean it is 90 % sure of its answer, and right as often."
    assert trust(0.97, 0.94, sharp).endswith("a little too sure of itself.")
    assert trust(0.99, 0.7, sharp).endswith("cases: too sure of itself.")
    assert trust(0.5, 0.9, sharp).endswith("cases: less sure than it could be.")
    assert trust(0.999, 0.9, sharp).startswith("In the mean it is >99 % sure")


def test_a_difference_that_chance_may_make_is_not_held_against_a_model() -> None:
    # 146 of 153 are right, .954; by Wilson anything from .9085 to .9777 may be.
    assert trust(0.968, 146 / 153, wilson(146, 153)) == (
        "In the mean it is 97 % sure of its answer, and right in 95 % of the cases: no more of a difference "
        "than chance may make."
    )
    assert trust(0.93, 146 / 153, wilson(146, 153)).endswith("than chance may make.")
    assert trust(0.98, 146 / 153, wilson(146, 153)).endswith("cases: a little too sure of itself.")
