"""The trained thing: predicts, evaluates, explains, and lives in one file.

What one photo does not need is imported where it is used: a command that predicts one takes half a second.
"""

import contextlib
import functools
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import LOGITS, Archive
from kclass.classifier.arguments import (
    check_count,
    check_samples,
    check_threshold,
    check_top,
    labels_among,
    many_paths,
    one_path,
)
from kclass.classifier.explainable import ExplainableClassifier
from kclass.classifier.model_file import Record, model_path, read_model, write_model
from kclass.classifier.prediction import DEFAULT_TOP, Prediction, ranked
from kclass.classifier.training_photos import (
    DEFAULT_NEIGHBOURS,
    Neighbour,
    TrainingPhotos,
    embedded,
)
from kclass.classifier.training_photos_file import TRAINING_PHOTOS, photos_beside
from kclass.engines.engine import Engine, check_device
from kclass.engines.network import Network
from kclass.errors import DataError, ModelError, OptionError, PhotoError
from kclass.evaluation.novelty import Novelty
from kclass.features.extractor import Extractor
from kclass.photos.decoding import read_bytes
from kclass.progress import Progress, silent, track

if TYPE_CHECKING:
    from kclass.classifier.evaluation import Evaluation
    from kclass.classifier.predictions import Predictions
    from kclass.dataset.samples import Samples


