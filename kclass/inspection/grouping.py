"""Groups that grow as pairs are joined."""

import numpy as np
from numpy.typing import NDArray


class Groups:
    """Things in groups, each alone at first.

    Args:
        count: how many things.

    Attributes:
        labels: int64 (things,): equal for things of one group, and for no others.
    """

    def __init__(self, count: int) -> None:
        self.labels = np.arange(count, dtype=np.int64)
        self._members = {each: [each] for each in range(count)}

    def join(self, one: int, other: int) -> None:
        """Make one group of the groups of two things."""
        small, large = sorted((int(self.labels[each]) for each in (one, other)), key=self._size)
        if small != large:
            moved = self._members.pop(small)
            self.labels[moved] = large
            self._members[large] += moved

    def size(self, thing: int) -> int:
        """How many things its group has."""
        return self._size(int(self.labels[thing]))

    def firsts(self) -> NDArray[np.int64]:
        """For each thing the place of the first of its group: int64 (things,)."""
        first = np.full(len(self.labels), len(self.labels), dtype=np.int64)
        np.minimum.at(first, self.labels, np.arange(len(self.labels)))
        firsts: NDArray[np.int64] = first[self.labels]
        return firsts

    def _size(self, label: int) -> int:
        return len(self._members[label])
