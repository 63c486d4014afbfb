"""Audits whose numbers are made up."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kclass.errors import PhotoError
from kclass.model_audit.audited import AuditedClass, ModelAudit
from kclass.model_audit.effects import Effect
from kclass.model_audit.pictures import SIDE, SURROUNDINGS, ClassPictures, Swap
from kclass.model_audit.verdicts import Measured

ON_GREEN = ("background colour", "on green (59 %, others 4 %)")
SHARP = ("sharpness", "sharper (80 %, others 3 %)")
LITTLE, MUCH = Effect(0.03, 0.01, 0.05), Effect(0.25, 0.2, 0.3)


def pictures(brightness: int = 90) -> ClassPictures:
    photo = np.full((SIDE, SIDE, 3), brightness, np.uint8)
    return ClassPictures(
        mean=photo,
        photos=np.stack([photo] * 2),
        maps=np.array([[[0, 1], [2, 4]], [[0, 0], [0, 0]]], np.float32),
        probabilities=(0.99999, 0.5),
        unit="in units of the logit",
        swaps=(Swap(SURROUNDINGS, "03.Lada", np.stack([photo] * 3), before=9.0, after=-1.0, tried=9),),
    )


def fair(label: str, share: float = 0.03) -> Measured:
    return Measured(
        label=label,
        photos=24,
        mean_map=np.array([[0.1, 0.1], [0.2, 0.6]], np.float32),
        border=0.17,
        without_hottest=0.4,
        hottest_alone=1.04,
        surroundings=Effect(share, share - 0.02, share + 0.02),
        pictures=pictures(),
    )


def biased(label: str) -> Measured:
    return replace(fair(label), properties=(ON_GREEN,), surroundings=MUCH, cast=LITTLE)


def untold(label: str) -> Measured:
    return Measured(label=label, photos=0)


def audit_of(
    classes: Sequence[Measured],
    *,
    unreadable: tuple[PhotoError, ...] = (),
    unmasked: tuple[Path, ...] = (),
) -> ModelAudit:
    return ModelAudit(
        model=Path("runs/cars/model.keras"),
        data="cars",
        classes=tuple(AuditedClass.of(each, classes=len(classes)) for each in classes),
        remark="It learned from 239 photos, as runs/cars/split.csv says.",
        layer="top_activation",
        unreadable=unreadable,
        unmasked=unmasked,
    )
