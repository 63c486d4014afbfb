"""The CPU's engine: OpenVINO, one stream a core, one photo at a time in each."""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.engines.network import Network
from kclass.engines.runtime import core


class OpenVinoEngine:
    """Runs a converted network on the CPU.

    One photo a stream is as fast as batches (docs/decisions.md), and lets a thread that decodes one
    photo overlap with one that runs another.

    Args:
        network: the converted network.
        precision: "f32" or "bf16"; always said outright, since OpenVINO would choose by processor.
        streams: how many photos run side by side; 1 gives a single photo all cores.
    """

    batch = 1

    def __init__(self, network: Network, *, precision: str, streams: int) -> None:
        options = {"INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": str(streams)}
        self.workers = streams
        self._compiled = core().compile_model(network.read(), "CPU", options)
        self._of_thread = threading.local()

    def run(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of one photo: raw RGB uint8 (1, size, size, 3) to float32 (1, features)."""
        request = self._request()
        request.infer([photos])
        features: NDArray[np.float32] = request.get_output_tensor(0).data.copy()
        return features

    def _request(self) -> Any:
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._compiled.create_infer_request()
        return self._of_thread.request
