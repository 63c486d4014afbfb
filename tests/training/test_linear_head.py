import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq
from sklearn.linear_model import LogisticRegression

from kclass.training.linear_head import (
    FOLDS,
    GRID,
    RISES,
    UNVALIDATED_C,
    LinearHead,
    _folds,
    history_rows,
    solve_at_penalty,
    solve_linear_head,
)
from kclass.training.softmax_regression import log_softmax

Features = NDArray[np.float32]
Labels = NDArray[np.int32]


def clouds(photos: int, features: int, classes: int, *, spread: float = 1.5) -> tuple[Features, Labels]:
    """Overlapping clouds, one a class, of features with scales and centres of their own."""
    random = np.random.default_rng(photos)
    labels = (np.arange(photos) % classes).astype(np.int32)
    data = random.normal(size=(classes, features))[labels] + spread * random.normal(size=(photos, features))
    return (data * np.geomspace(0.1, 10, features) + np.linspace(-5, 5, features)).astype(np.float32), labels


def solved(features: Features, labels: Labels, **changes: Any) -> LinearHead:
    options = {"classes": int(labels.max()) + 1, "seed": 0} | changes
    return solve_linear_head(features, labels, **options)


def probabilities(head: LinearHead, features: Features) -> NDArray[np.float64]:
    logits = features.astype(np.float64) @ head.kernel + head.bias
    result: NDArray[np.float64] = np.exp(log_softmax(logits))
    return result


@pytest.mark.parametrize(("photos", "features"), [(90, 6), (24, 60)])
@pytest.mark.parametrize("classes", [2, 3])
def test_the_head_is_what_scikit_learn_finds_on_scaled_features(
    photos: int, features: int, classes: int
) -> None:
    data, labels = clouds(photos, features, classes)
    head = solved(data, labels)
    # Of two classes scikit-learn solves for one vector, which halves the penalty.
    c = 2 * head.c if classes == 2 else head.c
    deviation = data.std(axis=0, dtype=np.float64)
    scaled = (data - data.mean(axis=0)) / np.sqrt(deviation * np.sqrt((deviation**2).mean()))
    reference = LogisticRegression(C=c, tol=1e-8, max_iter=100_000).fit(scaled, labels)
    expected = reference.predict_proba(scaled)
    np.testing.assert_allclose(probabilities(head, data), expected, atol=1e-3)
    assert head.kernel.dtype == head.bias.dtype == np.float32
    assert head.kernel.shape == (features, classes)
    assert head.bias.shape == (classes,)


def test_the_penalty_with_the_lowest_cross_validated_loss_is_chosen() -> None:
    data, labels = clouds(60, 5, 3)
    head = solved(data, labels)
    assert [each.c for each in head.path] == list(GRID)[: len(head.path)]
    assert list(GRID) == sorted(GRID)
    assert head.c == min(head.path, key=lambda each: each.log_loss).c
    assert GRID[0] < head.c < GRID[-1]


def test_the_penalty_is_chosen_from_the_grid_that_is_given() -> None:
    data, labels = clouds(60, 5, 3)
    head = solved(data, labels, grid=[1e-3, 1.0])
    assert [each.c for each in head.path] == [1e-3, 1.0]
    assert head.c in (1e-3, 1.0)
    assert -head.out_of_fold[np.arange(60), labels].mean() == pytest.approx(
        min(each.log_loss for each in head.path)
    )


def test_features_that_tell_nothing_want_a_strong_penalty_and_clear_ones_a_weak_one() -> None:
    labels = (np.arange(40) % 2).astype(np.int32)
    noise = np.random.default_rng(1).normal(size=(40, 10)).astype(np.float32)
    clear = noise + 20 * labels[:, None].astype(np.float32)
    assert solved(noise, labels).c <= 1e-3
    assert solved(clear, labels).c == GRID[-1]


