"""Photos into class folders: searched, fetched, each picture once, with whose they are."""

import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Unpack

from kclass.collecting.accounting import counted, credit_of, left_out
from kclass.collecting.adopting import adopt_moved
from kclass.collecting.archived import archived
from kclass.collecting.asking import RememberedAnswers
from kclass.collecting.attribution import LEFT_OUT, PAGE, TABLE, write_credits, write_left_out
from kclass.collecting.choosing import Candidate, choose
from kclass.collecting.collection import Collection
from kclass.collecting.downloading import Downloads
from kclass.collecting.fetching import Fetcher
from kclass.collecting.found import Found
from kclass.collecting.hosts import Hosts
from kclass.collecting.laying_out import (
    There,
    lay_out,
    located,
    remove_empty_folders,
    remove_half_files,
)
from kclass.collecting.ledger import Ledger, Outcome
from kclass.collecting.options import CollectKeywords, CollectOptions
from kclass.collecting.placing import Places
from kclass.collecting.seeing import Aside, seen, seen_aside
from kclass.collecting.state import HIDDEN, LEDGER, Fetched, State, fetch_all
from kclass.collecting.url_list import listed
from kclass.collecting.wanted import Searched, Wanted, queries_of, searched
from kclass.errors import OptionError, OutputError, PhotoError
from kclass.files import is_there
from kclass.progress import Progress, silent, track
from kclass.runs.keywords import signature_with_options


def collect(
    queries: Iterable[str] = (),
    *,
    out: str | Path,
    progress: Progress = silent,
    **options: Unpack[CollectKeywords],
) -> Collection:
    """Collect photos for classes, each picture once, with whose they are.

    Photos go to `out/CLASS`, or to `out/train/CLASS` and `out/validation/CLASS`; with them go
    `attribution.csv`, `ATTRIBUTION.md` and `left-out.csv`. What was fetched is remembered in a hidden
    folder there: the same call again goes on where it was cut off, and fetches nothing twice. A photo that
    was found for two classes is in neither. A photo that you delete stays away.

    Args:
        queries: what is searched for, and what the classes are called.
        out: the folder of the collection.
        progress: is told how far it is.
        options: those of `kclass.CollectOptions`, which says what each means.

    Raises:
        OptionError: an option has a value that cannot be used.
        DataError: a table, a folder or an archive cannot be read.
        OutputError: the folder or the cache cannot be written, or another process collects into it.
    """
    given = queries if isinstance(queries, str) else tuple(queries)
    chosen = CollectOptions(queries=given, **options)
    hosts = Hosts(allow_private=chosen.allow_private, contact=chosen.contact)
    try:
        return collected(chosen, out=Path(out), fetcher=Fetcher(hosts), progress=progress)
    finally:
        hosts.close()


collect.__signature__ = signature_with_options(collect, CollectKeywords, CollectOptions)  # type: ignore[attr-defined]


def collected(
    options: CollectOptions, *, out: Path, fetcher: Fetcher, progress: Progress = silent
) -> Collection:
    """Search, fetch, choose and place; what was done before is not done again.

    Args:
        options: what to collect.
        out: the folder of the collection.
        fetcher: asks hosts.
        progress: is told how far it is.

    Raises:
        OptionError: the collection was begun with another `shrink`.
        DataError: a list of addresses, an archive or a folder of photos set aside cannot be read.
        OutputError: the folder or the cache cannot be written.
    """
    aside = seen_aside(options.not_in, progress=progress)
    with Ledger(out / HIDDEN / LEDGER) as ledger:
        remove_half_files(out)
        _check_shrink(out, options.shrink, ledger)
        state = State(out, ledger, f"{options.limits}, private: {options.allow_private}")
        adopt_moved(state)
        found = _found(options, state, fetcher, progress)
        wanted = [each for search in found for each in search.wanted]
        downloads = Downloads(fetcher, options.limits)
        fetched = fetch_all(wanted, state=state, downloads=downloads, progress=progress)
        _note_wanted(found, options.tables, state)
        return _placed(options, found, _with_earlier(fetched, state), state, aside, progress)


def _check_shrink(out: Path, shrink: int | None, ledger: Ledger) -> None:
    """Photos that were shrunk cannot grow again, and a collection is to be of one kind."""
    asked = "option shrink"
    known = ledger.answer(asked)
    if known is None:
        _refuse_others_tables(out)
        ledger.note_answer(asked, [shrink])
    elif known != [shrink]:
        before = "without shrink" if known == [None] else f"with shrink {known[0]}"
        raise OptionError(f"{out} was begun {before}", fix="Go on as it was begun, or choose another folder.")


