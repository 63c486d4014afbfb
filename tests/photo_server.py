"""A server on loopback that speaks as the providers do, holds photos, and misbehaves where it is told to."""

import io
import json
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

Answer = Callable[["Handler"], None]


class Clock:
    """A clock that stands still until somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@dataclass
class Site:
    """What the server holds, and what it was asked for.

    Args:
        answers: by path.
        asked: how often each path was asked for.
        headers: of the last request for each path.
        connections: where requests came from.
        most_at_once: requests that were being answered at the same time, at most.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    connections: set[Any] = field(default_factory=set)
    most_at_once: int = 0
    address: str = ""
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str) -> str:
        return self.address + path

    @contextmanager
    def counting(self, handler: "Handler") -> Iterator[None]:
        path = handler.place
        with self._lock:
            self.asked[path] += 1
            self.headers[path] = dict(handler.headers)
            self.connections.add(handler.client_address)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        with self.site.counting(self):
            self.site.answers.get(self.place, status(404))(self)

    @property
    def place(self) -> str:
        # Proxies are asked for whole addresses.
        return urlsplit(self.path)._replace(query="").geturl()

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of those who went before they had their answer."""
        if not isinstance(sys.exception(), (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Site]:
    site = Site()
    handler = type("SiteHandler", (Handler,), {"site": site})
    server = Server(("127.0.0.1", 0), handler)
    if context is not None:
        # The handshake is made by the thread that answers, or a client that hangs would hold up all.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    site.address = f"http{'s' if context else ''}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def body(data: bytes, *, kind: str = "image/jpeg", **headers: str) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def as_json(make: Callable[[dict[str, str]], Any]) -> Answer:
    def answer(handler: Handler) -> None:
        body(json.dumps(make(handler.query)).encode(), kind="application/json")(handler)

    return answer


def status(code: int, **headers: str) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def redirect(to: str) -> Answer:
    return status(302, Location=to)


def cut_off(data: bytes) -> Answer:
    """Half of the body that was promised."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data[: len(data) // 2])
        handler.close_connection = True

    return answer


def endless() -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "image/jpeg")
        handler.end_headers()
        handler.close_connection = True
        try:
            while True:
                handler.wfile.write(b"\xff\xd8\xff" + bytes(1 << 16))
        except OSError:
            return

    return answer


def dripping(**headers: str) -> Answer:
    """A byte now and then, for as long as somebody listens."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        handler.close_connection = True
        pause = threading.Event()
        try:
            while not pause.wait(0.01):
                handler.wfile.write(b"\xff")
        except OSError:
            return

    return answer


def dripping_headers() -> Answer:
    """A header that never ends, for as long as somebody listens."""

    def answer(handler: Handler) -> None:
        handler.close_connection = True
        pause = threading.Event()
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not pause.wait(0.01):
                handler.wfile.write(b"x")
        except OSError:
            return

    return answer


def in_turn(*answers: Answer) -> Answer:
    """The first answer to the first request, and so on; the last to all others."""
    left = list(answers)
    lock = threading.Lock()

    def answer(handler: Handler) -> None:
        with lock:
            chosen = left.pop(0) if len(left) > 1 else left[0]
        chosen(handler)

    return answer


def photo(seed: int, *, width: int = 120, height: int = 90, quality: int = 90) -> bytes:
    """A JPEG of coloured blobs, another for each seed."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()
