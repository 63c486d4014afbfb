"""Inspections that no photo was looked at for."""

import itertools
from typing import Any

import numpy as np

from kclass.inspection.inspection import COLOUR_SIDE, GREY_SIDE, Inspection

_CONTENTS = itertools.count()

SOUND: dict[str, Any] = {
    "format": "JPEG",
    "width": 640,
    "height": 480,
    "file_bytes": 60_000,
    "orientation": 1,
    "camera": "",
    "brightness": 120.0,
    "contrast": 60.0,
    "percentiles": (10.0, 25.0, 70.0, 120.0, 170.0, 220.0, 240.0),
    "sharpness": 1000.0,
}


def inspection(**changes: Any) -> Inspection:
    """A sound photo's inspection, with content of its own, but for the changes."""
    pictures = {
        "grey": np.zeros((GREY_SIDE, GREY_SIDE), np.uint8),
        "colours": np.full((COLOUR_SIDE, COLOUR_SIDE, 3), 120, np.uint8),
    }
    return Inspection(**({"content": f"content {next(_CONTENTS)}"} | SOUND | pictures | changes))
