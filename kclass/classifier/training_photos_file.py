"""The file of the training photos' codes, which lies beside the model file and is not part of it."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from kclass.backbones.archive import DAMAGE
from kclass.classifier.training_photos import TrainingPhotos
from kclass.errors import ModelError
from kclass.files import is_there, whole_file

TRAINING_PHOTOS: Final = "training_photos.npz"
"""Not in the model file: whoever gives a model away does not give the names of photos away."""

FORMAT: Final = 1


def write_training_photos(path: Path, photos: TrainingPhotos) -> None:
    """Write the codes and paths of training photos, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    story = {
        "format": FORMAT,
        "root": str(photos.root),
        "network": photos.network,
        "classes": photos.classes,
        "paths": photos.paths,
    }
    with whole_file(path) as part, part.open("wb") as file:
        np.savez(
            file,
            story=np.frombuffer(json.dumps(story).encode(), np.uint8),
            codes=photos.codes.astype(np.float16),
            basis=photos.basis.astype(np.float16),
            labels=photos.labels,
        )


def photos_beside(model: Path, *, network: str) -> TrainingPhotos | None:
    """The training photos that lie beside a model file; None if there are none, or another model's.

    Args:
        model: the model file.
        network: fingerprint of its network.

    Raises:
        ModelError: the file is there but cannot be used.
    """
    path = model.parent / TRAINING_PHOTOS
    if not is_there(path):
        return None
    photos = read_training_photos(path)
    return photos if photos.network == network else None


def read_training_photos(path: Path) -> TrainingPhotos:
    """Read the codes and paths of training photos. Nothing of the file is run.

    Raises:
        ModelError: it cannot be read, is damaged, or is of another version.
    """
    try:
        # Given a path, NumPy leaves the file of a damaged archive open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            story = json.loads(found["story"].tobytes())
            if story["format"] != FORMAT:
                raise ValueError(f"its format is {story['format']}, and not {FORMAT}")
            return _checked(story, found["codes"], found["basis"], found["labels"])
    except (OSError, MemoryError, *DAMAGE) as error:
        raise ModelError(
            f"{path} cannot be used: {' '.join(str(error).split()) or type(error).__name__}",
            fix="Delete it: the model predicts without it, but then shows no training photos.",
        ) from error


def _checked(story: dict[str, Any], codes: Any, basis: Any, labels: Any) -> TrainingPhotos:
    """The training photos, if the parts of the file fit together."""
    classes, paths = (tuple(story[name]) for name in ("classes", "paths"))
    texts = (story["root"], story["network"], *classes, *paths)
    if not all(isinstance(each, str) for each in texts):
        raise ValueError("a name in it is no text")
    if not paths or codes.shape != (len(paths), *basis.shape[1:]) or basis.ndim != 2:
        raise ValueError(f"{len(paths)} photos, codes {codes.shape} and directions {basis.shape}")
    if not all(array.dtype == np.float16 and np.isfinite(array).all() for array in (codes, basis)):
        raise ValueError("its codes are not all numbers")
    if labels.dtype != np.int32 or labels.shape != (len(paths),):
        raise ValueError(f"{len(paths)} photos and labels {labels.shape}")
    if labels.min() < 0 or labels.max() >= len(classes):
        raise ValueError(f"a label that is none of {len(classes)} classes")
    codes, basis = codes.astype(np.float32), basis.astype(np.float32)
    return TrainingPhotos(codes, basis, labels, classes, paths, Path(story["root"]), story["network"])
