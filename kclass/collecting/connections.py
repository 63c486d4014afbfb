"""Connections that lead to the public network alone, checked once they stand.

A host's name can be looked up, found to be public, and lead to another machine when it is looked up again
to connect. So it is the other end of the connection that is checked, before anything is sent.
"""

import ipaddress
import socket
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from kclass.collecting.refusals import RefusalError

PRIVATE: Final = "private address"


def check_public(address: str) -> None:
    """Refuse what is no public internet address.

    Args:
        address: an IP address, such as `93.184.216.34` or `::1`.

    Raises:
        RefusalError: it is private, loopback, link-local, or set aside otherwise.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if not found.is_global or found.is_multicast or (inner is not None and not inner.is_global):
        raise RefusalError(PRIVATE)


def _checked(connection: socket.socket, *, by_proxy: bool) -> socket.socket:
    # Behind a proxy it is the proxy that connects, and that may well stand next door.
    if not by_proxy:
        try:
            check_public(connection.getpeername()[0])
        except RefusalError:
            connection.close()
            raise
    return connection


class _PublicConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), by_proxy=self.proxy is not None)


class _PublicTlsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), by_proxy=self.proxy is not None)


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTlsConnection


class PublicAdapter(HTTPAdapter):
    """Sends requests to public addresses alone."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """As in `HTTPAdapter`."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PublicPool, "https": _PublicTlsPool}
