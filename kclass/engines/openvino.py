"""The CPU's engine: OpenVINO, one stream a core, one photo at a time in each."""

import queue
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.engines.network import Network

# When two threads are the first to hand OpenVINO an array, each waits for ever for what the other
# holds: its bindings (2026.4) look up NumPy's interface under a lock that is taken inside the
# interpreter's own. So an engine's first photo goes through while no other engine is being made.
_FIRST_USE = threading.Lock()


class OpenVinoEngine:
    """Runs a converted network on the CPU.

    One photo a stream is as fast as batches (docs/decisions.md), and lets a thread that decodes one
    photo overlap with one that runs another.

    Args:
        network: the converted network.
        precision: "f32" or "bf16".
        streams: how many photos run side by side; 1 gives a single photo all cores.
    """

    batch = 1

    def __init__(self, network: Network, *, precision: str, streams: int) -> None:
        self.workers = streams
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with _FIRST_USE:
            model = network.compiled(precision=precision, streams=streams)
            for _ in range(streams):
                self._requests.put(model.create_infer_request())
        self._fresh = True

    def run(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the network makes of one photo, in float32 whatever it computes in.

        Args:
            photos: raw RGB uint8 (1, size, size, 3).

        Returns:
            float32 (1, features), or (1, rows, columns, channels) of a network up to a layer that
            still has places.
        """
        if self._fresh:
            with _FIRST_USE:
                found = self._infer(photos)
                self._fresh = False
                return found
        return self._infer(photos)

    def _infer(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        request = self._requests.get()
        try:
            request.infer([photos])
            output: NDArray[np.float32] = request.get_output_tensor(0).data.copy()
        finally:
            self._requests.put(request)
        return output
