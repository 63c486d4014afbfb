"""kclass beside what people use today: the same photos and weights, in turn, in one run.

Usage: run.py WORK [DATA…] [--thousands DATA] [--rounds 3] [--precision f32] [--torch-python PATH]
              [--kclass-alone] [--name NAME]

For each data set, split by folders, every round runs in turn, each in a fresh process: stock Keras as its
tutorial does it (10 epochs), stock Keras as an expert does it by hand (features once), a plain PyTorch
loop if PATH names a Python that has it, and `kclass fit` as it ships, from its very first use to a fit
with ten photos added. --thousands adds, for one round, ten crops of each photo of a data set.
--kclass-alone leaves the others out. Ratios are taken within a round; the medians are reported, in results
of that NAME. Photos that are made and a weight file are kept in WORK.
"""

import argparse
import shutil
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contenders import (
    AGAIN,
    CONVERTED,
    FIRST,
    MORE,
    ONCE,
    TUTORIAL,
    Contender,
    Outcome,
    Split,
    kclass_fits,
    keras_peers,
    many_crops,
    torch_peer,
)
from results import RESULTS, report, spread

HEAD = [
    "data",
    "",
    "seconds: median (least to most)",
    "decodes, passes",
    "accuracy",
    "MB",
    "times faster than tutorial",
    "goal",
]
GOALS = {FIRST: 5, CONVERTED: 8}
GOALS_OF_THOUSANDS = {CONVERTED: {"f32": 12, "bf16": 30}}

Round = dict[str, Outcome]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("data", type=Path, nargs="*")
    parser.add_argument("--thousands", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--torch-python")
    parser.add_argument("--kclass-alone", action="store_true")
    parser.add_argument("--name")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[Round]] = {}
    for data in given.data:
        contenders = everyone(data, given)
        found[data.name] = [one_round(contenders, given.work) for _ in range(given.rounds)]
    if given.thousands is not None:
        data = many_crops(given.thousands, given.work / f"{given.thousands.name}-crops")
        contenders = everyone(data, given)
        found[data.name] = [one_round(contenders, given.work)]
    rows, content = [], {}
    for name, rounds in found.items():
        many = given.thousands is not None and name != given.thousands.name and name.endswith("-crops")
        rows += table(name, rounds, given.precision, many=many)
        content[name] = [{who: vars(each) for who, each in one.items()} for one in rounds]
    name = given.name or f"run_{given.precision}"
    report(name, HEAD, rows, {"precision": given.precision, "data": content})
    if not given.kclass_alone:
        plot(found, RESULTS / f"{name}.png")


def everyone(data: Path, given: argparse.Namespace) -> dict[str, Contender]:
    """All who take part, in the order in which a round has them."""
    split = Split.of(data)
    contenders: dict[str, Contender] = {}
    if not given.kclass_alone:
        contenders |= keras_peers(split, work=given.work, bf16=given.precision == "bf16")
    if given.torch_python is not None:
        contenders |= torch_peer(split, python=given.torch_python)
    return contenders | kclass_fits(data, precision=given.precision)


def one_round(contenders: Mapping[str, Contender], work: Path) -> Round:
    folder = work / "round"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    outcomes = {}
    for name, run in contenders.items():
        outcomes[name] = run(folder)
        print(f"{name}: {outcomes[name].seconds:.1f} s", flush=True)
    shutil.rmtree(folder)
    return outcomes


def table(data: str, rounds: list[Round], precision: str, *, many: bool) -> list[list[str]]:
    """A row a contender."""
    goals: dict[str, Any] = (
        {who: of[precision] for who, of in GOALS_OF_THOUSANDS.items()} if many else dict(GOALS)
    )
    rows = []
    for who in rounds[0]:
        ratios = [one[TUTORIAL].seconds / one[who].seconds for one in rounds if TUTORIAL in one]
        accuracy = statistics.median(one[who].accuracy for one in rounds)
        rows.append(
            [
                data,
                who,
                spread([one[who].seconds for one in rounds]),
                f"{rounds[0][who].passes:,}",
                f"{accuracy:.1%}",
                f"{max(one[who].megabytes for one in rounds):.0f}",
                f"{statistics.median(ratios):.1f}" if ratios else "",
                str(goals.get(who, "")),
            ]
        )
    return [*rows, *within(data, rounds)]


def within(data: str, rounds: list[Round]) -> list[list[str]]:
    """Ratios of kclass alone: a fit again, with ten photos added, and beside the expert's way."""
    pairs = (
        ("first use / nothing changed", FIRST, AGAIN, "at least 4"),
        (f"{MORE} / nothing changed", MORE, AGAIN, "at most 1.15"),
        (f"{ONCE} / kclass, {CONVERTED}", ONCE, CONVERTED, ""),
    )
    rows = []
    for name, x, y, goal in pairs:
        if x not in rounds[0]:
            continue
        ratio = statistics.median(each[x].seconds / each[y].seconds for each in rounds)
        rows.append([data, name, "", "", "", "", f"{ratio:.2f}", goal])
    return rows


def plot(found: Mapping[str, list[Round]], path: Path) -> None:
    """Seconds of everyone, as bars on a scale of powers of ten; one panel for each data set."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 0.6 + 2.4 * len(found)), layout="constrained")
    panels = figure.subplots(len(found), 1, squeeze=False, sharex=True)[:, 0]
    for panel, (data, rounds) in zip(panels, found.items(), strict=True):
        names = list(rounds[0])[::-1]
        medians = [statistics.median(one[who].seconds for one in rounds) for who in names]
        ours = [who in (FIRST, CONVERTED, AGAIN, MORE) for who in names]
        labels = [f"kclass, {who}" if own else who for who, own in zip(names, ours, strict=True)]
        bars = panel.barh(labels, medians, color=["#1f6f8b" if own else "#b9b9b9" for own in ours])
        panel.bar_label(bars, [f"{each:.1f} s" for each in medians], padding=3)
        panel.set(xscale="log", title=data, xlim=(0.5, max(medians) * 2))
        panel.spines[["top", "right"]].set_visible(False)
    panels[-1].set_xlabel("seconds of the whole process")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