def test_weights_count_in_the_solution_and_in_the_loss_that_chooses_the_penalty() -> None:
    data, labels = clouds(90, 6, 2, spread=3.0)
    weights = np.where(labels == 0, 0.1, 1.9)
    usual, weighted = solved(data, labels), solved(data, labels, weights=weights)
    # What counts more is predicted more often.
    assert probabilities(weighted, data)[:, 1].mean() > probabilities(usual, data)[:, 1].mean() + 0.2
    losses = -weighted.out_of_fold[np.arange(90), labels]
    best = min(weighted.path, key=lambda candidate: candidate.log_loss)
    assert best.log_loss == pytest.approx((losses * weights).sum() / weights.sum())
    hits = weighted.out_of_fold.argmax(axis=1) == labels
    assert best.accuracy == pytest.approx((hits * weights).sum() / weights.sum())


def test_loss_and_accuracy_of_the_path_are_those_worked_by_hand() -> None:
    # Five times the photo -1 and five times 1 (standardised already): every fold is solved on four of
    # each. By symmetry W = (-v, v): the loss is log(1 + exp(-2v)), and with the penalty
    # 2v² / (2c·8) it is least where v (1 + exp(2v)) = 8c.
    features = np.repeat(np.array([[-1.0], [1.0]], np.float32), 5, axis=0)
    # A shade apart, or they would count as copies of one photo.
    features += np.tile(np.arange(5, dtype=np.float32) * 1e-6, 2)[:, None]
    head = solved(features, np.repeat(np.array([0, 1], np.int32), 5))
    for each in head.path:
        v = brentq(lambda v, c=each.c: v * (1 + math.exp(2 * v)) - 8 * c, 0, 10)
        assert each.log_loss == pytest.approx(math.log1p(math.exp(-2 * v)), abs=1e-4)
        assert each.accuracy == 1
    assert head.c == GRID[-1]


def test_a_photo_is_predicted_by_heads_that_have_not_seen_it() -> None:
    # Each photo has a feature of its own: whoever has seen it knows it, and who has not must guess.
    labels = (np.arange(20) % 2).astype(np.int32)
    head = solved(np.eye(20, dtype=np.float32), labels)
    assert all(each.log_loss > 0.69 for each in head.path)
    assert (probabilities(head, np.eye(20, dtype=np.float32)).argmax(axis=1) == labels).all()


def test_every_photo_is_held_out_once_and_each_class_is_spread_evenly() -> None:
    # Dealt out in turns, 7 and 13 photos make two folds of 2 + 2 and three of 1 + 3, whatever the seed.
    labels = np.repeat(np.array([0, 1], np.int32), [7, 13])
    fold_of = _folds(labels, np.arange(20), classes=2, seed=4)
    shares = [np.bincount(labels[fold_of == fold], minlength=2).tolist() for fold in range(FOLDS)]
    assert sorted(shares) == [[1, 3], [1, 3], [1, 3], [2, 2], [2, 2]]
    assert (_folds(labels, np.arange(20), classes=2, seed=5) != fold_of).any()


def test_out_of_fold_probabilities_are_those_of_heads_fitted_without_the_photo() -> None:
    data, labels = clouds(60, 5, 3)
    head = solved(data, labels)
    fold_of = _folds(labels, np.arange(60), classes=3, seed=0)
    deviation = data.std(axis=0, dtype=np.float64)
    scaled = (data - data.mean(axis=0)) / np.sqrt(deviation * np.sqrt((deviation**2).mean()))
    expected = np.empty((60, 3))
    for fold in range(FOLDS):
        seen = fold_of != fold
        reference = LogisticRegression(C=head.c, tol=1e-8, max_iter=100_000).fit(scaled[seen], labels[seen])
        expected[~seen] = reference.predict_proba(scaled[~seen])
    np.testing.assert_allclose(np.exp(head.out_of_fold), expected, atol=1e-3)


def test_the_loss_of_the_chosen_penalty_is_that_of_the_out_of_fold_probabilities() -> None:
    data, labels = clouds(60, 5, 3)
    head = solved(data, labels)
    chosen = next(each for each in head.path if each.c == head.c)
    assert -head.out_of_fold[np.arange(60), labels].mean() == pytest.approx(chosen.log_loss)
    assert (head.out_of_fold.argmax(axis=1) == labels).mean() == pytest.approx(chosen.accuracy)