@dataclass(frozen=True)
class Classifier(ExplainableClassifier):
    """A network, its classes, and how photos are prepared for it.

    Args:
        archive: the network with its head: raw RGB to `probabilities`.
        record: classes, decoding, precision, and where it all came from.
        network: the archive's network up to its features, converted for the CPU's engine.
        device: where many photos are run: "auto", "cpu" or "gpu"; a single one is run on the CPU.
        run: the folder of the run that made it, if that was in this process.
        training_photos: those that it was trained on, as codes; None if they are not at hand.
        novelty: what tells photos that are unlike those; None if it cannot.
    """

    archive: Archive
    record: Record
    network: Network
    device: str = "auto"
    run: Path | None = None
    training_photos: TrainingPhotos | None = field(default=None, repr=False, compare=False)
    novelty: Novelty | None = field(default=None, repr=False, compare=False)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in the order of the logits, as their folders are named."""
        return self.record.classes

    @property
    def size(self) -> int:
        """The side of the photos as the network sees them, in pixels."""
        return self.archive.size

    @functools.cached_property
    def keras_model(self) -> Any:
        """The Keras model: raw RGB (n, size, size, 3), 0 to 255, to probabilities (n, classes)."""
        from kclass.backbones.keras_archive import keras_model

        return keras_model(self.archive)

    def __repr__(self) -> str:
        return (
            f"Classifier({self.record.backbone}, {self.size} px, {len(self.classes)} classes: "
            f"{', '.join(self.classes[:5])}{' …' if len(self.classes) > 5 else ''})"
        )

    def predict(self, photo: str | Path, *, top: int = DEFAULT_TOP, threshold: float = 0.0) -> Prediction:
        """The most probable classes of one photo, computed in f32.

        Args:
            photo: its file.
            top: how many classes to name, at most.
            threshold: 0 to 1; the answer is "unsure" if the most probable class is less probable, or
                if the photo is unlike anything in training. With 0 there always is an answer.

        Raises:
            PhotoError: the photo cannot be read.
            OptionError: `top` is below 1, `threshold` not from 0 to 1, or `photo` is no path.
        """
        check_top(top)
        check_threshold(threshold)
        path = one_path(photo)
        return self._predictions([path], self._features(path)[None], top, threshold)[0]

    def nearest(self, photo: str | Path, *, number: int = DEFAULT_NEIGHBOURS) -> tuple[Neighbour, ...]:
        """The training photos that look most like a photo to the network, most alike first.

        Args:
            photo: its file.
            number: how many at most.

        Raises:
            PhotoError: the photo cannot be read.
            ModelError: the training photos are not at hand: the model file was given away without them.
            OptionError: `number` is below 1, or `photo` is no path.
        """
        check_count("number", number)
        path = one_path(photo)
        if self.training_photos is None:
            raise ModelError(
                f"the model does not know its training photos: {TRAINING_PHOTOS} is not beside it",
                fix="Load the folder of the run that made it.",
            )
        return self.training_photos.nearest(self._features(path), number=number)

    def predict_all(
        self,
        photos: Iterable[str | Path],
        *,
        top: int = DEFAULT_TOP,
        threshold: float = 0.0,
        progress: Progress = silent,
    ) -> "Predictions":
        """The most probable classes of many photos, computed in the model's precision.

        Unreadable photos are left out and named.

        Args:
            photos: their files.
            top: how many classes to name, at most.
            threshold: as in `predict`.
            progress: is told how many photos have been dealt with.

        Raises:
            OptionError: `top` is below 1, `threshold` not from 0 to 1, or `photos` is no list of paths.
        """
        from kclass.classifier.predictions import Predictions

        found: list[Prediction] = []
        unreadable: list[PhotoError] = []
        stream = self.predict_stream(photos, top=top, threshold=threshold, progress=progress)
        with contextlib.closing(stream) as outcomes:
            for outcome in outcomes:
                if isinstance(outcome, PhotoError):
                    unreadable.append(outcome)
                else:
                    found.append(outcome)
        return Predictions(tuple(found), tuple(unreadable), self.classes)

    def predict_stream(
        self,
        photos: Iterable[str | Path],
        *,
        top: int = DEFAULT_TOP,
        threshold: float = 0.0,
        progress: Progress = silent,
    ) -> Generator[Prediction | PhotoError, None, None]:
        """What `predict_all` finds, photo by photo in order: for more of them than memory should hold.

        Whoever leaves before the end closes it (`contextlib.closing`), which waits for the photos that
        have been begun. `PredictionWriter` writes a table of what comes.

        Args:
            photos: their files.
            top: how many classes to name, at most.
            threshold: as in `predict`.
            progress: is told how many photos have been dealt with.

        Yields:
            The prediction of each photo, or what is wrong with one that cannot be read.

        Raises:
            OptionError: `top` is below 1, `threshold` not from 0 to 1, or `photos` is no list of paths.
        """
        check_top(top)
        check_threshold(threshold)
        if not isinstance(photos, Sequence) or not all(isinstance(photo, Path) for photo in photos):
            photos = many_paths(photos)
        return self._stream([str(photo) for photo in photos], top, threshold, progress)

    def evaluate(self, samples: "Samples", *, progress: Progress = silent) -> "Evaluation":
        """Compare predictions with labels.

        Args:
            samples: labelled photos whose classes are the model's.
            progress: is told how many photos have been embedded.

        Raises:
            DataError: a photo is unlabelled, a class is not the model's, or no photo is readable.
            OptionError: `samples` is a whole data set or no photos of one.
        """
        from kclass.classifier.evaluation import Evaluation
        from kclass.evaluation.metrics import evaluate
        from kclass.features.embedding import embed

        check_samples(samples)
        labels = labels_among(samples, self.classes)
        paths = [samples.path(row) for row in range(len(samples))]
        embedding = embed(paths, extractor=self.remembering_extractor, progress=progress)
        if not len(embedding.readable):
            raise DataError("none of the photos to evaluate can be read", fix=_first(embedding.unreadable))
        probabilities = self._probabilities(embedding.features)
        metrics = evaluate(probabilities, labels[embedding.readable], self.classes)
        readable = samples.select(embedding.readable)
        novelty = self._novelty(embedding.features, probabilities)
        return Evaluation(metrics, readable, probabilities, embedding.unreadable, novelty)

    def features_of(
        self, photos: Sequence[str | Path], *, progress: Progress = silent
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """What the network makes of the photos that can be read, before its logits, in bulk precision.

        Returns:
            int64 (readable photos,), their places among those given; float32 (readable photos, features).
        """
        return embedded(many_paths(photos), extractor=self._extractor, progress=progress)

    def save(self, path: str | Path) -> Path:
        """Write the model file, whole or not at all; plain Keras opens it too.

        Raises:
            OutputError: it cannot be written.
            OptionError: the name does not end in `.keras`.
        """
        path = Path(path)
        if path.suffix != ".keras":
            raise OptionError(f"{path} does not end in .keras, so Keras would not open it")
        write_model(path, self.archive, self.record, self.network, self.novelty)
        return path

    def _features(self, path: Path) -> NDArray[np.float32]:
        """What the network makes of one photo: float32 (features,), computed in f32.

        The first photo is decoded while the engine opens, which takes longer.
        """
        with ThreadPoolExecutor(1) as aside:
            opening = aside.submit(lambda: self._single_photo_engine)
            pixels = self._extractor.decode(read_bytes(path), name=str(path))
            features: NDArray[np.float32] = opening.result().run(pixels[None])[0]
        return features

    def _predictions(
        self, paths: Sequence[Path], features: NDArray[np.float32], top: int, threshold: float
    ) -> list[Prediction]:
        """The predictions of photos with these features, float32 (photos, features)."""
        probabilities = self._probabilities(features)
        novelty = self._novelty(features, probabilities)
        known = self.training_photos
        scores = [None] * len(paths) if novelty is None else novelty.tolist()
        nearest = [()] * len(paths) if known is None else known.nearest_of(features)
        return [
            ranked(path, row, self.classes, top=top, novelty=score, threshold=threshold, nearest=like)
            for path, row, score, like in zip(paths, probabilities, scores, nearest, strict=True)
        ]

    def _stream(
        self, names: Sequence[str], top: int, threshold: float, progress: Progress
    ) -> Generator[Prediction | PhotoError, None, None]:
        from kclass.classifier.predicting import predicted
        from kclass.features.passing import passed

        def predict(those: Sequence[Path], features: NDArray[np.float32]) -> list[Prediction]:
            return self._predictions(those, features, top, threshold)

        with contextlib.closing(passed(names, extractor=self._extractor)) as outcomes:
            yield from track(predicted(outcomes, predict), "predicting", len(names), progress)

    @functools.cached_property
    def _extractor(self) -> Extractor:
        # A model that was made in bf16 on a CPU is evaluated on one, wherever it goes.
        device = check_device(self.device) if self.record.precision == "f32" else "cpu"
        return Extractor(self.archive, self.record.resize, device, self.record.precision, self.network)

    @functools.cached_property
    def remembering_extractor(self) -> Extractor:
        """Makes features that the cache keeps for all models of this network.

        What a file brings along as its converted network counts if it is what is known here; otherwise its
        network is converted anew.
        """
        from kclass.engines.kept import KeptNetwork, is_converted

        if isinstance(self.network, KeptNetwork) and not is_converted(self.network, self.archive):
            return replace(self._extractor, network=None)
        return self._extractor

    @functools.cached_property
    def _single_photo_engine(self) -> Engine:
        from kclass.engines.openvino import OpenVinoEngine

        return OpenVinoEngine(self.network, precision="f32", streams=1)

    @functools.cached_property
    def _head(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        kernel, bias = self.archive.weights_of(LOGITS)
        return kernel.astype(np.float64), bias.astype(np.float64)

    def _probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Features (n, features) to probabilities (n, classes): the head, in float64."""
        kernel, bias = self._head
        logits = features @ kernel + bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return probabilities

    def _novelty(
        self, features: NDArray[np.float32], probabilities: NDArray[np.float64]
    ) -> NDArray[np.float64] | None:
        """How unlike the training photos each photo is, float64 (n,); None if that cannot be told."""
        return None if self.novelty is None else self.novelty.scores(features, probabilities)


def load(path: str | Path) -> Classifier:
    """The classifier in a model file, with its training photos if they lie beside it. Nothing is run.

    Args:
        path: the file, or the folder of a run, which holds one.

    Raises:
        ModelError: the file is not there, is not a model of kclass, is damaged, or is newer than
            this kclass; or the training photos beside it are damaged.
        OptionError: `path` is no path.
    """
    model = model_path(one_path(path, name="path"))
    archive, record, network, novelty = read_model(model)
    beside = photos_beside(model, network=record.fingerprint)
    return Classifier(archive, record, network, training_photos=beside, novelty=novelty)


def _first(errors: Sequence[PhotoError]) -> str:
    return f"The first: {errors[0].message}" if errors else ""
