"""A host of photos on loopback, for benchmarks of collecting.

Usage: photo_host.py PHOTOS DELAY

Serves PHOTOS different small photos at /0.jpg, /1.jpg and so on, each DELAY seconds after it was asked for,
as hosts elsewhere do. The first line that it prints is its port. `/asked` tells how many requests there were,
and how many at once at most.
"""

import io
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

lock = threading.Lock()
counts = {"requests": 0, "now": 0, "most": 0}


def drawn(seed: int) -> bytes:
    """A JPEG of 320 x 240 pixels of coloured blobs, 20 KB."""
    random = np.random.default_rng(seed)
    blobs = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((320, 240))
    noisy = np.asarray(blobs) + random.normal(0, 6, (240, 320, 3))
    file = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


class Handler(BaseHTTPRequestHandler):
    """Answers with photos."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    photos: list[bytes]
    delay: float

    def do_GET(self) -> None:
        """Answer."""
        if self.path == "/asked":
            self._send(json.dumps(counts).encode())
            return
        with lock:
            counts["requests"] += 1
            counts["now"] += 1
            counts["most"] = max(counts["most"], counts["now"])
        time.sleep(self.delay)
        self._send(self.photos[int(self.path.strip("/").removesuffix(".jpg"))])
        with lock:
            counts["now"] -= 1

    def _send(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until the process is ended."""
    Handler.photos = [drawn(seed) for seed in range(int(sys.argv[1]))]
    Handler.delay = float(sys.argv[2])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
