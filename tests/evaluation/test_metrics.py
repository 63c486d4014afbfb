import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import (
    confusion_matrix,
    log_loss,
    precision_recall_fscore_support,
    top_k_accuracy_score,
)

from kclass.errors import DataError, OptionError
from kclass.evaluation.bootstrap import bootstrap_intervals
from kclass.evaluation.class_scores import Means
from kclass.evaluation.intervals import Interval, ValueInterval, wilson
from kclass.evaluation.metrics import Metrics, evaluate

REFERENCE = Path(__file__).parent.parent / "reference" / "three_classes.json"


def one_hot(predicted: list[int], number: int) -> NDArray[np.float64]:
    return np.eye(number)[predicted]


def labels_of(values: list[int]) -> NDArray[np.int32]:
    return np.array(values, dtype=np.int32)


def reference() -> tuple[Metrics, dict[str, list[str]]]:
    case = json.loads(REFERENCE.read_text(encoding="utf-8"))
    metrics = evaluate(np.array(case["probabilities"]), labels_of(case["labels"]), case["classes"])
    return metrics, case


def fractions(values: list[str]) -> list[float]:
    return [float(Fraction(value)) for value in values]


def test_a_case_worked_by_hand_has_its_scores() -> None:
    metrics, case = reference()
    assert metrics.photos == 8
    assert metrics.correct == case["correct"]
    assert metrics.accuracy == 5 / 8
    assert metrics.log_loss == pytest.approx(case["log_loss"], abs=1e-6)
    assert [metrics.interval.low, metrics.interval.high] == pytest.approx(case["interval"], abs=1e-6)
    # Recalls 3/4, 1/3 and 1: 25/36 in the mean.
    assert metrics.balanced_accuracy == pytest.approx(25 / 36)
    # In sixteenths: a right at 1/2, 4 + 1 + 1 = 6, which five photos have; at 1/4 with 1/2 elsewhere,
    # 9 + 4 + 1 = 14, which three have: (30 + 42) / 16 / 8.
    assert metrics.brier == pytest.approx(72 / 128)
    assert metrics.confusion.tolist() == case["confusion"]
    assert metrics.top_k == {1: 5 / 8}


def test_a_case_worked_by_hand_has_its_scores_for_each_class() -> None:
    metrics, case = reference()
    assert metrics.classes == tuple(case["classes"])
    assert [one.precision for one in metrics.per_class] == pytest.approx(fractions(case["precision"]))
    assert [one.recall for one in metrics.per_class] == pytest.approx(fractions(case["recall"]))
    assert [one.f1 for one in metrics.per_class] == pytest.approx(fractions(case["f1"]))
    assert [one.support for one in metrics.per_class] == case["support"]


def test_a_case_worked_by_hand_has_its_means() -> None:
    metrics, case = reference()
    for name in ("macro", "weighted"):
        means: Means = getattr(metrics, name)
        assert [means.precision, means.recall, means.f1] == pytest.approx(fractions(case[name]))


@st.composite
def predictions(draw: st.DrawFn) -> tuple[NDArray[np.float64], NDArray[np.int32], list[str]]:
    """Random probabilities, sharp to flat, some classes perhaps without a photo."""
    number, photos = draw(st.integers(2, 8)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    logits = rng.normal(scale=draw(st.sampled_from([0.1, 1, 30, 800])), size=(photos, number))
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    labels = rng.integers(0, draw(st.integers(1, number)), photos).astype(np.int32)
    return weights / weights.sum(axis=1, keepdims=True), labels, [f"class{k}" for k in range(number)]


@settings(deadline=None)
@given(predictions())
def test_scores_are_those_of_scikit_learn(
    case: tuple[NDArray[np.float64], NDArray[np.int32], list[str]],
) -> None:
    probabilities, labels, classes = case
    numbers = list(range(len(classes)))
    predicted = probabilities.argmax(axis=1)
    metrics = evaluate(probabilities, labels, classes)
    assert metrics.log_loss == pytest.approx(log_loss(labels, probabilities, labels=numbers), rel=1e-12)
    assert metrics.confusion.tolist() == confusion_matrix(labels, predicted, labels=numbers).tolist()
    assert metrics.correct == np.count_nonzero(predicted == labels)
    expected = precision_recall_fscore_support(labels, predicted, labels=numbers, zero_division=0)
    for one, *column in zip(metrics.per_class, *expected, strict=True):
        assert [one.precision, one.recall, one.f1, one.support] == pytest.approx(column)
    for name in ("macro", "weighted"):
        *means, _ = precision_recall_fscore_support(labels, predicted, average=name, zero_division=0)
        got = getattr(metrics, name)
        assert [got.precision, got.recall, got.f1] == pytest.approx(means)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(6, 12))
