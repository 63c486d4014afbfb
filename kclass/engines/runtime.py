"""OpenVINO's own module, imported so that it stays quiet and sends nothing."""

import functools
import importlib
import sys
import threading
from typing import Any

CONVERTER = "openvino.tools.ovc"

PRECISIONS = ("auto", "f32", "bf16")

# Several threads may be the first to ask; `functools.cache` would let all of them begin.
_FIRST = threading.RLock()


def openvino() -> Any:
    """The module `openvino`.

    Importing it with its telemetry package in reach writes an id into the home folder and posts to
    an analytics host; with None in the package's place it falls back to a stub that does nothing.
    """
    with _FIRST:
        return _imported()


@functools.cache
def _imported() -> Any:
    if "openvino" in sys.modules:  # the host program has it
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


def core() -> Any:
    """The one `openvino.Core` of the process."""
    with _FIRST:
        return _core()


@functools.cache
def _core() -> Any:
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