def test_photos_that_are_never_held_out_have_no_out_of_fold_probabilities() -> None:
    data, _ = clouds(21, 3, 2)
    one_alone = solved(data, np.repeat(np.array([0, 1, 2], np.int32), [10, 10, 1]))
    assert np.isnan(one_alone.out_of_fold).all(axis=1).tolist() == [False] * 20 + [True]
    all_alone = solved(data[:3], np.arange(3, dtype=np.int32))
    assert all_alone.out_of_fold.shape == (3, 3)
    assert np.isnan(all_alone.out_of_fold).all()


def test_photos_of_one_group_are_held_out_together() -> None:
    # Each photo has a near copy: whoever has seen the copy knows the photo, and who has not must guess.
    labels = (np.arange(30) % 2).astype(np.int32)
    once = np.eye(30, dtype=np.float32)
    data = np.vstack([once, once + np.float32(1e-3)])
    apart = solved(data, np.tile(labels, 2))
    together = solved(data, np.tile(labels, 2), groups=1000 - np.tile(np.arange(30), 2))
    assert min(each.log_loss for each in apart.path) < 0.2
    assert min(each.log_loss for each in together.path) > 0.69


def test_equal_features_may_be_of_different_groups() -> None:
    # Two words that give the label away: as copies, each class would be one photo, never held out.
    labels = np.repeat(np.array([0, 1], np.int32), 6)
    words = np.eye(2, dtype=np.float32)[labels]
    assert solved(words, labels).path == ()
    assert solved(words, labels, groups=np.arange(12)).path[-1].accuracy == 1


def test_copies_of_a_photo_do_not_make_its_class_look_known() -> None:
    random = np.random.default_rng(2)
    features = random.normal(size=(30, 40)).astype(np.float32)
    labels = (np.arange(30) % 2).astype(np.int32)
    once, twice = solved(features, labels), solved(np.tile(features, (2, 1)), np.tile(labels, 2))
    assert min(each.log_loss for each in once.path) > 0.6
    assert min(each.log_loss for each in twice.path) > 0.6


def test_a_class_with_one_photo_is_learned_but_never_judged() -> None:
    data, _ = clouds(21, 3, 2)
    labels = np.repeat(np.array([0, 1, 2], np.int32), [10, 10, 1])
    assert (_folds(labels, np.arange(21), classes=3, seed=0) == -1).tolist() == [False] * 20 + [True]
    head = solved(data, labels)
    assert len(head.path) > 3
    assert head.kernel.shape == (3, 3)


def test_progress_counts_the_penalties() -> None:
    data, labels = clouds(20, 4, 2)
    told: list[tuple[str, int, int]] = []
    solved(data, labels, grid=GRID[:3], progress=lambda *step: told.append(step))
    assert told == [("choosing the penalty", done, 3) for done in range(4)]