def test_top_five_accuracy_is_that_of_scikit_learn(seed: int, number: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(number), size=30)
    labels = rng.integers(0, number, 30).astype(np.int32)
    metrics = evaluate(probabilities, labels, [str(k) for k in range(number)])
    expected = top_k_accuracy_score(labels, probabilities, k=5, labels=range(number))
    assert metrics.top_k == {1: metrics.accuracy, 5: pytest.approx(expected)}


def test_top_five_is_left_out_where_it_says_nothing() -> None:
    metrics = evaluate(one_hot([0, 1], 5), labels_of([0, 1]), list("abcde"))
    assert set(metrics.top_k) == {1}


def test_of_equally_probable_classes_the_first_is_predicted() -> None:
    probabilities = np.full((2, 6), 1 / 6)
    metrics = evaluate(probabilities, labels_of([0, 5]), list("abcdef"))
    assert metrics.confusion[:, 0].tolist() == [1, 0, 0, 0, 0, 1]
    assert metrics.top_k == {1: 0.5, 5: 0.5}


def test_a_certain_and_wrong_prediction_costs_what_the_limit_says() -> None:
    # -ln 2.220446e-16 = 52 ln 2 = 36.043653
    metrics = evaluate(one_hot([0], 2), labels_of([1]), ["a", "b"])
    assert metrics.log_loss == pytest.approx(36.043653)


def test_a_certain_and_right_prediction_costs_nothing_to_speak_of() -> None:
    assert evaluate(one_hot([0], 2), labels_of([0]), ["a", "b"]).log_loss < 1e-15


def test_one_class_alone_can_be_scored() -> None:
    metrics = evaluate(one_hot([0, 0, 1], 2), labels_of([0, 0, 0]), ["a", "b"])
    assert metrics.accuracy == 2 / 3
    assert (metrics.per_class[1].precision, metrics.per_class[1].recall) == (0, 0)
    assert (metrics.per_class[1].f1, metrics.per_class[1].support) == (0, 0)
    assert metrics.macro.recall == pytest.approx(1 / 3)
    assert metrics.weighted.recall == pytest.approx(2 / 3)


def test_two_photos_can_be_scored() -> None:
    metrics = evaluate(one_hot([0, 1], 2), labels_of([0, 1]), ["a", "b"])
    assert metrics.accuracy == 1
    assert metrics.interval.low == pytest.approx(0.3424, abs=1e-4)  # z²: 2 / (2 + 3.8415)


def test_probabilities_in_single_precision_are_taken() -> None:
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7]], dtype=np.float32)
    assert evaluate(probabilities.astype(np.float64), labels_of([0, 1]), ["a", "b"]).correct == 2


def test_the_headline_gives_score_counts_and_interval() -> None:
    predicted = [0] * 143 + [1] * 10
    metrics = evaluate(one_hot(predicted, 2), labels_of([0] * 153), ["a", "b"])
    assert str(metrics) == "93.5 % (143/153), 95 % interval 88.4\N{EN DASH}96.4 %"


def test_a_small_result_shows_all_its_classes() -> None:
    metrics = evaluate(one_hot([0, 1, 1], 2), labels_of([0, 0, 1]), ["09.Golden_Gate", "lake"])
    assert repr(metrics).splitlines()[1:] == [
        "score               value  95 % interval",
        f"balanced accuracy  75.0 %  {metrics.intervals['balanced_accuracy']!s:>13}",
        f"macro F1            0.667  {metrics.intervals['macro_f1']!s:>13}",
        f"log loss           12.015  {metrics.intervals['log_loss']!s:>13}",
        f"Brier score         0.667  {metrics.intervals['brier']!s:>13}",
        "class        precision  recall     F1  photos",
        "Golden Gate      1.000   0.500  0.667       2",
        "lake             0.500   1.000  0.667       1",
    ]


