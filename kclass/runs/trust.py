"""How far a finished network is to be believed: its temperature, and what is novel to it.

Both rest on training photos that what they judge has not learned from.
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import LOGITS
from kclass.classifier.classifier import Classifier
from kclass.evaluation.calibration import fit_temperature
from kclass.evaluation.novelty import Novelty, doubted, threshold_of
from kclass.evaluation.spread import Spread, fit_spread, out_of_fold_distances
from kclass.parallel import one_thread
from kclass.training.linear_head import LinearHead
from kclass.training.shown import Lesson
from kclass.training.softmax_regression import log_softmax

BY_PENALTY: Final = "no photos: the penalty was chosen by the log loss of training photos held out by folds"
BY_FOLDS: Final = "training photos, each by the folds that had not seen it"
BY_HELD_OUT: Final = "training photos held out, which chose the epoch too"

Floats = NDArray[np.float64]


def trusted_by_folds(
    classifier: Classifier, head: LinearHead, features: NDArray[np.float32], labels: NDArray[np.int32]
) -> Classifier:
    """The classifier of a solved head with what is novel to it. Its temperature is 1.

    The penalty was chosen by the log loss of photos that the head had not seen, and a temperature fitted
    on the same photos made nothing better (docs/decisions.md).

    Args:
        classifier: with the head.
        head: with its judgement of photos that folds held out.
        features: float32 (training photos, features).
        labels: int32 (training photos,).
    """
    classes, judged = len(classifier.classes), ~np.isnan(head.out_of_fold).any(axis=1)
    with one_thread():
        distances = out_of_fold_distances(features, labels, head.fold_of, classes=classes)
        spread = fit_spread(features, labels, classes=classes)
    scores = doubted(distances, np.exp(head.out_of_fold))
    told = {"temperature": 1.0, "photos": int(judged.sum()), "fitted_on": BY_PENALTY}
    return _with_novelty(_recorded(classifier, calibration=told), spread, scores, BY_FOLDS)


def trusted_by_held_out(
    classifier: Classifier, lesson: Lesson, seen: NDArray[np.int64], features: NDArray[np.float32]
) -> Classifier:
    """The classifier that epochs made, with its temperature and what is novel to it.

    Args:
        classifier: with the weights of its best epoch.
        lesson: which photos were learned from, and which held out.
        seen: int64 (readable photos,): places among the photos of the lesson.
        features: float32 (readable photos, features): what the finished network makes of them.
    """
    held_out, learned = np.isin(seen, lesson.held_out), np.isin(seen, lesson.train)
    places = {place: order for order, place in enumerate(lesson.held_out.tolist())}
    order = [places[place] for place in seen[held_out].tolist()]
    labels, weights = lesson.held_out_labels[order], lesson.held_out_weights[order]
    kernel, bias = classifier.archive.weights_of(LOGITS)
    logits = features[held_out].astype(np.float64) @ kernel + bias
    temperature = fit_temperature(logits, labels, weights)
    told = {"temperature": temperature, "photos": len(labels), "fitted_on": BY_HELD_OUT}
    archive = classifier.archive.with_temperature(temperature)
    found = replace(_recorded(classifier, calibration=told), archive=archive)
    if not learned.any():
        return found
    with one_thread():
        spread = fit_spread(features[learned], lesson.labels[seen[learned]], classes=lesson.classes)
        distances = spread.distances(features[held_out])
    scores = doubted(distances, np.exp(log_softmax(logits / temperature)))
    return _with_novelty(found, spread, scores, BY_HELD_OUT)


def _with_novelty(classifier: Classifier, spread: Spread, scores: Floats, judged: str) -> Classifier:
    """The classifier with a novelty score, if there are photos enough to set its threshold."""
    found = threshold_of(scores)
    if found is None:
        return classifier
    threshold, false_alarms = found
    told = {
        "false_alarms": false_alarms,
        "threshold": threshold,
        "photos": int(np.count_nonzero(~np.isnan(scores))),
        "set_on": judged,
    }
    return replace(_recorded(classifier, novelty=told), novelty=Novelty(spread, threshold))


def _recorded(classifier: Classifier, **told: Any) -> Classifier:
    return replace(classifier, record=replace(classifier.record, **told))
