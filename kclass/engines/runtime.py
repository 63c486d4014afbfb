"""OpenVINO's own module, imported so that it stays quiet and sends nothing."""

import functools
import importlib
import sys
import threading
from typing import Any

CONVERTER = "openvino.tools.ovc"

PRECISIONS = ("auto", "f32", "bf16")

_IMPORTING = threading.Lock()


@functools.cache
def openvino() -> Any:
    """The module `openvino`.

    Importing it with its telemetry package in reach writes an id into the home folder and posts to
    an analytics host; with None in the package's place it falls back to a stub that does nothing.
    """
    with _IMPORTING:
        if "openvino" in sys.modules:  # of the host program, or of another thread just now
            return importlib.import_module("openvino")
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        # Its converter, which only other networks need, takes half of the time of the whole import.
        sys.modules[CONVERTER] = None  # type: ignore[assignment]
        try:
            found = importlib.import_module("openvino")
        finally:
            del sys.modules[CONVERTER]
        found.convert_model = _convert_model  # type: ignore[attr-defined]
        return found


def _convert_model(*arguments: Any, **options: Any) -> Any:
    """OpenVINO's own converter, imported when it is called."""
    return importlib.import_module(CONVERTER).convert_model(*arguments, **options)


@functools.cache
def core() -> Any:
    """The one `openvino.Core` of the process."""
    return openvino().Core()


def operations() -> Any:
    """The module of OpenVINO's operations, in the set that the direct conversion is written for."""
    openvino()
    return importlib.import_module("openvino.opset13")


def resolve_precision(wanted: str, *, device: str) -> str:
    """The precision to compute in: "auto" is bf16 on a CPU that computes in it, else f32."""
    if wanted != "auto":
        return wanted
    if device == "cpu" and "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return "bf16"
    return "f32"
