"""What is said of a collection: whose its photos are, what was left out, and what became of each query."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from kclass.collecting.attribution import Credit, without_password
from kclass.collecting.choosing import Choice
from kclass.collecting.collection import Left, QueryCount
from kclass.collecting.laying_out import There
from kclass.collecting.ledger import Outcome
from kclass.collecting.state import Fetched
from kclass.collecting.wanted import Searched


def credit_of(there: There, out: Path) -> Credit:
    """Whose a photo is."""
    wanted, outcome = there.fetched.wanted, there.fetched.outcome
    found = wanted.found
    return Credit(
        file=there.place.relative_to(out).as_posix(),
        label=there.label,
        query=wanted.query.text,
        provider=wanted.query.provider,
        page=without_password(found.page),
        address=without_password(found.address),
        title=found.title,
        creator=found.creator,
        licence=found.licence.code,
        licence_name=found.licence.name,
        licence_url=found.licence.address,
        time=outcome.time,
        content=outcome.content,
    )


def left_out(there: Sequence[There], choice: Choice, aside: Sequence[Path], out: Path) -> tuple[Left, ...]:
    """The photos that were fetched and do not stay, with what they collide with."""
    reasons: dict[int, tuple[str, str]] = {}
    for number, other in choice.again.items():
        reasons[number] = "copy", there[other].place.relative_to(out).as_posix()
    for number, labels in choice.torn.items():
        reasons[number] = "several classes", ", ".join(labels)
    for number, photo in choice.aside.items():
        reasons[number] = "set aside", str(aside[photo])
    return tuple(
        Left(without_password(_address(there[number])), there[number].label, *reasons[number])
        for number in sorted(reasons)
    )


def _address(there: There) -> str:
    return there.fetched.wanted.found.address


def counted(
    found: Sequence[Searched], fetched: Sequence[Fetched], there: Sequence[There], choice: Choice
) -> tuple[QueryCount, ...]:
    """What became of what each query found."""
    outcomes = {each.wanted.key: each.outcome for each in fetched}
    here = {each.fetched.wanted.key for number, each in enumerate(there) if number not in choice.gone}
    chosen = {there[number].fetched.wanted.key for number in choice.chosen}
    return tuple(_counted(search, outcomes, here, chosen) for search in found)


def _counted(
    search: Searched, outcomes: Mapping[str, Outcome], here: Set[str], chosen: set[str]
) -> QueryCount:
    keys = [each.key for each in search.wanted]
    own = [outcomes[key] for key in keys]
    come = sum(bool(each.content) for each in own)
    kept = {key for key in keys if key in chosen}
    chosen -= kept  # a photo that two lists have is a duplicate in the second
    deleted = come - sum(key in here for key in keys)
    refused = search.refused + Counter(each.refused for each in own if each.refused)
    return QueryCount(
        label=search.query.label,
        query=search.query.text,
        asked=search.asked,
        found=len(keys),
        downloaded=come,
        duplicates=come - deleted - len(kept),
        deleted=deleted,
        refused=dict(refused.most_common()),
        kept=len(kept),
    )
