from pathlib import Path

import pytest
from made_up_runs import three_trees

from kclass.reporting.figures import figures_of, headline_of
from kclass.reporting.run_reading import read_run


def test_the_headline_holds_the_accuracy_its_interval_and_what_guessing_gets(tmp_path: Path) -> None:
    found = headline_of(read_run(three_trees(tmp_path / "run")), ("ash", "birch", "cedar"))
    assert found is not None
    assert (found.number, found.correct, found.photos) == ("80", 4, 5)
    # Wilson for 4 of 5.
    assert (found.low, found.high) == (pytest.approx(0.3755, abs=1e-4), pytest.approx(0.9638, abs=1e-4))
    assert found.interval.startswith("37.6")
    assert (found.guess, found.guess_share) == ("ash", 0.4)


def test_a_long_class_name_is_cut_beside_the_scale(tmp_path: Path) -> None:
    found = headline_of(read_run(three_trees(tmp_path / "run")), ("a" * 60, "birch", "cedar"))
    assert found is not None
    assert found.guess_short == "a" * 23 + "…"


def test_words_beside_the_scale_stay_on_the_page(tmp_path: Path) -> None:
    found = headline_of(read_run(three_trees(tmp_path / "run")), ("ash", "birch", "cedar"))
    assert found is not None
    assert found.under == "left:40.00%;transform:translateX(-50%)"


def test_key_figures_come_with_their_intervals(tmp_path: Path) -> None:
    run = read_run(three_trees(tmp_path / "run"))
    figures = {each.name: each.values for each in figures_of(run.splits)}
    assert list(figures) == ["Accuracy", "Balanced accuracy", "Macro F1", "Log loss", "Brier score"]
    metrics = run.splits["valid"].metrics
    assert figures["Balanced accuracy"][0].text == "83.3 %"  # (1 + 1/2 + 1) / 3
    low, high = (f"{metrics['intervals']['log_loss'][end]:.3f}" for end in ("low", "high"))
    assert figures["Log loss"][0].interval == f"{low}\N{EN DASH}{high}"


def test_figures_that_an_older_run_has_not_are_left_out(tmp_path: Path) -> None:
    run = read_run(three_trees(tmp_path / "run"))
    metrics = run.splits["valid"].metrics
    for name in ("intervals", "balanced_accuracy", "brier"):
        del metrics[name]  # type: ignore[attr-defined]
    figures = {each.name: each.values[0] for each in figures_of(run.splits)}
    assert list(figures) == ["Accuracy", "Macro F1", "Log loss"]
    assert figures["Accuracy"].interval and not figures["Log loss"].interval
