"""Sessions, one host at a time: so many requests at once, and none while a host asks for patience."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

import requests

import kclass
from kclass.collecting.connections import PublicAdapter, check_public
from kclass.collecting.refusals import RefusalError

AT_ONCE: Final = 4
"""Requests to one host at the same time."""

FEWER_AT_ONCE: Final = {"commons.wikimedia.org": 1, "upload.wikimedia.org": 2}
"""What hosts ask for themselves: https://wikitech.wikimedia.org/wiki/Robot_policy."""

AGENT: Final = f"kclass/{kclass.__version__}"


class Hosts:
    """Lends out sessions, and knows of each host when it may be asked again.

    Args:
        allow_private: whether addresses may be asked that are not public.
        contact: how hosts may reach whoever runs this: a mail address or a page. Wikimedia asks for it.
        at_once: sessions for each host, if it asks for no fewer.
        clock: seconds from any beginning.
        sleep: waits for so many seconds; by default it ends when nothing more is to be asked.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        contact: str = "",
        at_once: int = AT_ONCE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._stopped = threading.Event()
        self._allow_private = allow_private
        self._agent = f"{AGENT} (collects photos for an image classifier{'; ' if contact else ''}{contact})"
        self._at_once = at_once
        self._clock, self._sleep = clock, sleep or self._stopped.wait
        self._lock = threading.Lock()
        self._sessions: dict[str, queue.LifoQueue[requests.Session]] = {}
        self._not_before: dict[str, float] = {}

    @contextlib.contextmanager
    def session(self, address: str) -> Iterator[requests.Session]:
        """A session for the host of an address, once one is free and the host may be asked.

        Raises:
            RefusalError: the host is named by an address that is not public, or nothing more is to be asked.
        """
        if not self._allow_private:
            # Also where a proxy connects; names are looked up by whoever does.
            with contextlib.suppress(ValueError):
                check_public(urlsplit(address).hostname or "")
        host = _host(address)
        free = self._free(host)
        session = free.get()
        try:
            self._wait(host)
            yield session
        finally:
            free.put(session)

    def rest(self, address: str, seconds: float) -> None:
        """Let nobody ask the host of an address for so long."""
        host = _host(address)
        with self._lock:
            until = self._clock() + seconds
            self._not_before[host] = max(until, self._not_before.get(host, until))

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            RefusalError: nothing more is to be asked.
        """
        self._sleep(seconds)
        self.check()

    def stop(self) -> None:
        """Ask nothing more: whoever waits or asks is refused, in other threads, too."""
        self._stopped.set()

    def check(self) -> None:
        """Go on only if something is still to be asked.

        Raises:
            RefusalError: nothing is.
        """
        if self._stopped.is_set():
            raise RefusalError("stopped", lasting=False)

    def close(self) -> None:
        """End all sessions, which nobody may use any more."""
        for free in self._sessions.values():
            while not free.empty():
                free.get().close()

    def _wait(self, host: str) -> None:
        self.check()
        while (left := self._not_before.get(host, 0.0) - self._clock()) > 0:
            self.sleep(left)

    def _free(self, host: str) -> "queue.LifoQueue[requests.Session]":
        with self._lock:
            if host not in self._sessions:
                self._sessions[host] = queue.LifoQueue()
                for _ in range(FEWER_AT_ONCE.get(host.partition("://")[2], self._at_once)):
                    self._sessions[host].put(self._new())
            return self._sessions[host]

    def _new(self) -> requests.Session:
        session = requests.Session()
        session.headers.update({"User-Agent": self._agent, "Accept-Encoding": "identity"})
        if not self._allow_private:
            for scheme in ("http://", "https://"):
                session.mount(scheme, PublicAdapter())
        return session


def _host(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
