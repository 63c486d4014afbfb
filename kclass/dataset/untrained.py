"""Classes that nobody could learn, since training lacks them."""

import numpy as np

from kclass.dataset.names import SPLITS, TEST, TRAIN, UNLABELLED, VALID, listing
from kclass.dataset.samples import Samples
from kclass.errors import DataError


def refuse_untrained(source: str, samples: Samples) -> None:
    """Check that training has every class that validation and test have.

    Photos of which none is for training are taken as they are: they may be there to be tested on.

    Args:
        source: what errors call the photos.
        samples: the photos, split.

    Raises:
        DataError: a class is in validation or test and not in training.
    """
    labelled = samples.labels != UNLABELLED
    trained = np.unique(samples.labels[labelled & (samples.splits == TRAIN)])
    if not trained.size:
        return
    for code in (VALID, TEST):
        there, numbers = np.unique(samples.labels[labelled & (samples.splits == code)], return_counts=True)
        lacking = [
            f"{samples.classes[label]} ({number})"
            for label, number in zip(there.tolist(), numbers.tolist(), strict=True)
            if label not in trained
        ]
        if lacking:
            raise DataError(
                f"{source}: {SPLITS[code]} has photos of classes that train lacks: {listing(lacking)}",
                fix=f"Give some of them to train, or take them out of {SPLITS[code]}.",
            )
