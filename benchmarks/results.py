"""How benchmarks tell what they found: a table on stdout and a JSON file."""

import json
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """The processor, its cores and the versions that figures depend on."""
    from kclass.classifier.model_file import versions
    from kclass.engines.runtime import core
    from kclass.parallel import usable_cores

    processor = core().get_property("CPU", "FULL_DEVICE_NAME")
    bf16 = "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    system = f"{platform.system()} {platform.machine()}"
    return {
        "processor": processor,
        "cores": usable_cores(),
        "bf16": bf16,
        "system": system,
        "versions": versions(),
    }


def spread(values: Sequence[float]) -> str:
    """Median, and in brackets the least and the largest."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"  # noqa: RUF001


def report(name: str, head: Sequence[str], rows: Sequence[Sequence[str]], content: Mapping[str, Any]) -> None:
    """Print a table, and write the figures beside the benchmarks as `results/NAME.json`."""
    from kclass.dataset.tables import text_table

    print(text_table(head, rows))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": machine(), **content}, indent=1) + "\n", encoding="utf-8")
    print(f"written to {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
