"""What is explained, and how, if nobody says; apart, so that whoever predicts imports nothing else."""

from typing import Final

DEFAULT_METHOD: Final = "grad-cam"

DEFAULT_TOP: Final = 3
