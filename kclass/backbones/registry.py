"""The backbones by name: what they are, and how they get their weights."""

import contextlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kclass.backbones.applications import APPLICATIONS, build_application
from kclass.backbones.archive import Archive, read_archive
from kclass.backbones.efficientnet_lite import EMBEDDED, LITES, lite_archive, lite_package
from kclass.backbones.facts import FACTS
from kclass.backbones.file_kinds import weight_file_hash
from kclass.backbones.imagenet import imagenet_path, imagenet_stamp, imagenet_weights
from kclass.backbones.keras_archive import archive_of
from kclass.backbones.scratch import build_scratch
from kclass.backbones.scratch_small import build_scratch_small
from kclass.backbones.seeding import seeded
from kclass.backbones.weight_files import loader
from kclass.errors import ModelError, OptionError
from kclass.files import cache_folder, is_there

IMAGENET, NO_WEIGHTS = "imagenet", "none"
DEFAULT = EMBEDDED
SCRATCH, SCRATCH_SMALL = "scratch", "scratch-small"
SCRATCH_NETWORKS = (SCRATCH, SCRATCH_SMALL)
LISTED = "`kclass backbones` lists them."
BUILD_VERSION = 3

_FINGERPRINT = "kclass/fingerprint"
"""The entry of a network in the cache that holds its fingerprint: to compute it takes .2 s."""

# Photos may be larger than those that the weights were made for: here that is 16 to 26 % fewer errors
# for 1.5 times the time. docs/decisions.md has the table, and another network that makes more of them.
LARGER_SIZES = {EMBEDDED: 320}


@dataclass(frozen=True)
class Backbone:
    """What is known of a backbone before it is built.

    Args:
        name: as `--backbone` takes it.
        size: the side of the photos that it is used with unless another is asked for, in pixels.
        made_for: the side of the photos that its ImageNet weights were made for.
        least_size: the smallest side it takes; it takes every larger one.
        parameters: how many weights it has without a head, at `size`.
        features: the width of its feature vector.
        frozen: whether it comes trained, so that only a head is to be learned; else all of it is.
        licence: of the ImageNet weights; the networks themselves are Keras's, under Apache-2.0.
        scaling: what it makes of raw RGB before its first layer, in words.
        explained: the name of the layer that explanations look at.
        stages: the names of its stages, from the photo on; `stages_of` gives their layers.
        weights_file: the name of Keras's file of its ImageNet weights, without top; empty if it has none.
        weights_package: the package that has them; empty if none has.
    """

    name: str
    size: int
    made_for: int
    least_size: int
    parameters: int
    features: int
    frozen: bool
    licence: str
    scaling: str
    explained: str
    stages: tuple[str, ...]
    weights_file: str = ""
    weights_package: str = ""


def _row(name: str, *, frozen: bool, licence: str, scaling: str, weights_package: str = "") -> Backbone:
    facts = FACTS[name]
    return Backbone(
        name=name,
        size=LARGER_SIZES.get(name, facts.size),
        made_for=facts.size,
        least_size=facts.least_size,
        parameters=facts.parameters,
        features=facts.features,
        frozen=frozen,
        licence=licence,
        scaling=scaling,
        explained=facts.explained,
        stages=tuple(f"stage{number}" for number in range(1, facts.stages + 1)),
        weights_file=facts.weights_file,
        weights_package=weights_package,
    )


BACKBONES: Mapping[str, Backbone] = {
    each.name: each
    for each in (
        *(
            _row(
                name,
                frozen=True,
                licence="Apache-2.0",
                scaling="(x - 127) / 128",
                weights_package=lite_package(name),
            )
            for name in LITES
        ),
        *(
            _row(name, frozen=True, licence=each.family.licence, scaling=each.family.scaling)
            for name, each in APPLICATIONS.items()
        ),
        *(_row(name, frozen=False, licence="none", scaling="-1 to 1") for name in SCRATCH_NETWORKS),
    )
}


