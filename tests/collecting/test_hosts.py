import threading

import pytest
import requests
from photo_server import Clock, Site, body

from kclass.collecting.fetching import Fetcher
from kclass.collecting.hosts import MOST_IDLE, Hosts
from kclass.collecting.refusals import RefusalError
from kclass.parallel import in_parallel


@pytest.mark.parametrize("at_once", [1, 3])
def test_no_more_requests_run_at_once_than_a_host_may_have(at_once: int, site: Site) -> None:
    # Each answer waits until so many have been asked for, so that they do run at once.
    waiting = threading.Barrier(at_once)

    def answer(handler: object) -> None:
        waiting.wait(30)
        body(b"a")(handler)  # type: ignore[arg-type]

    site.answers["/a"] = answer
    fetcher = Fetcher(Hosts(allow_private=True, at_once=at_once))
    number = 4 * at_once
    with in_parallel(
        lambda _: fetcher.fetch(site.url("/a"), lambda it: it.raw.read()), range(number), threads=16
    ) as got:
        assert list(got) == [b"a"] * number
    assert site.most_at_once == at_once


def test_a_connection_is_used_again(site: Site) -> None:
    site.answers["/a"] = body(b"a")
    fetcher = Fetcher(Hosts(allow_private=True))
    for _ in range(5):
        fetcher.fetch(site.url("/a"), lambda answer: answer.raw.read())
    assert len(site.connections) == 1


def test_a_host_may_ask_for_fewer() -> None:
    clock = Clock()
    hosts = Hosts(allow_private=True, clock=clock, sleep=clock.sleep)
    with hosts.session("https://commons.wikimedia.org/w/api.php") as first:
        found = []
        thread = threading.Thread(target=lambda: found.append(_session_of(hosts)))
        thread.start()
        thread.join(0.05)
        assert thread.is_alive()
    thread.join()
    assert found == [first]


def _session_of(hosts: Hosts) -> object:
    with hosts.session("https://commons.wikimedia.org/wiki/A") as session:
        return session


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "[fe80::1]",
        "[::ffff:10.0.0.1]",
        "127.1",
        "2130706433",
        "0x7f000001",
        "localhost",
        "a.localhost",
        "[64:ff9b::a00:1]",
        "0.0.0.0",
        "[fec0::2]",
        "[64:ff9b:1::a00:1]",
        "[::127.0.0.1]",
    ],
)
def test_addresses_that_are_not_public_are_refused_by_their_numbers(host: str) -> None:
    hosts = Hosts(allow_private=False)
    with pytest.raises(RefusalError, match="private address"), hosts.session(f"http://{host}/a"):
        pass


def test_public_addresses_and_names_are_asked() -> None:
    for host in ("93.184.216.34", "[2606:2800:220:1:248:1893:25c8:1946]", "photos.example"):
        with Hosts(allow_private=False).session(f"http://{host}/a"):
            pass


def test_few_hosts_keep_their_connections() -> None:
    hosts = Hosts(allow_private=True)
    sessions = {}
    for number in range(MOST_IDLE + 10):
        with hosts.session(f"http://photos{number}.example/a") as session:
            sessions[number] = session
    idle = [name for name, host in hosts._hosts.items() if host.idle]
    assert idle == [f"photos{number}.example" for number in range(10, MOST_IDLE + 10)]
    with hosts.session("http://photos10.example/b") as session:
        assert session is sessions[10]
    with hosts.session("http://photos0.example/b") as session:
        assert session is not sessions[0]
    hosts.close()
    assert not any(host.idle for host in hosts._hosts.values())


def test_whoever_waits_is_refused_when_nothing_more_is_asked() -> None:
    hosts = Hosts(allow_private=True)
    hosts.rest("http://a", 3600)
    caught: list[str] = []

    def wait() -> None:
        try:
            with hosts.session("http://a/1"):
                pass
        except RefusalError as error:
            caught.append(error.reason)

    thread = threading.Thread(target=wait)
    thread.start()
    hosts.stop()
    thread.join(30)
    assert caught == ["stopped"]


def test_a_host_that_asks_for_more_patience_than_there_is_is_left_alone() -> None:
    clock = Clock()
    hosts = Hosts(allow_private=True, clock=clock, sleep=clock.sleep)
    hosts.rest("http://a/1", 100)
    with pytest.raises(RefusalError) as caught, hosts.session("http://a/2", longest_wait=99):
        pass
    assert (caught.value.reason, caught.value.lasting) == ("its host asks to be left alone for now", False)
    assert clock.waits == []
    with hosts.session("http://a/2", longest_wait=100), hosts.session("http://b/2", longest_wait=0):
        assert clock.waits == [100]


def test_a_session_that_was_cut_is_not_used_again() -> None:
    hosts = Hosts(allow_private=True)
    with hosts.session("http://a/1") as session:
        session.cut()
    with hosts.session("http://a/1") as another:
        assert another is not session


def test_what_is_cut_while_it_connects_asks_for_nothing(site: Site) -> None:
    site.answers["/a"] = body(b"a")
    with Hosts(allow_private=True).session(site.url("/a")) as session:
        session.cut()  # there is no connection yet
        with pytest.raises(requests.exceptions.ConnectionError):
            session.get(site.url("/a"), timeout=30)
    assert not site.asked


def test_no_session_is_lent_once_nothing_more_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = Hosts(allow_private=True)
    # Between the look at whether to go on, and the session.
    monkeypatch.setattr(hosts, "_wait", lambda *_: hosts.stop())
    with pytest.raises(RefusalError, match="stopped"), hosts.session("http://a/1"):
        pass


def test_a_host_has_its_turns_and_its_rest_whatever_the_port_and_the_scheme() -> None:
    clock = Clock()
    hosts = Hosts(allow_private=True, clock=clock, sleep=clock.sleep, at_once=1)
    hosts.rest("https://a/1", 9)
    with hosts.session("http://a:8080/2") as session:
        assert clock.waits == [9]
    with hosts.session("https://a:443/3") as another:
        assert another is session
