"""Sessions, one host at a time: so many requests at once, and none while a host asks for patience."""

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

import requests

import kclass
from kclass.collecting.connections import WatchedAdapter, check_written_address
from kclass.collecting.refusals import RefusalError

AT_ONCE: Final = 4
"""Requests to one host at the same time."""

FEWER_AT_ONCE: Final = {"commons.wikimedia.org": 1, "upload.wikimedia.org": 2}
"""What hosts ask for themselves: https://wikitech.wikimedia.org/wiki/Robot_policy."""

MOST_IDLE: Final = 32
"""Hosts whose connections stay open: each takes a file descriptor, of which macOS gives a process 256."""

AGENT: Final = f"kclass/{kclass.__version__}"


class _Host:
    """A host's sessions.

    Args:
        at_once: requests at the same time.
    """

    def __init__(self, at_once: int) -> None:
        self.turns = threading.Semaphore(at_once)
        self.idle: list[requests.Session] = []
        self.not_before = 0.0


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
        self._hosts: OrderedDict[str, _Host] = OrderedDict()
        self._lent: set[requests.Session] = set()

    @contextlib.contextmanager
    def session(self, address: str) -> Iterator[requests.Session]:
        """A session for the host of an address, once one is free and the host may be asked.

        Raises:
            RefusalError: the host is written as an address that is not public, or nothing more is to be
                asked.
        """
        if not self._allow_private:
            check_written_address(urlsplit(address).hostname or "")
        host = self._host(address)
        with host.turns:
            self._wait(host)
            session = self._taken(host)
            try:
                yield session
            finally:
                self._give_back(host, session)

    def rest(self, address: str, seconds: float) -> None:
        """Let nobody ask the host of an address for so long."""
        host = self._host(address)
        with self._lock:
            host.not_before = max(host.not_before, self._clock() + seconds)

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            RefusalError: nothing more is to be asked.
        """
        self._sleep(seconds)
        self.check()

    def stop(self) -> None:
        """Ask nothing more: whoever waits, asks or receives is refused, in other threads, too."""
        self._stopped.set()
        with self._lock:
            lent = list(self._lent)
        for session in lent:
            cut(session)

    def check(self) -> None:
        """Go on only if something is still to be asked.

        Raises:
            RefusalError: nothing is.
        """
        if self._stopped.is_set():
            raise RefusalError("stopped", lasting=False)

    def close(self) -> None:
        """Close all connections that nobody uses."""
        with self._lock:
            idle = [session for host in self._hosts.values() for session in host.idle]
            for host in self._hosts.values():
                host.idle.clear()
        for session in idle:
            session.close()

    def _wait(self, host: _Host) -> None:
        self.check()
        while (left := host.not_before - self._clock()) > 0:
            self.sleep(left)

    def _host(self, address: str) -> _Host:
        parts = urlsplit(address)
        name = parts.netloc.rpartition("@")[2].lower()
        with self._lock:
            key = f"{parts.scheme}://{name}"
            if key not in self._hosts:
                self._hosts[key] = _Host(FEWER_AT_ONCE.get(name, self._at_once))
            self._hosts.move_to_end(key)
            return self._hosts[key]

    def _taken(self, host: _Host) -> requests.Session:
        with self._lock:
            session = host.idle.pop() if host.idle else self._new()
            self._lent.add(session)
            return session

    def _give_back(self, host: _Host, session: requests.Session) -> None:
        with self._lock:
            self._lent.discard(session)
            host.idle.append(session)
            # The host that was asked last is the last.
            long_idle = [each for each in self._hosts.values() if each.idle][:-MOST_IDLE]
            closed = [idle for each in long_idle for idle in each.idle]
            for each in long_idle:
                each.idle.clear()
        for idle in closed:
            idle.close()

    def _new(self) -> requests.Session:
        session = requests.Session()
        session.headers.update({"User-Agent": self._agent, "Accept-Encoding": "identity"})
        session.auth = _none_but_the_address_has  # or requests would look into ~/.netrc
        for scheme in ("http://", "https://"):
            session.mount(scheme, WatchedAdapter(allow_private=self._allow_private))
        return session


def cut(session: requests.Session) -> None:
    """End what a session is sending and receiving."""
    for adapter in session.adapters.values():
        if isinstance(adapter, WatchedAdapter):
            adapter.cut()


def _none_but_the_address_has(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Let a host see the name and password that stand in its address, and no others."""
    name, password = requests.utils.get_auth_from_url(request.url or "")
    return requests.auth.HTTPBasicAuth(name, password)(request) if name or password else request
