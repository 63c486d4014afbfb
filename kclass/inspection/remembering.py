"""Matches of a set of photos, remembered: comparing all with all takes minutes for tens of thousands."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray

from kclass.cache.store import ContentStore
from kclass.errors import PhotoError
from kclass.inspection.inspection import RECIPE, Inspection
from kclass.inspection.matching import MATCHING_VERSION, Match, near_identical
from kclass.inspection.searching import STAGE
from kclass.progress import Progress, silent

Looked = Sequence[Inspection | PhotoError]


def remembered_matches(
    inspections: Looked,
    *,
    candidates: Callable[[], NDArray[np.int64]] | None = None,
    basis: str = "",
    progress: Progress = silent,
) -> tuple[Match, ...]:
    """The pairs of photos that are the same picture, from the cache if the same photos were compared before.

    Args:
        inspections: of the photos, in any order; those that could not be read match nothing.
        candidates: gives what `near_identical` takes as such; called only if the cache has nothing.
        basis: what the candidates depend on besides the photos, such as the recipe of the features.
        progress: is told how many photos have been compared with all others, now or before.

    Raises:
        OptionError: the candidates have another shape, or places that are not there.
        OutputError: the cache cannot be used.
    """
    recipe = f"matches {MATCHING_VERSION} {RECIPE} {basis}"
    key = _key(inspections)
    with ContentStore() as store:
        known = store.values(recipe, [key]).get(key)
    if known is not None:
        progress(STAGE, len(inspections), len(inspections))
        return tuple(Match(*row) for row in json.loads(known))
    found = near_identical(inspections, candidates=candidates() if candidates else None, progress=progress)
    with ContentStore() as store:
        store.add(recipe, {key: json.dumps([astuple(match) for match in found]).encode()})
    return found


def _key(inspections: Looked) -> str:
    """A hash of what the photos hold, in their order, in hexadecimal digits."""
    contents = ("" if isinstance(each, PhotoError) else each.content for each in inspections)
    return hashlib.blake2b("\n".join(contents).encode(), digest_size=16).hexdigest()
