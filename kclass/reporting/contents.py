"""What the page of a run says and shows, as its template takes it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kclass.audit.findings import KINDS
from kclass.classifier.classifier import Classifier
from kclass.classifier.model_file import versions
from kclass.dataset.names import readable
from kclass.evaluation.intervals import Interval, wilson
from kclass.progress import Progress
from kclass.reporting.command import fit_command
from kclass.reporting.figures import figures_of, headline_of
from kclass.reporting.gallery import Gallery, hang
from kclass.reporting.mistakes import (
    EXAMPLES,
    display_names,
    listed_photos,
    matrix_of,
    order_to_show,
    pairs_of,
    top_losses_of,
)
from kclass.reporting.pictures import Photos, shown_always, shown_in_cells
from kclass.reporting.provenance import Use, alarm_words, course_words, rests_words, temperature_words, uses
from kclass.reporting.run_reading import RunResults, SplitResults
from kclass.reporting.sentences import SPLIT_WORDS, share, trust
from kclass.reporting.training_charts import training_charts
from kclass.reporting.trust_charts import novelty_chart, reliability_chart

SUSPECTS: Final = 12
"""Photos with a label to look at that are shown."""

_SUSPECT: Final = "label-suspect"


@dataclass(frozen=True, slots=True)
class _Kind:
    """The findings of one kind, in words."""

    title: str
    severity: str
    meaning: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A photo whose label is to be looked at."""

    path: str
    label: str
    words: str


def page_contents(
    run: RunResults, classifier: Classifier | None, reason: str, progress: Progress
) -> dict[str, Any]:
    """All that the template of the page is given.

    Args:
        run: the run.
        classifier: of it; None if it cannot be had.
        reason: why not.
        progress: is told how many photos have been dealt with.
    """
    names = display_names(run.classes)
    valid = next(iter(run.splits.values()), None)
    photos = Photos(run.root)
    suspects, more = _suspects(run)
    calibration, novelty = _rests_on(run, classifier)
    context = {
        "run": run,
        "names": names,
        "valid": valid,
        "share": share,
        "split_words": SPLIT_WORDS,
        **_words(run, names),
        **_data(run),
        "charts": training_charts(run),
        "suspects": suspects,
        "more_suspects": more,
        "pictures": {},
        "gallery": None,
        "novelty": None,
        "rests": rests_words(calibration, novelty),
        "temperature": temperature_words(calibration),
        "alarms": alarm_words(novelty),
    }
    always = [each.path for each in suspects]
    remarks = []
    if valid is not None:
        found = _of_split(run, valid, names)
        always += [valid.paths[row] for row in found["rows_shown"]]
        context |= found
    context["pictures"] = shown_always(always, photos, progress)
    if valid is not None:
        context |= _in_cells(valid, names, context, photos, progress)
    if valid is not None and classifier is None:
        remarks.append(f"Where the network looked is not shown: {reason}")
    elif valid is not None and classifier is not None:
        context["gallery"] = _gallery(classifier, valid, run, photos, progress)
    if run.root is None:
        remarks.append(
            "This run was made by a kclass that did not keep where the photos lie, so they are not shown."
        )
    elif context["pictures"] and not any(context["pictures"].values()):
        remarks.append(f"The photos are not shown: none of them is in {run.root} any more.")
    return {**context, "remarks": remarks, "sections": _sections(context)}


def _words(run: RunResults, names: Sequence[str]) -> dict[str, Any]:
    totals = {split: sum(counts) + run.unlabelled.get(split, 0) for split, counts in run.counts.items()}
    return {
        "headline": headline_of(run, names),
        "figures": figures_of(run.splits),
        "judged": list(run.splits),
        "photos": sum(totals.values()),
        "totals": totals,
        "uses": (found := uses(run)),
        **_unreadable(run, found),
        "how": _how(run.options),
        "course": course_words(run),
        "command": fit_command(run.options, run.data),
        "facts": _facts(run),
        "footer": "",
        "kclass_version": versions()["kclass"],
    }


def _data(run: RunResults) -> dict[str, Any]:
    lines: dict[str, list[str]] = defaultdict(list)
    for row in run.findings:
        if row.get("kind") in KINDS:
            lines[row["kind"]].append(row.get("detail") or row.get("path", ""))
    kinds = [kind for kind in KINDS.values() if kind.name in lines]
    return {
        "findings": [
            _Kind(kind.title, kind.severity, kind.meaning, tuple(lines[kind.name])) for kind in kinds
        ],
    }