def _refuse_others_tables(out: Path) -> None:
    """A collection that begins writes over no table of somebody's."""
    there = [name for name in (TABLE, PAGE, LEFT_OUT) if is_there(out / name)]
    if there:
        raise OutputError(
            f"{out / there[0]} is there already, and of no collection that is remembered here",
            fix="Move it elsewhere, or choose another folder.",
        )


def _found(options: CollectOptions, state: State, fetcher: Fetcher, progress: Progress) -> list[Searched]:
    """What there is for every query, in the lists and in the archives."""
    provider = options.chosen_provider()
    ask = RememberedAnswers(fetcher, state.ledger)
    todo = queries_of(options.queries, options.with_, provider.name)
    found = [
        searched(query, provider, ask, number=options.per_query, licences=options.licences)
        for query in track(todo, "searching", len(todo), progress)
    ]
    for path in options.tables:
        found += listed(path, licences=options.licences)
    for given in track(options.archives, "fetching archives", len(options.archives), progress):
        found += archived(given, state=state, fetcher=fetcher, most=options.max_archive_bytes)
    return found


def _note_wanted(found: Iterable[Searched], tables: Iterable[Path], state: State) -> None:
    """Remember what is wanted; a row that has gone from a table is wanted no more."""
    by_table: dict[str, list[Searched]] = {str(table): [] for table in tables}
    for search in found:
        by_table.setdefault(search.table, []).append(search)
    for table, searches in by_table.items():
        source = _source(table, state.out)
        wanted = [(each.key, each.to_dict()) for search in searches for each in search.wanted]
        others = [(each.key, each.to_dict()) for search in searches for each in search.others]
        if source:
            state.ledger.forget_wanted(source, but={key for key, _ in [*wanted, *others]})
        state.ledger.tell_wanted(source, others)
        state.ledger.note_wanted(source, wanted)


def _source(table: str, out: Path) -> str:
    """A table by its place beside the collection, so that both may be moved together."""
    if not table:
        return ""
    try:
        return os.path.relpath(Path(table).resolve(), out.resolve())
    except ValueError:  # on another drive
        return str(Path(table).resolve())


def _with_earlier(fetched: Sequence[Fetched], state: State) -> list[Fetched]:
    """All photos that were ever wanted here, in the order in which they were first.

    One that somebody has moved is wanted where it was moved to.
    """
    now = {each.wanted.key: each for each in fetched}
    everything: dict[str, Fetched] = {}
    told: dict[str, Found] = {}
    for content in state.ledger.wanted():
        wanted = Wanted.from_dict(content)
        told[wanted.found.address] = wanted.found
        if wanted.key not in everything:
            known = now.get(wanted.key) or Fetched(wanted, state.outcome(wanted) or Outcome())
            everything[wanted.key] = known
    for content in state.ledger.moved():
        moved = Fetched.from_dict(content)
        found = told.get(moved.wanted.found.address, moved.wanted.found)
        wanted = Wanted(moved.wanted.query, dataclasses.replace(found, split=moved.wanted.found.split))
        everything[wanted.key] = Fetched(wanted, moved.outcome)
    return list(everything.values())


def _placed(
    options: CollectOptions,
    found: Sequence[Searched],
    fetched: Sequence[Fetched],
    state: State,
    aside: Sequence[Aside],
    progress: Progress,
) -> Collection:
    """Every chosen photo in its place, and the words that go with them."""
    labels = list(dict.fromkeys(each.wanted.query.label for each in fetched))
    is_split = options.valid is not None or any(each.wanted.found.split for each in fetched)
    places = Places(state.out, labels, is_split, options.valid or 0.0, options.shrink)
    there = located(fetched, state, places)
    own = {each.path.resolve() for each in there} if aside else set()
    others = [each for each in aside if each.path.resolve() not in own]
    candidates = _candidates(there, state, progress)
    choice = choose(candidates, [each.look for each in others], progress=progress)
    chosen = [there[number] for number in choice.chosen]
    lay_out(there, chosen, state, places)
    remove_empty_folders(there, chosen, state.out)
    entries = [credit_of(each, state.out) for each in chosen]
    left = left_out(there, choice, [each.path for each in others], state.out)
    write_credits(state.out, entries, shrunk=options.shrink is not None)
    write_left_out(state.out, left)
    return Collection(
        state.out,
        tuple(sorted(each.file for each in entries)),
        counted(found, fetched, there, choice),
        left,
    )


def _candidates(there: Sequence[There], state: State, progress: Progress) -> list[Candidate]:
    """The photos that are there, and after them those that were deleted, whoever still wants them."""
    looks = seen(there, state.ledger, progress=progress)
    unseen = PhotoError("it is not there any more")
    return [
        *(
            Candidate(each.content, looks[each.content], each.label, each.fetched.wanted.found.split)
            for each in there
        ),
        *(
            Candidate(content, looks.get(content, unseen), label, is_gone=True)
            for content, label, _ in state.deleted()
        ),
    ]
