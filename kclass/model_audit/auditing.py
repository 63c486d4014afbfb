"""The audit of a model: whether it looks at the subject."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from kclass.classifier.arguments import check_seed, labels_among, one_path
from kclass.classifier.classifier import Classifier
from kclass.classifier.explaining import Explainer
from kclass.classifier.model_file import model_path, read_model
from kclass.classifier.subject_masks import find_masks
from kclass.dataset.dataset import Dataset
from kclass.dataset.samples import Samples
from kclass.errors import PhotoError
from kclass.explanation.methods import GRAD_CAM
from kclass.explanation.network import Explainable
from kclass.inspection.inspecting import inspect
from kclass.inspection.inspection import Inspection
from kclass.model_audit.audited import AuditedClass, ModelAudit
from kclass.model_audit.class_measuring import LEAST, ClassMeter
from kclass.model_audit.learned_from import learned_from
from kclass.progress import Progress, silent
from kclass.runs.fitting import opened
from kclass.runs.folds import ALL, TAKEN, taken_rows
from kclass.runs.run_folder import latest_model
from kclass.runs.values import one_of

MOST: Final = 24
MOST_TOGETHER: Final = 600
"""Photos of one class that are looked at, and of all classes, unless that would be fewer than `LEAST`."""

STAGE: Final = "auditing"


def audit_model(
    data: str | Path | Dataset,
    *,
    model: str | Path | None = None,
    split: str = ALL,
    masks: str | Path | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> ModelAudit:
    """Tell whether a model looks at the subject or takes a shortcut, class by class.

    A shortcut is something that gives the class away in the photos that the model learned from, and that
    it goes by, as is seen when just that is exchanged. Up to 24 photos of each class are looked at.

    Args:
        data: labelled photos, as in `evaluate`; of classes of the model.
        model: a model file or the folder of a run, which tells what it learned from; default the latest.
        split: "all" for every labelled photo, whatever its split; or "train", "valid" or "test".
        masks: a folder of PNG files named as the photos, white on the subject, to measure what is around it.
        seed: of the lots by which photos are drawn, from 0 to 2³² - 1.
        progress: is told how far each stage is.

    Raises:
        ModelError: there is no such model, or it cannot be used.
        DataError: there is no labelled photo, a class is not the model's, no mask fits, or the run's record
            of its photos is damaged.
        PhotoError: a mask cannot be read.
        OptionError: an option cannot be used.
    """
    one_of("split", split, TAKEN)
    check_seed(seed)
    place, classifier = _opened_model(model)
    source = opened(data)
    samples = source.samples.select(taken_rows(source, split))
    labels = labels_among(samples, classifier.classes)
    looked = inspect(samples.files, progress=progress)
    shapes = _shapes(samples, looked)
    found = {} if masks is None else find_masks([*shapes], one_path(masks, name="masks"))
    meter = ClassMeter(
        network=_explained(classifier),
        classes=classifier.classes,
        files=[*shapes],
        labels=labels[[isinstance(each, Inspection) for each in looked]],
        learned=learned_from(place, classifier, samples, labels, seed=seed, progress=progress),
        masks=found,
        shapes=shapes,
        size=classifier.size,
        resize=classifier.record.resize,
        number=max(LEAST, min(MOST, MOST_TOGETHER // len(np.unique(labels)))),
        seed=seed,
    )
    return ModelAudit(
        model=place,
        data=source.name,
        classes=_audited(meter, np.unique(labels).tolist(), progress),
        remark=meter.learned.remark,
        layer=meter.network.layer,
        unreadable=tuple(each for each in looked if isinstance(each, PhotoError)),
        unmasked=() if masks is None else tuple(path for path in shapes if path not in found),
    )


def _shapes(samples: Samples, looked: Sequence[Inspection | PhotoError]) -> dict[Path, tuple[int, int]]:
    """Height and width of the photos that can be read, upright, by file."""
    return {
        samples.path(row): (each.height, each.width)
        for row, each in enumerate(looked)
        if isinstance(each, Inspection)
    }


def _opened_model(model: str | Path | None) -> tuple[Path, Classifier]:
    """A model's file, and what it holds; without its training photos, be their file damaged."""
    place = latest_model() if model is None else model_path(one_path(model, name="model"))
    archive, record, network, novelty = read_model(place)
    return place, Classifier(archive, record, network, novelty=novelty)


def _explained(classifier: Classifier) -> Explainable:
    """The network made ready for maps of its last layer with places."""
    explainer = Explainer(
        classifier.archive,
        lambda: classifier.keras_model,
        resize=classifier.record.resize,
        classes=classifier.classes,
    )
    return explainer.network(None, GRAD_CAM)


def _audited(meter: ClassMeter, targets: Sequence[int], progress: Progress) -> tuple[AuditedClass, ...]:
    found = []
    progress(STAGE, 0, len(targets))
    for done, target in enumerate(targets, start=1):
        found.append(AuditedClass.of(meter.measure(target), classes=len(targets)))
        progress(STAGE, done, len(targets))
    return tuple(found)
