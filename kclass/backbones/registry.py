"""The backbones by name: what they are, and how they get their weights."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kclass.backbones import efficientnet_lite, scratch
from kclass.backbones.applications import APPLICATIONS, build_application, imagenet_weights
from kclass.backbones.archive import Archive, read_archive
from kclass.backbones.efficientnet_lite import lite0_archive
from kclass.backbones.keras_archive import archive_of
from kclass.backbones.seeding import seeded
from kclass.backbones.weight_files import loader
from kclass.errors import ModelError, OptionError
from kclass.files import cache_folder
from kclass.photos.hashing import content_hash

IMAGENET, NO_WEIGHTS = "imagenet", "none"
DEFAULT = "efficientnet_lite0"
BUILD_VERSION = 1


@dataclass(frozen=True)
class Backbone:
    """What is known of a backbone before it is built.

    Args:
        name: as `--backbone` takes it.
        size: the side of the photos it is made for, in pixels.
        parameters: how many weights it has without a head, at that size.
        frozen: whether it comes trained, so that only a head is to be learned; else all of it is.
        licence: of the ImageNet weights.
    """

    name: str
    size: int
    parameters: int
    frozen: bool
    licence: str


BACKBONES: Mapping[str, Backbone] = {
    each.name: each
    for each in (
        Backbone("efficientnet_lite0", efficientnet_lite.SIZE, 3_413_024, True, "Apache-2.0"),
        Backbone("mobilenet_v2", 224, 2_257_984, True, "Apache-2.0"),
        Backbone("resnet50", 224, 23_587_712, True, "MIT"),
        Backbone("scratch", scratch.SIZE, 17_326_624, False, "none"),
    )
}


def backbone(name: str) -> Backbone:
    """The backbone of that name.

    Raises:
        OptionError: there is none; the error names the nearest.
    """
    if name not in BACKBONES:
        raise OptionError.unknown("backbone", name, BACKBONES)
    return BACKBONES[name]


def open_backbone(name: str, *, weights: str, size: int, seed: int) -> Archive:
    """A frozen backbone without head: raw RGB (n, size, size, 3) to its features (n, features).

    Built once for each name, size and weights, and kept in kclass's cache.

    Args:
        name: one of `BACKBONES` that is frozen.
        weights: "imagenet", "none" for random ones, or the path of a weight file.
        size: side of the photos in pixels.
        seed: of random weights.

    Raises:
        OptionError: no such backbone, one that is not frozen, or a size that it cannot take.
        ModelError: the weights cannot be had, or do not fit.
    """
    _check(backbone(name), size)
    key = _cache_key(name, weights=weights, size=size)
    if weights == NO_WEIGHTS:
        return _build(name, weights=weights, size=size, seed=seed)
    path = cache_folder() / "backbones" / f"{key}.keras"
    with contextlib.suppress(ModelError):
        return read_archive(path)
    archive = _build(name, weights=weights, size=size, seed=seed)
    archive.write(path)
    return archive


def _cache_key(name: str, *, weights: str, size: int) -> str:
    source = weights if weights in (IMAGENET, NO_WEIGHTS) else content_hash(_read(Path(weights)))
    return f"{name}-{size}-{source}-v{BUILD_VERSION}"


def _build(name: str, *, weights: str, size: int, seed: int) -> Archive:
    if name == DEFAULT and weights == IMAGENET:
        return lite0_archive(size)
    with seeded(seed):
        return archive_of(_keras_model(name, weights=weights, size=size))


def _keras_model(name: str, *, weights: str, size: int) -> Any:
    if weights == IMAGENET:
        return build_application(name, size, imagenet_weights(name))
    load = _leave_random if weights == NO_WEIGHTS else loader(Path(weights), backbone=name)
    if name in APPLICATIONS:
        return build_application(name, size, load)
    from kclass.backbones.keras_cv_graph import build_lite0

    model = build_lite0(size)
    load(model)
    return model


def _leave_random(network: Any) -> None:
    """Leave the network the weights it was made with."""


def _check(chosen: Backbone, size: int) -> None:
    if not chosen.frozen:
        frozen = ", ".join(each.name for each in BACKBONES.values() if each.frozen)
        raise OptionError(f"{chosen.name} is trained from scratch, not opened", fix=f"Use one of {frozen}.")
    stride = efficientnet_lite.STRIDE
    if size < stride or size % stride:
        near = max(stride, round(size / stride) * stride)
        raise OptionError(
            f"size is {size}; {chosen.name} takes multiples of {stride}",
            fix=f"Use --size {near}, for instance.",
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"cannot read the weight file {path}: {error.strerror or error}",
            fix="Give the path of a .weights.h5 or .keras file, or the word imagenet or none.",
        ) from error