def weights_here(name: str) -> bool:
    """Whether a backbone's ImageNet weights are on this computer; False for one that has none.

    Whether the file is whole is found out when it is read.

    Args:
        name: one of `BACKBONES`.
    """
    chosen = backbone(name)
    if chosen.weights_package:
        return importlib.util.find_spec(chosen.weights_package.replace("-", "_")) is not None
    return bool(chosen.weights_file) and is_there(imagenet_path(name))


def backbone(name: str) -> Backbone:
    """The backbone of that name.

    Raises:
        OptionError: there is none; the error names the nearest.
    """
    if name not in BACKBONES:
        unknown = OptionError.unknown("backbone", name, BACKBONES)
        raise OptionError(unknown.message, fix=f"{unknown.fix} {LISTED}".lstrip())
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
    _check_frozen(backbone(name))
    _check_size(backbone(name), size)
    if weights == NO_WEIGHTS:
        return _build(name, weights=weights, size=size, seed=seed)
    path = cache_folder() / "backbones" / f"{name}-{size}-{_source(name, weights)}-v{BUILD_VERSION}.keras"
    with contextlib.suppress(ModelError, LookupError):
        kept = read_archive(path)
        return replace(kept, entries={}).known_as(kept.entries[_FINGERPRINT].decode())
    archive = _build(name, weights=weights, size=size, seed=seed)
    replace(archive, entries={_FINGERPRINT: archive.fingerprint.encode()}).write(path)
    return archive


def build_network(name: str, *, size: int, classes: int, seed: int) -> Any:
    """An untrained Keras model: raw RGB (n, size, size, 3) to `probabilities` (n, classes).

    Args:
        name: one of `SCRATCH_NETWORKS`.
        size: side of the photos in pixels.
        classes: how many there are.
        seed: of the weights, and of dropout.

    Raises:
        OptionError: no network that is trained from scratch has that name, or the size is one that
            it cannot take.
    """
    if name not in SCRATCH_NETWORKS:
        raise OptionError.unknown("backbone", name, SCRATCH_NETWORKS)
    _check_size(backbone(name), size)
    build = {SCRATCH: build_scratch, SCRATCH_SMALL: build_scratch_small}[name]
    return build(size=size, classes=classes, seed=seed)


def _source(name: str, weights: str) -> str:
    """What tells weights from others of the same network."""
    if weights != IMAGENET:
        return weight_file_hash(Path(weights))
    return f"{IMAGENET}{imagenet_stamp(name)}" if name in APPLICATIONS else IMAGENET


def _build(name: str, *, weights: str, size: int, seed: int) -> Archive:
    if name in LITES and weights == IMAGENET:
        return lite_archive(name, size)
    with seeded(seed):
        return archive_of(_keras_model(name, weights=weights, size=size))


def _keras_model(name: str, *, weights: str, size: int) -> Any:
    if weights == IMAGENET:
        return build_application(name, size, imagenet_weights(name))
    load = _leave_random if weights == NO_WEIGHTS else loader(Path(weights), backbone=name)
    if name in APPLICATIONS:
        return build_application(name, size, load)
    from kclass.backbones.keras_cv_graph import build_lite

    model = build_lite(name, size)
    load(model)
    return model


def _leave_random(network: Any) -> None:
    """Leave the network the weights it was made with."""


def _check_frozen(chosen: Backbone) -> None:
    if not chosen.frozen:
        raise OptionError(
            f"{chosen.name} is trained from scratch, not opened", fix=f"Use {DEFAULT}, for instance."
        )


def _check_size(chosen: Backbone, size: int) -> None:
    if size < chosen.least_size:
        raise OptionError(
            f"size is {size}; {chosen.name} takes {chosen.least_size} or more",
            fix=f"Leave it out, and photos of {chosen.size} pixels are used.",
        )
