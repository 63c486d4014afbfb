"""Each figure of an evaluation shows the numbers of its photos, whatever the order of their classes."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from kclass.classifier.evaluation import Evaluation
from kclass.dataset.samples import Samples
from kclass.errors import OptionError
from kclass.evaluation.metrics import evaluate

CLASSES = ("ash", "birch")
PROBABILITIES = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
LABELS = np.array([0, 0, 1, 1], dtype=np.int32)


def evaluation(labels: np.ndarray = LABELS) -> Evaluation:
    """Photos of a table that has its classes in another order than the model."""
    samples = Samples(("a", "b", "c", "d"), 1 - labels, ("birch", "ash"), Path("photos"))
    return Evaluation(evaluate(PROBABILITIES, labels, CLASSES), samples, PROBABILITIES, ())


def shown(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_labels_are_columns_of_the_probabilities() -> None:
    assert evaluation().labels.tolist() == LABELS.tolist()


def test_the_confusion_matrix_has_counts_or_shares() -> None:
    assert shown(evaluation().plot()) == ["1", "1", "0", "2"]
    assert shown(evaluation().plot_normalised()) == ["50", "50", "0", "100"]


def test_classes_have_their_recall_and_its_wilson_interval() -> None:
    axes = evaluation().plot_classes().axes[0]
    assert [bar.get_width() for bar in axes.patches] == [50, 100]
    (bars,) = axes.collections
    ends = [segment[:, 0].tolist() for segment in bars.get_segments()]  # type: ignore[attr-defined]
    # Wilson, 1 of 2 and 2 of 2: z² = 3.8415; (.5 ± ...) / (1 + z²/2): 9.45 to 90.55 and 34.24 to 100.
    assert np.allclose(ends, [[9.453, 90.547], [34.238, 100]], atol=1e-3)


def test_reliability_tells_how_sure_is_how_right() -> None:
    title = evaluation().plot_reliability().axes[0].get_title(loc="left")
    # Confidences .6 (wrong), .7, .8, .9 (right): in bins (.6), (.7), (.8), (.9) the gaps are .6, .3, .2, .1.
    assert title.startswith("expected calibration error 30.0 %\nbins of equally many photos")


def test_curves_have_the_area_of_each_class() -> None:
    # One of two ashes is above both birches, the other (.4) too: .4 > .2, .3. So both areas are 1.
    for figure in (evaluation().plot_roc(), evaluation().plot_precision_recall()):
        assert [text.get_text() for text in figure.legends[0].get_texts()] == ["ash  1.000", "birch  1.000"]


def test_photos_of_one_class_have_no_curves() -> None:
    alone = evaluation(np.ones(4, dtype=np.int32))
    for draw in (alone.plot_roc, alone.plot_precision_recall):
        with pytest.raises(OptionError, match="there is no curve to draw"):
            draw()