def hard_to_tell() -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Photos whose forty features say little of their class, so that strong penalties are best."""
    random = np.random.default_rng(7)
    labels = (np.arange(60) % 2).astype(np.int32)
    features = random.normal(size=(60, 40)) + 0.3 * labels[:, None] * (np.arange(40) < 4)
    return features.astype(np.float32), labels


def test_progress_comes_to_its_end_where_the_search_does_not() -> None:
    data, labels = hard_to_tell()
    told: list[tuple[str, int, int]] = []
    head = solved(data, labels, progress=lambda *step: told.append(step))
    assert len(head.path) < len(GRID)
    assert told[-2:] == [("choosing the penalty", done, len(GRID)) for done in (len(head.path), len(GRID))]


def test_the_search_ends_when_the_loss_has_risen_for_good() -> None:
    data, labels = hard_to_tell()
    found = solved(data, labels)
    losses = [each.log_loss for each in found.path]
    assert len(losses) < len(GRID)
    assert losses.index(min(losses)) == len(losses) - 1 - RISES
    # Each that was left out would have been worse: alone with the one chosen, it is not taken.
    for c in GRID[len(losses) :]:
        assert solved(data, labels, grid=[found.c, c]).c == found.c


def test_there_are_no_more_folds_than_the_smallest_class_has_photos() -> None:
    data, _ = clouds(13, 4, 2)
    labels = np.repeat(np.array([0, 1], np.int32), [3, 10])
    assert set(_folds(labels, np.arange(13), classes=2, seed=0)) == {0, 1, 2}
    assert np.isfinite(solved(data, labels).out_of_fold).all()


def test_one_seed_gives_one_head_and_another_other_folds() -> None:
    data, labels = clouds(40, 6, 2)
    one, same, other = solved(data, labels), solved(data, labels), solved(data, labels, seed=1)
    assert (one.kernel == same.kernel).all()
    assert (one.bias == same.bias).all()
    assert one.path == same.path
    assert one.path != other.path


def test_two_photos_are_enough() -> None:
    features = np.array([[3.0, 0.0, 5.0], [1.0, 4.0, 5.0]], np.float32)
    head = solved(features, np.array([1, 0], np.int32))
    assert head.path == ()
    assert head.c == UNVALIDATED_C
    assert probabilities(head, features).argmax(axis=1).tolist() == [1, 0]


def test_with_one_photo_of_every_class_nothing_can_be_held_out() -> None:
    told: list[tuple[str, int, int]] = []
    data, _ = clouds(3, 3, 3, spread=0.1)
    head = solved(data, np.arange(3, dtype=np.int32), progress=lambda *step: told.append(step))
    assert (head.path, head.c, told) == ((), UNVALIDATED_C, [])
    assert head.kernel.shape == (3, 3)
    assert np.isfinite(head.kernel).all()


def test_a_constant_feature_has_no_weight() -> None:
    data, labels = clouds(30, 4, 2)
    constant = np.full((30, 1), 0.1, np.float32)
    head = solved(np.hstack([data, constant]), labels)
    assert (head.kernel[-1] == 0).all()
    np.testing.assert_allclose(head.kernel[:-1], solved(data, labels).kernel, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("features", [2, 50])
def test_features_that_are_all_constant_give_the_shares_of_the_classes(features: int) -> None:
    labels = np.repeat(np.array([0, 1], np.int32), [15, 5])
    data = np.full((20, features), 7.3, np.float32)
    head = solved(data, labels)
    assert (head.kernel == 0).all()
    np.testing.assert_allclose(probabilities(head, data[:1]), [[0.75, 0.25]], atol=1e-3)


def test_scale_and_centre_of_the_features_make_no_difference() -> None:
    data, labels = clouds(40, 6, 3)
    moved = data * np.float32(1000) + np.float32(3)
    one, other = solved(data, labels), solved(moved, labels)
    assert one.c == other.c
    np.testing.assert_allclose(probabilities(one, data), probabilities(other, moved), atol=1e-3)


def test_the_history_lists_the_path_and_marks_the_choice() -> None:
    data, labels = clouds(30, 4, 2)
    head = solved(data, labels)
    rows = history_rows(head)
    assert [set(row) for row in rows] == [{"c", "log_loss", "accuracy", "chosen"}] * len(head.path)
    assert [row["c"] for row in rows if row["chosen"]] == [head.c]
    assert rows[3]["log_loss"] == head.path[3].log_loss
    assert rows[3]["accuracy"] == head.path[3].accuracy


@pytest.mark.parametrize("photos", [20, 200])
def test_a_head_solved_at_a_penalty_is_the_one_that_chooses_it(photos: int) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(photos, dtype=np.int32) % 3
    features = (random.normal(size=(photos, 50)) + labels[:, None]).astype(np.float32)
    weights = random.uniform(0.5, 2, photos)
    chosen = solve_linear_head(features, labels, classes=3, seed=0, weights=weights, grid=[0.1])
    solved = solve_at_penalty(features, labels, classes=3, c=0.1, weights=weights)
    assert (solved.c, solved.path) == (0.1, ())
    assert np.allclose(solved.kernel, chosen.kernel, atol=1e-6)
    assert np.allclose(solved.bias, chosen.bias, atol=1e-5)
    other = solve_at_penalty(features, labels, classes=3, c=1e-4, weights=weights)
    assert np.abs(other.kernel).max() < 0.5 * np.abs(solved.kernel).max()