def _rests_on(run: RunResults, classifier: Classifier | None) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What the temperature and the threshold of novelty rest on: by the run, else by its model."""
    if run.calibration or run.novelty or classifier is None:
        return run.calibration, run.novelty
    return classifier.record.calibration, classifier.record.novelty


def _unreadable(run: RunResults, found: Sequence[Use]) -> dict[str, Any]:
    """The photos that could not be read: those the run names, and how many there are."""
    named = [*run.unreadable]
    for each in run.splits.values():
        named += map(str, each.metrics.get("unreadable", ()))
    return {"unreadable": named, "unread": max(len(named), sum(each.unreadable for each in found))}


def _suspects(run: RunResults) -> tuple[list[_Suspect], int]:
    rows = [row for row in run.findings if row.get("kind") == _SUSPECT and row.get("path")]
    found = [
        _Suspect(row["path"], readable(row.get("class", "")), _after_path(row.get("detail", ""), row["path"]))
        for row in rows[:SUSPECTS]
    ]
    return found, len(rows) - len(found)


def _after_path(detail: str, path: str) -> str:
    """What a finding says behind the path and the label, which stand there already."""
    return detail.removeprefix(path).strip().partition("; ")[2] or detail


def _of_split(run: RunResults, valid: SplitResults, names: Sequence[str]) -> dict[str, Any]:
    supports = [int(count) for count in _counts(valid, len(names))]
    losses, pairs = top_losses_of(valid), pairs_of(valid)
    per_class = [
        {**dict(each), "name": name, "support": supports[place], "judged": supports[place] > 0}
        for place, (each, name) in enumerate(zip(valid.metrics["per_class"], names, strict=True))
    ]
    return {
        "matrix": matrix_of(valid, len(names)),
        "supports": supports,
        "pairs": pairs,
        "examples": EXAMPLES,
        "losses": losses,
        "per_class": sorted(per_class, key=lambda row: (not row["judged"], row["f1"])),
        "reliability": (found := reliability_chart(valid)),
        "trust": trust(found.mean_confidence, found.accuracy, _accuracy_interval(valid)),
        "brier": valid.metrics.get("brier"),
        "novelty": None if valid.novelty is None else novelty_chart(valid.novelty),
        "rows_shown": [row for row, _ in losses] + [row for each in pairs for row in each.rows[:EXAMPLES]],
    }


def _accuracy_interval(valid: SplitResults) -> Interval:
    return wilson(int((valid.labels == valid.predicted).sum()), len(valid))


def _counts(valid: SplitResults, classes: int) -> list[int]:
    return [int((valid.labels == place).sum()) for place in range(classes)]


def _in_cells(
    valid: SplitResults,
    names: Sequence[str],
    context: Mapping[str, Any],
    photos: Photos,
    progress: Progress,
) -> dict[str, Any]:
    order = order_to_show(valid)
    there = set(context["rows_shown"])
    rows = [row for row in order.tolist() if row not in there]
    pictures = shown_in_cells(rows, valid.paths, photos, progress)
    left_out = len(rows) - len(pictures)
    footer = f"{left_out:,} photos have no thumbnail, to keep the page small." if left_out else ""
    data = {"classes": list(names), "photos": listed_photos(valid, order), "pictures": pictures}
    return {"cell_data": data, "footer": footer}


def _gallery(
    classifier: Classifier, valid: SplitResults, run: RunResults, photos: Photos, progress: Progress
) -> Gallery | None:
    if run.root is None:
        return None
    files = [photos.file(path) for path in valid.paths]
    found = hang(classifier, valid, files, run.classes, progress=progress)
    return found if any(each.photo for each in found.photos) else None


def _how(options: Mapping[str, Any]) -> str:
    head = str(options.get("head", ""))
    parts = [str(options.get("backbone", "a network"))]
    if "epochs_done" in options:
        parts.append(f"{options['epochs_done']} epochs")
    elif head:
        parts.append(f"{head} head")
    if options.get("size"):
        parts.append(f"{options['size']} px")
    return ", ".join(parts)


def _facts(run: RunResults) -> list[tuple[str, str]]:
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    found = [
        ("Seed", run.options.get("seed")),
        ("Data fingerprint", run.data.get("fingerprint")),
        ("Photos lay in", run.data.get("root")),
        ("Versions", versions),
    ]
    return [(name, str(value)) for name, value in found if value not in (None, "")]


def _sections(context: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The places on the page, each with a word for it."""
    return [
        (place, word)
        for place, word, there in (
            ("figures", "Key figures", context["figures"]),
            ("confusion", "Confusions", context["valid"]),
            ("classes", "Classes", context["valid"]),
            ("losses", "Top losses", context["valid"]),
            ("calibration", "Calibration", context["valid"]),
            ("novelty", "Unlike training", context.get("novelty")),
            ("gallery", "Where it looked", context["gallery"]),
            ("photos", "Photos used", True),
            ("suspects", "Labels to look at", context["suspects"]),
            ("training", "Training", context["charts"]),
            ("again", "Reproduce", True),
        )
        if there
    ]
