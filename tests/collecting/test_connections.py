"""Connections by TLS, to a server on loopback whose certificate is its own.

The certificate and its key, in `loopback.pem`, are for 127.0.0.1, and good for nothing but these tests.
"""

import ssl
from collections.abc import Iterator
from pathlib import Path

import photo_server
import pytest
from photo_server import Clock, Site, body, dripping

from kclass.collecting.fetching import Fetcher, Patience
from kclass.collecting.hosts import Hosts
from kclass.collecting.refusals import RefusalError

CERTIFICATE = Path(__file__).with_name("loopback.pem")


@pytest.fixture
def safe() -> Iterator[Site]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with photo_server.serving(context) as site:
        yield site


def fetched(site: Site, path: str, *, allow_private: bool = True, patience: Patience | None = None) -> bytes:
    clock = Clock()
    hosts = Hosts(allow_private=allow_private, clock=clock, sleep=clock.sleep)
    fetcher = Fetcher(hosts, patience or Patience())
    try:
        return fetcher.fetch(site.url(path), lambda answer: b"".join(iter(lambda: answer.raw.read1(), b"")))
    finally:
        hosts.close()


def test_what_lies_at_a_safe_address_is_fetched(safe: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    safe.answers["/a"] = body(b"here it is")
    assert fetched(safe, "/a") == b"here it is"


def test_a_host_that_cannot_say_who_it_is_is_asked_for_nothing(safe: Site) -> None:
    with pytest.raises(RefusalError) as caught:
        fetched(safe, "/a")
    assert (caught.value.reason, caught.value.lasting) == ("no valid certificate", False)
    assert not safe.asked


def test_a_name_that_leads_to_a_private_address_is_refused_before_anything_is_sent(
    safe: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    monkeypatch.setattr("kclass.collecting.hosts.check_written_address", lambda _: None)
    with pytest.raises(RefusalError) as caught:
        fetched(safe, "/a", allow_private=False)
    assert (caught.value.reason, caught.value.lasting) == ("private address", False)
    assert not safe.asked


def test_a_body_that_drips_ends_with_patience(safe: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    safe.answers["/a"] = dripping(Connection="close")
    with pytest.raises(RefusalError, match="too slow"):
        fetched(safe, "/a", patience=Patience(whole=0.3))
