"""Connections that lead to the public network alone, checked once they stand, and that can be cut.

A host's name can be looked up, found to be public, and lead to another machine when it is looked up again
to connect. So it is the other end of the connection that is checked, before anything is sent.
"""

import contextlib
import ipaddress
import socket
import threading
import weakref
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from kclass.collecting.refusals import RefusalError

PRIVATE: Final = "private address"

_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")
"""Addresses of IPv4 for those who have IPv6 alone: RFC 6052."""

_NOT_PUBLIC: Final = tuple(map(ipaddress.ip_network, ("::/96", "64:ff9b:1::/48", "fec0::/10")))
"""IPv4 within IPv6 as it once was, translation within a network (RFC 8215), and once site-local ones: some
versions of `ipaddress` call these global."""


def check_public(address: str) -> None:
    """Refuse what is no public internet address.

    Args:
        address: an IP address, such as `93.184.216.34` or `::1`.

    Raises:
        RefusalError: it is private, loopback, link-local, or set aside otherwise.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if found in _TRANSLATED:
        inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    if any(found in network for network in _NOT_PUBLIC):
        raise RefusalError(PRIVATE)
    if not found.is_global or found.is_multicast or (inner is not None and not inner.is_global):
        raise RefusalError(PRIVATE)


def check_written_address(host: str) -> None:
    """Refuse a host that is written as an address that is not public, in any of the ways there are.

    Names are looked up by whoever connects; `localhost` and those below it are known.

    Args:
        host: such as `10.0.0.1`, `127.1`, `2130706433` or `::1`; others are passed over.

    Raises:
        RefusalError: it leads nowhere public.
    """
    if host == "localhost" or host.endswith(".localhost"):
        raise RefusalError(PRIVATE)
    with contextlib.suppress(OSError, UnicodeError):
        for *_, address in socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST):
            check_public(str(address[0]))


class _Checked:
    """What both kinds of connections do: they look who is there, and are known to their adapter."""

    opened: "weakref.WeakSet[Any]"
    is_cut: threading.Event
    allow_private: bool
    proxy: Any
    sock: Any

    def _new_conn(self) -> socket.socket:
        connection: socket.socket = super()._new_conn()  # type: ignore[misc]
        # Behind a proxy it is the proxy that connects, and that may well stand next door.
        if not self.allow_private and self.proxy is None:
            try:
                check_public(connection.getpeername()[0])
            except RefusalError as error:
                connection.close()
                # A name may lead elsewhere tomorrow: where one must sign in first, all lead to one page.
                raise RefusalError(error.reason, lasting=False) from error
        return connection

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        # The socket and not the connection, which forgets it if the host wants it closed after the answer.
        self.opened.add(self.sock)
        if self.is_cut.is_set():  # while it was connecting, when there was nothing to be shut
            self.sock.close()
            raise ConnectionAbortedError("cut")


class WatchedAdapter(HTTPAdapter):
    """Sends requests, to public addresses alone if that is wanted, until it is told to stop.

    Args:
        allow_private: whether other addresses may be asked too.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._opened: weakref.WeakSet[Any] = weakref.WeakSet()
        self._is_cut = threading.Event()
        common = {"opened": self._opened, "is_cut": self._is_cut, "allow_private": allow_private}
        plain = type("Connection", (_Checked, HTTPConnection), common)
        tls = type("TlsConnection", (_Checked, HTTPSConnection), common)
        self._pools = {
            "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
        }
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """As in `HTTPAdapter`."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        """As in `HTTPAdapter`."""
        manager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = self._pools
        return manager

    @property
    def is_cut(self) -> bool:
        """Whether it has been told to stop."""
        return self._is_cut.is_set()

    def cut(self) -> None:
        """End what is being sent and received, for good; whoever waits for it gets an error."""
        self._is_cut.set()
        for connection in list(self._opened):
            with contextlib.suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)