def test_a_large_result_shows_its_weakest_classes() -> None:
    labels = list(range(20))
    predicted = [*range(19), 0]
    lines = repr(evaluate(one_hot(predicted, 20), labels_of(labels), [f"c{k}" for k in labels])).splitlines()
    assert lines[3].split()[:3] == ["top-5", "95.0", "%"]
    assert lines[7].startswith("weakest of 20")
    assert len(lines) == 8 + 10
    assert lines[8].startswith("c19")
    assert lines[9].startswith("c0 ")


def test_every_headline_figure_has_its_interval() -> None:
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(7), 50), rng.integers(0, 7, 50).astype(np.int32)
    metrics = evaluate(probabilities, labels, list("abcdefg"))
    assert metrics.intervals["accuracy"] == metrics.interval
    assert metrics.intervals["top_5"] == wilson(round(50 * metrics.top_k[5]), 50)
    kinds = {name: type(each) for name, each in metrics.intervals.items()}
    shares = dict.fromkeys(("accuracy", "top_5", "balanced_accuracy"), Interval)
    assert kinds == {**shares, **dict.fromkeys(("macro_f1", "log_loss", "brier"), ValueInterval)}
    for name, (low, high) in bootstrap_intervals(probabilities, labels).items():
        assert (metrics.intervals[name].low, metrics.intervals[name].high) == (low, high)
    assert metrics.to_dict()["intervals"]["brier"] == metrics.intervals["brier"].to_dict()


def test_all_scores_are_given_in_plain_values() -> None:
    metrics, _ = reference()
    values = metrics.to_dict()
    assert json.loads(json.dumps(values)) == values
    assert values["per_class"][1] == {
        "name": "b",
        "precision": 0.5,
        "recall": pytest.approx(1 / 3),
        "f1": pytest.approx(0.4),
        "support": 3,
    }
    assert values["top_k"] == {"1": 0.625}
    assert values["confusion"] == [[3, 1, 0], [0, 1, 2], [0, 0, 1]]
    assert set(values) == set(Metrics.__dataclass_fields__)


def test_a_result_can_be_looked_at() -> None:
    axes = reference()[0].plot().axes[0]
    assert axes.get_title(loc="left") == "62.5 % right (5/8)"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]


def test_the_confusion_matrix_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        reference()[0].confusion[0, 0] = 9


def test_shapes_that_do_not_fit_are_refused() -> None:
    for labels, classes in (([0], ["a", "b"]), ([0, 1], ["a", "b", "c"])):
        with pytest.raises(OptionError, match=r"probabilities of shape \(2, 2\) for"):
            evaluate(one_hot([0, 1], 2), labels_of(labels), classes)


def test_no_photos_are_refused() -> None:
    with pytest.raises(DataError, match="no photos to score"):
        evaluate(np.zeros((0, 2)), labels_of([]), ["a", "b"])


def test_photos_without_a_label_are_refused() -> None:
    with pytest.raises(DataError, match="1 of 2 photos have no label") as caught:
        evaluate(one_hot([0, 1], 2), labels_of([0, -1]), ["a", "b"])
    assert "labelled photos only" in caught.value.fix


def test_a_label_without_a_class_is_refused() -> None:
    with pytest.raises(OptionError, match="label 2 does not exist; there are 2 classes"):
        evaluate(one_hot([0], 2), labels_of([2]), ["a", "b"])


@pytest.mark.parametrize("row", [[3.2, -2.2], [0.2, 0.2], [float("nan"), 1.0], [4.0, 9.0]])
def test_numbers_that_are_no_probabilities_are_refused(row: list[float]) -> None:
    with pytest.raises(OptionError, match="from 0 to 1 with a sum of 1") as caught:
        evaluate(np.array([row]), labels_of([0]), ["a", "b"])
    assert "not logits" in caught.value.fix


def test_importing_the_metrics_imports_nothing_heavy() -> None:
    heavy = ("sklearn", "scipy", "matplotlib", "tensorflow", "keras")
    code = f"import sys, kclass.evaluation.metrics; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_macro_means_leave_out_classes_that_no_photo_is_of_or_was_taken_for() -> None:
    # Two photos, both of the first class and both right: nothing is known of the second.
    metrics = evaluate(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 0], np.int32), ["a", "b"])
    assert metrics.macro.f1 == 1
    # One of them taken for the second: F1 is 2/3 for the first and 0 for the second.
    metrics = evaluate(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0], np.int32), ["a", "b"])
    assert metrics.macro.f1 == pytest.approx(1 / 3)
