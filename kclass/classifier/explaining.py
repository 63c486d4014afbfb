"""Photos explained by a classifier's network, one or many."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.classifier.explained import Explained
from kclass.errors import PhotoError
from kclass.explanation.gradcam import grad_cam
from kclass.explanation.gradients import GradientNetwork
from kclass.explanation.maps import Explanation
from kclass.explanation.pooled import PooledNetwork, pooled_layer
from kclass.parallel import in_parallel, usable_cores
from kclass.photos.decoding import read_bytes
from kclass.photos.loading import load_with_aspect
from kclass.photos.resizing import Resize
from kclass.progress import Progress

AT_ONCE = 16

Explain = Callable[..., Explanation]
"""Explains photos, uint8 (n, size, size, 3), for the classes `targets`, or those predicted."""


class Explainer:
    """Explains photos by Grad-CAM; what a layer needs is made ready once and kept.

    Args:
        archive: the network with its head.
        keras_model: gives the same as Keras has it, which takes seconds; not asked for in vain.
        resize: how photos are brought to the network's size.
        classes: of the model.
    """

    def __init__(
        self, archive: Archive, keras_model: Callable[[], Any], *, resize: Resize, classes: Sequence[str]
    ) -> None:
        self._archive, self._keras_model = archive, keras_model
        self._resize: Resize = resize
        self._classes = classes
        self._ready: dict[str | None, Explain] = {}

    def one(self, path: Path, target: int | None, layer: str | None) -> Explained:
        """Explain one photo; see `Classifier.explain`."""
        (found,) = _explained(self._explain(layer), [self._shot(path)], [target], classes=self._classes)
        return found

    def many(
        self, paths: Sequence[Path], targets: Sequence[int | None], layer: str | None, progress: Progress
    ) -> Iterator[Explained | PhotoError]:
        """Explain photos in order, `AT_ONCE` of them in memory; see `Classifier.explain_all`."""
        progress("explaining", 0, len(paths))
        for start in range(0, len(paths), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            shots = self._shots(paths[part])
            readable = [
                (shot, target)
                for shot, target in zip(shots, targets[part], strict=True)
                if isinstance(shot, _Shot)
            ]
            found = iter(self._all_explained(readable, layer))
            for done, shot in enumerate(shots, start=start + 1):
                yield next(found) if isinstance(shot, _Shot) else shot
                progress("explaining", done, len(paths))

    def _all_explained(
        self, readable: Sequence[tuple["_Shot", int | None]], layer: str | None
    ) -> Iterator[Explained]:
        if readable:
            shots, targets = zip(*readable, strict=True)
            yield from _explained(self._explain(layer), shots, targets, classes=self._classes)

    def _shot(self, path: Path) -> "_Shot":
        return _read_shot(path, size=self._archive.size, resize=self._resize)

    def _shots(self, paths: Sequence[Path]) -> "list[_Shot | PhotoError]":
        def shot(path: Path) -> _Shot | PhotoError:
            try:
                return self._shot(path)
            except PhotoError as error:
                return error

        with in_parallel(shot, paths, threads=usable_cores()) as shots:
            return [*shots]

    def _explain(self, layer: str | None) -> Explain:
        """What explains a layer; without TensorFlow if that is possible."""
        if layer not in self._ready:
            pooled = pooled_layer(self._archive)
            if pooled is not None and layer in (None, pooled):
                self._ready[layer] = PooledNetwork(self._archive, pooled).grad_cam
            else:
                network = GradientNetwork(self._keras_model(), layer=layer)
                self._ready[layer] = functools.partial(grad_cam, network)
        return self._ready[layer]


@dataclass(frozen=True, eq=False)
class _Shot:
    """A photo that is to be explained.

    Args:
        path: its file.
        pixels: uint8 (size, size, 3), RGB, as the network sees it.
        aspect: width over height as a person sees it; 1 unless it was squashed.
    """

    path: Path
    pixels: NDArray[np.uint8] = field(repr=False)
    aspect: float


def _read_shot(path: Path, *, size: int, resize: Resize) -> _Shot:
    """A photo as the network is to see it.

    Raises:
        PhotoError: it cannot be read.
    """
    pixels, aspect = load_with_aspect(read_bytes(path), name=str(path), size=size, how=resize)
    return _Shot(path, pixels, aspect if resize == "squash" else 1.0)


def _explained(
    explain: Explain, shots: Sequence[_Shot], targets: Sequence[int | None], *, classes: Sequence[str]
) -> Iterator[Explained]:
    """Explain photos, at least one, by Grad-CAM.

    Args:
        explain: makes the maps.
        shots: the photos.
        targets: the class to explain for each, as its place in `classes`; None for the most probable
            one, which is told by a pass of its own.
        classes: of the model.
    """
    photos = np.stack([shot.pixels for shot in shots])
    wanted = np.array([-1 if target is None else target for target in targets], np.int64)
    if (wanted < 0).all():
        found = explain(photos)
    else:
        missing = wanted < 0
        if missing.any():
            wanted[missing] = explain(photos[missing]).targets
        found = explain(photos, targets=wanted)
    for place, (shot, index) in enumerate(zip(shots, found.targets.tolist(), strict=True)):
        yield Explained(
            path=shot.path,
            label=classes[index],
            index=index,
            probability=float(found.probabilities[place, index]),
            heat=found.maps[place],
            photo=shot.pixels,
            aspect=shot.aspect,
            layer=found.layer,
            method=found.method,
        )
