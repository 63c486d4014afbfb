"""Sessions, one host at a time: so many requests at once, and none while a host asks for patience."""

import contextlib
import math
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

MOST_FAILURES: Final = 8
"""Photos in a row, each after all attempts: a host that gives none of so many is asked no more."""

AGENT: Final = f"kclass/{kclass.__version__}"


class _Host:
    """A host's sessions.

    Args:
        at_once: requests at the same time.
    """

    def __init__(self, at_once: int) -> None:
        self.turns = threading.Semaphore(at_once)
        self.idle: list[Session] = []
        self.not_before = 0.0
        self.failures = 0


class Session(requests.Session):
    """A session whose requests can be cut.

    Args:
        agent: what hosts are told of whoever asks.
        allow_private: whether addresses may be asked that are not public.
    """

    def __init__(self, *, agent: str, allow_private: bool) -> None:
        super().__init__()
        self.headers.update({"User-Agent": agent, "Accept-Encoding": "identity"})
        self.auth = _none_but_the_address_has  # or requests would look into ~/.netrc
        self._adapter = WatchedAdapter(allow_private=allow_private)
        for scheme in ("http://", "https://"):
            self.mount(scheme, self._adapter)

    @property
    def is_cut(self) -> bool:
        """Whether it can be used no more."""
        return self._adapter.is_cut

    def cut(self) -> None:
        """End what it is sending and receiving, for good."""
        self._adapter.cut()


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
        self._hosts: dict[str, _Host] = {}
        self._idle: OrderedDict[_Host, None] = OrderedDict()
        self._lent: set[Session] = set()

    @contextlib.contextmanager
    def session(self, address: str, *, longest_wait: float = math.inf) -> Iterator[Session]:
        """A session for the host of an address, once one is free and the host may be asked.

        Args:
            address: http or https.
            longest_wait: seconds; a host that asks for more patience is left alone.

        Raises:
            RefusalError: the host is written as an address that is not public, wants to be left alone or
                has failed too often, or nothing more is to be asked.
        """
        if not self._allow_private:
            check_written_address(urlsplit(address).hostname or "")
        host = self._host(address)
        with host.turns:
            self._wait(host, longest_wait)
            session = self._taken(host)
            try:
                self.check()  # it may have been stopped before it knew of this session
                yield session
            finally:
                self._give_back(host, session)

    def rest(self, address: str, seconds: float) -> None:
        """Let nobody ask the host of an address for so long."""
        host = self._host(address)
        with self._lock:
            host.not_before = max(host.not_before, self._clock() + seconds)

    def note_failure(self, address: str) -> None:
        """Remember that the host of an address gave no answer that lasts, however often it was asked."""
        host = self._host(address)
        with self._lock:
            host.failures += 1

    def note_success(self, address: str) -> None:
        """Remember that the host of an address has answered."""
        self._host(address).failures = 0

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
            session.cut()

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

    def _wait(self, host: _Host, longest: float) -> None:
        self.check()
        if host.failures >= MOST_FAILURES:
            raise RefusalError("its host fails", lasting=False)
        while (left := host.not_before - self._clock()) > 0:
            if left > longest:
                raise RefusalError("its host asks to be left alone for now", lasting=False)
            self.sleep(left)

    def _host(self, address: str) -> _Host:
        # By its name alone: http, https and other ports are one host's patience.
        name = urlsplit(address).hostname or ""
        with self._lock:
            if name not in self._hosts:
                self._hosts[name] = _Host(FEWER_AT_ONCE.get(name, self._at_once))
            return self._hosts[name]

    def _taken(self, host: _Host) -> Session:
        with self._lock:
            session = host.idle.pop() if host.idle else self._new()
            self._lent.add(session)
            return session

    def _give_back(self, host: _Host, session: Session) -> None:
        with self._lock:
            self._lent.discard(session)
            if session.is_cut:
                closed = [session]
            else:
                host.idle.append(session)
                self._idle[host] = None
                self._idle.move_to_end(host)
                closed = self._long_idle()
        for each in closed:
            each.close()

    def _long_idle(self) -> list[Session]:
        """Sessions of the host that was asked longest ago, if there are more than may stay."""
        if len(self._idle) <= MOST_IDLE:
            return []
        host, _ = self._idle.popitem(last=False)
        sessions, host.idle = host.idle, []
        return sessions

    def _new(self) -> Session:
        return Session(agent=self._agent, allow_private=self._allow_private)


def _none_but_the_address_has(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Let a host see the name and password that stand in its address, and no others."""
    name, password = requests.utils.get_auth_from_url(request.url or "")
    return requests.auth.HTTPBasicAuth(name, password)(request) if name or password else request
