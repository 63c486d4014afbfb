"""Photos explained by a classifier's network, one or many."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.classifier.arguments import check_layer
from kclass.classifier.explained import Explained
from kclass.classifier.explained_top import ExplainedTop
from kclass.engines.kept import converted
from kclass.engines.network import Network
from kclass.errors import PhotoError
from kclass.explanation.explaining import explain_photos
from kclass.explanation.flips import check_flips
from kclass.explanation.gradients import GradientNetwork
from kclass.explanation.layers import archive_graph, explained_layer
from kclass.explanation.methods import Method, method_named
from kclass.explanation.network import Explainable
from kclass.explanation.pooled import PooledNetwork, pooled_layer
from kclass.parallel import in_parallel, usable_cores
from kclass.photos.decoding import read_bytes
from kclass.photos.loading import load_with_aspect
from kclass.photos.resizing import Resize
from kclass.progress import Progress

AT_ONCE = 16

Found = TypeVar("Found")


class Convert(Protocol):
    """Gives a network up to a layer as the CPU's engine takes it, as `convert` of `kclass.engines` does."""

    def __call__(self, archive: Archive, *, output: str) -> Network:
        """The network up to the layer of that name."""


@dataclass(frozen=True)
class How:
    """What is to be done with photos that are to be explained.

    Args:
        method: how maps are made.
        layer: the layer to explain; None for the last one with a spatial output.
        flips: whether each map is the mean with the mirrored photo's map turned back.
    """

    method: Method
    layer: str | None
    flips: bool

    @classmethod
    def checked(cls, *, method: Any, layer: Any, flips: Any) -> "How":
        """As callers ask for it.

        Raises:
            OptionError: there is no such method, it explains no layer though one is named, `layer` is no
                text, or `flips` is neither True nor False.
        """
        check_layer(layer)
        check_flips(flips)
        return cls(method_named(method, layer=layer), layer, flips)


class Explainer:
    """Explains photos; what a layer needs is made ready once and kept.

    Args:
        archive: the network with its head.
        keras_model: gives the same as Keras has it, which takes seconds; not asked for in vain.
        resize: how photos are brought to the network's size.
        classes: of the model.
        convert: converts the network up to a layer; one that nobody else will want need not be kept.
    """

    def __init__(
        self,
        archive: Archive,
        keras_model: Callable[[], Any],
        *,
        resize: Resize,
        classes: Sequence[str],
        convert: Convert = converted,
    ) -> None:
        self._archive, self._keras_model, self._convert = archive, keras_model, convert
        self._resize: Resize = resize
        self._classes = classes
        self._ready: dict[tuple[str | None, bool], Explainable] = {}

    def network(self, layer: str | None, method: Method) -> Explainable:
        """What a method needs to explain a layer; without TensorFlow if that is possible."""
        wanted = (layer, method.pixels)
        if wanted not in self._ready:
            if layer is not None:  # without Keras, so that a slip of the pen is told at once
                explained_layer(archive_graph(self._archive), wanted=layer)
            pooled = pooled_layer(self._archive)
            if pooled is not None and layer in (None, pooled) and not method.pixels:
                self._ready[wanted] = PooledNetwork(
                    self._archive, pooled, self._convert(self._archive, output=pooled)
                )
            else:
                self._ready[wanted] = GradientNetwork(self._keras_model(), layer=layer)
        return self._ready[wanted]

    def one(self, path: Path, target: int | None, how: How) -> Explained:
        """Explain one photo; see `Classifier.explain`."""
        (found,) = self._explained([self._shot(path)], [target], how)
        return found

    def many(
        self, paths: Sequence[Path], targets: Sequence[int | None], how: How, progress: Progress
    ) -> Iterator[Explained | PhotoError]:
        """Explain photos in order, `AT_ONCE` of them in memory; see `Classifier.explain_all`."""

        def explained(shots: Sequence[_Shot], those: Sequence[int]) -> Iterator[Explained]:
            return self._explained(shots, [targets[place] for place in those], how)

        return self._streamed(paths, AT_ONCE, explained, progress)

    def top(
        self, paths: Sequence[Path], top: int, how: How, progress: Progress
    ) -> Iterator[ExplainedTop | PhotoError]:
        """Explain photos for their most probable classes; see `Classifier.explain_top_all`."""
        number = min(top, len(self._classes))

        def explained(shots: Sequence[_Shot], _: Sequence[int]) -> Iterator[ExplainedTop]:
            return self._explained_top(shots, number, how)

        return self._streamed(paths, max(1, AT_ONCE // number), explained, progress)

    def _streamed(
        self,
        paths: Sequence[Path],
        at_once: int,
        explained: "Callable[[Sequence[_Shot], Sequence[int]], Iterator[Found]]",
        progress: Progress,
    ) -> Iterator[Found | PhotoError]:
        """What is found of each photo, or what is wrong with it, in order, a few in memory.

        Args:
            paths: the photos.
            at_once: how many.
            explained: what is found of some photos, of which it is told the places too.
            progress: is told of each photo.
        """
        progress("explaining", 0, len(paths))
        for start in range(0, len(paths), at_once):
            outcomes = self._shots(paths[start : start + at_once])
            readable = {start + place: shot for place, shot in enumerate(outcomes) if isinstance(shot, _Shot)}
            found = explained([*readable.values()], [*readable]) if readable else iter(())
            for done, shot in enumerate(outcomes, start=start + 1):
                yield next(found) if isinstance(shot, _Shot) else shot
                progress("explaining", done, len(paths))

    def _explained(
        self, shots: Sequence["_Shot"], targets: Sequence[int | None], how: How
    ) -> Iterator[Explained]:
        """Explain photos, at least one.

        Args:
            shots: the photos.
            targets: the class to explain for each; None for the most probable one, which is told by a
                pass of its own.
            how: what is to be done.
        """
        network = self.network(how.layer, how.method)
        photos = np.stack([shot.pixels for shot in shots])
        wanted = np.array([-1 if target is None else target for target in targets], np.int64)
        missing = wanted < 0
        if missing.any() and not missing.all():
            wanted[missing] = network.scores(photos[missing]).argmax(axis=1)
        chosen = None if missing.all() else wanted
        found = explain_photos(network, photos, method=how.method, targets=chosen, flips=how.flips)
        for place, (shot, index) in enumerate(zip(shots, found.targets.tolist(), strict=True)):
            yield Explained(
                path=shot.path,
                label=self._classes[index],
                index=index,
                probability=float(found.probabilities[place, index]),
                heat=found.maps[place],
                photo=shot.pixels,
                aspect=shot.aspect,
                layer=found.layer,
                method=found.method,
                unit=found.unit,
                flips=how.flips,
            )

    def _explained_top(self, shots: Sequence["_Shot"], number: int, how: How) -> Iterator[ExplainedTop]:
        """Explain photos, at least one, for so many of their most probable classes each."""
        network = self.network(how.layer, how.method)
        logits = network.scores(np.stack([shot.pixels for shot in shots]))
        ranked = np.argsort(-logits, axis=1, kind="stable")[:, :number]
        repeated = [shot for shot in shots for _ in range(number)]
        maps = [*self._explained(repeated, ranked.ravel().tolist(), how)]
        for start in range(0, len(maps), number):
            yield ExplainedTop(tuple(maps[start : start + number]))

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
