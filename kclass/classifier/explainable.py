"""What a classifier says of where it looked: the part of `Classifier` that explains."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kclass.backbones.archive import Archive
from kclass.classifier.arguments import check_count, class_index, many_paths, one_path
from kclass.classifier.model_file import Record
from kclass.dataset.names import composed, listing
from kclass.errors import DataError, OptionError, PhotoError
from kclass.explanation.defaults import DEFAULT_METHOD, DEFAULT_TOP
from kclass.progress import Progress, silent

if TYPE_CHECKING:
    from kclass.classifier.explained import Explained
    from kclass.classifier.explained_top import ExplainedTop
    from kclass.classifier.explaining import Explainer, How


class ExplainableClassifier:
    """A classifier that can be asked where it looked; `Classifier` is one.

    Args:
        archive: the network with its head.
        record: classes and decoding.
    """

    archive: Archive
    record: Record
    keras_model: Any

    def explain(
        self,
        photo: str | Path,
        *,
        target: str | None = None,
        layer: str | None = None,
        method: str = DEFAULT_METHOD,
        flips: bool = False,
    ) -> "Explained":
        """Where the network looked: what spoke for a class of one photo.

        Args:
            photo: its file.
            target: a class; None for the most probable one.
            layer: a layer of the network with a spatial output; None for the last one.
            method: how, one of `METHODS`.
            flips: whether each map is the mean with the mirrored photo's map turned back.

        Raises:
            PhotoError: the photo cannot be read.
            OptionError: no such class, layer or method, or a layer for a method that looks at none.
        """
        index = class_index(target, self.record.classes)
        how = _how(method=method, layer=layer, flips=flips)
        return self._explainer.one(one_path(photo), index, how)

    def explain_all(
        self,
        photos: Iterable[str | Path],
        *,
        targets: Iterable[str | None] | None = None,
        layer: str | None = None,
        method: str = DEFAULT_METHOD,
        flips: bool = False,
        progress: Progress = silent,
    ) -> Iterator["Explained | PhotoError"]:
        """Where the network looked: maps of many photos, in order, a few of them in memory.

        Args:
            photos: their files.
            targets: a class for each, None for the most probable one; left out, that for all.
            layer: a layer of the network with a spatial output; None for the last one.
            method: how, one of `METHODS`.
            flips: whether each map is the mean with the mirrored photo's map turned back.
            progress: is told how many photos have been dealt with.

        Yields:
            What was found, or what is wrong with a photo that cannot be read.

        Raises:
            OptionError: no such class, layer or method, a layer for a method that looks at none, or not as
                many targets as photos.
        """
        paths = many_paths(photos)
        named = [None] * len(paths) if targets is None else targets
        wanted = [class_index(target, self.record.classes) for target in named]
        if len(wanted) != len(paths):
            raise OptionError(f"there are {len(wanted)} targets for {len(paths)} photos")
        how = _how(method=method, layer=layer, flips=flips)
        return self._explainer.many(paths, wanted, how, progress)

    def explain_top(
        self,
        photo: str | Path,
        *,
        top: int = DEFAULT_TOP,
        layer: str | None = None,
        method: str = DEFAULT_METHOD,
        flips: bool = False,
    ) -> "ExplainedTop":
        """Where the network looked for each of the most probable classes of one photo.

        Args:
            photo: its file.
            top: how many classes; of a model with fewer all of them.
            layer: a layer of the network with a spatial output; None for the last one.
            method: how, one of `METHODS`.
            flips: whether each map is the mean with the mirrored photo's map turned back.

        Raises:
            PhotoError: the photo cannot be read.
            OptionError: `top` is below 1, or there is no such layer or method.
        """
        (found,) = self.explain_top_all([one_path(photo)], top=top, layer=layer, method=method, flips=flips)
        if isinstance(found, PhotoError):
            raise found
        return found

    def explain_top_all(
        self,
        photos: Iterable[str | Path],
        *,
        top: int = DEFAULT_TOP,
        layer: str | None = None,
        method: str = DEFAULT_METHOD,
        flips: bool = False,
        progress: Progress = silent,
    ) -> Iterator["ExplainedTop | PhotoError"]:
        """Where the network looked for the most probable classes of many photos, as `explain_all` does.

        Args:
            photos: their files.
            top: how many classes; of a model with fewer all of them.
            layer: a layer of the network with a spatial output; None for the last one.
            method: how, one of `METHODS`.
            flips: whether each map is the mean with the mirrored photo's map turned back.
            progress: is told how many photos have been dealt with.

        Yields:
            What was found, or what is wrong with a photo that cannot be read.

        Raises:
            OptionError: `top` is below 1, or there is no such layer or method.
        """
        check_count("top", top)
        how = _how(method=method, layer=layer, flips=flips)
        return self._explainer.top(many_paths(photos), int(top), how, progress)

    def folder_classes(self, photos: Iterable[str | Path]) -> list[str]:
        """The class of the folder that each photo lies in, however deep below it.

        Args:
            photos: their files.

        Raises:
            DataError: photos lie in no folder that is named as a class of the model.
        """
        paths = many_paths(photos)
        found = [_folder_class(path, self.record.classes) for path in paths]
        strangers = [str(path) for path, label in zip(paths, found, strict=True) if label is None]
        if strangers:
            lies = "photo lies" if len(strangers) == 1 else "photos lie"
            raise DataError(
                f"{len(strangers)} {lies} in no folder of a class of the model: {listing(strangers)}",
                fix=f"The folders would be called {listing(self.record.classes)}.",
            )
        return [label for label in found if label is not None]

    @functools.cached_property
    def _explainer(self) -> "Explainer":
        from kclass.classifier.explaining import Explainer

        return Explainer(
            self.archive,
            lambda: self.keras_model,
            resize=self.record.resize,
            classes=self.record.classes,
        )


def _how(*, method: Any, layer: Any, flips: Any) -> "How":
    """See `How.checked`; what explains is imported only once something is to be explained."""
    from kclass.classifier.explaining import How

    return How.checked(method=method, layer=layer, flips=flips)


def _folder_class(path: Path, classes: Sequence[str]) -> str | None:
    spelt = {composed(name): name for name in classes}
    folders = (composed(folder.name) for folder in path.absolute().parents)
    return next((spelt[name] for name in folders if name in spelt), None)
