from collections.abc import Callable
from pathlib import Path

Plant = Callable[..., Path]
