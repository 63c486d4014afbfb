"""OpenVINO's own module, imported so that it stays quiet and sends nothing."""

import functools
import importlib
import sys
from typing import Any

PRECISIONS = ("auto", "f32", "bf16")


@functools.cache
def openvino() -> Any:
    """The module `openvino`.

    Importing it with its telemetry package in reach writes an id into the home folder and posts to
    an analytics host; with None in the package's place it falls back to a stub that does nothing.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return importlib.import_module("openvino")


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
