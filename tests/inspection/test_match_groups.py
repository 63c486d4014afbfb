from hypothesis import given
from hypothesis import strategies as st

from kclass.inspection.grouping import Groups

COUNT = 12
pairs = st.lists(st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)))


def reached(start: int, joined: list[tuple[int, int]]) -> set[int]:
    """All that can be reached by steps along the pairs."""
    found = {start}
    while True:
        more = {other for pair in joined for each, other in (pair, pair[::-1]) if each in found} - found
        if not more:
            return found
        found |= more


@given(pairs)
def test_groups_hold_what_pairs_lead_to(joined: list[tuple[int, int]]) -> None:
    groups = Groups(COUNT)
    for one, other in joined:
        groups.join(one, other)
    for thing in range(COUNT):
        group = reached(thing, joined)
        assert groups.firsts()[thing] == min(group)
        assert groups.size(thing) == len(group)
        assert {each for each in range(COUNT) if groups.labels[each] == groups.labels[thing]} == group
