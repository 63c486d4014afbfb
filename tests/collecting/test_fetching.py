import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from photo_server import Answer, Clock, Site, body, cut_off, dripping_headers, in_turn, redirect, status

from kclass.collecting.fetching import Fetcher, Patience
from kclass.collecting.hosts import MOST_FAILURES, Hosts
from kclass.collecting.refusals import RefusalError


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fetcher(clock: Clock) -> Fetcher:
    hosts = Hosts(allow_private=True, clock=clock, sleep=clock.sleep)
    return Fetcher(hosts, Patience(read=5), clock=clock)


def content(answer: requests.Response) -> bytes:
    return answer.raw.read(decode_content=True)


def refused(fetcher: Fetcher, address: str) -> tuple[str, bool]:
    with pytest.raises(RefusalError) as caught:
        fetcher.fetch(address, content)
    return caught.value.reason, caught.value.lasting


def test_what_lies_at_an_address_is_fetched(fetcher: Fetcher, site: Site) -> None:
    site.answers["/a"] = body(b"here it is")
    assert fetcher.fetch(site.url("/a"), content) == b"here it is"


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504, 507, 522])
def test_what_may_pass_is_asked_for_again_each_time_later(
    code: int, fetcher: Fetcher, site: Site, clock: Clock
) -> None:
    site.answers["/a"] = in_turn(status(code), status(code), body(b"at last"))
    assert fetcher.fetch(site.url("/a"), content) == b"at last"
    assert clock.waits == [1, 2]


def test_a_host_is_asked_four_times_and_then_left(fetcher: Fetcher, site: Site, clock: Clock) -> None:
    site.answers["/a"] = status(500)
    assert refused(fetcher, site.url("/a")) == ("HTTP 500", False)
    assert (site.asked["/a"], clock.waits) == (4, [1, 2, 4])


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("7", 7.0),
        ("Thu, 01 Jan 1970 00:17:00 GMT", 20.0),
        ("soon", 1.0),
        ("-3", 1.0),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 1.0),
    ],
)
def test_a_host_may_say_how_long_to_wait(
    said: str, wait: float, fetcher: Fetcher, site: Site, clock: Clock
) -> None:
    site.answers["/a"] = in_turn(status(429, Retry_After=said), body(b"now"))
    assert fetcher.fetch(site.url("/a"), content) == b"now"
    assert sum(clock.waits) == wait


def test_others_wait_for_a_host_that_asks_for_patience(fetcher: Fetcher, site: Site, clock: Clock) -> None:
    hosts = fetcher._hosts
    hosts.rest(site.url("/a"), 30)
    site.answers["/b"] = body(b"b")
    fetcher.fetch(site.url("/b"), content)
    assert clock.waits == [30]


def test_a_host_that_asks_for_too_much_patience_is_left_alone(
    fetcher: Fetcher, site: Site, clock: Clock
) -> None:
    site.answers["/a"] = status(429, Retry_After="3600")
    assert refused(fetcher, site.url("/a")) == ("HTTP 429", False)
    assert (site.asked["/a"], clock.waits) == (1, [])
    site.answers["/b"] = body(b"b")
    assert refused(fetcher, site.url("/b")) == ("its host asks to be left alone for now", False)
    assert not site.asked["/b"]
    clock.sleep(3500)
    assert fetcher.fetch(site.url("/b"), content) == b"b"


def test_others_wait_for_a_host_though_one_has_given_it_up(
    fetcher: Fetcher, site: Site, clock: Clock
) -> None:
    site.answers |= {"/a": status(503, Retry_After="9"), "/b": body(b"b")}
    assert refused(fetcher, site.url("/a")) == ("HTTP 503", False)
    assert clock.waits == [9, 9, 9]
    fetcher.fetch(site.url("/b"), content)
    assert clock.waits == [9, 9, 9, 9]


@pytest.mark.parametrize(
    ("code", "lasting"),
    [(400, True), (404, True), (410, True), *((code, False) for code in (202, 401, 402, 403, 409, 424))],
)
def test_what_will_not_pass_is_asked_for_once(code: int, lasting: bool, fetcher: Fetcher, site: Site) -> None:
    # With another key or contact 401 and 403 may turn into photos.
    site.answers["/a"] = status(code)
    assert refused(fetcher, site.url("/a")) == (f"HTTP {code}", lasting)
    assert site.asked["/a"] == 1


def test_a_body_that_ends_early_is_fetched_again(fetcher: Fetcher, site: Site) -> None:
    site.answers["/a"] = in_turn(cut_off(bytes(1000)), body(bytes(1000)))
    assert fetcher.fetch(site.url("/a"), content) == bytes(1000)


def test_redirects_are_followed(fetcher: Fetcher, site: Site) -> None:
    site.answers |= {"/a": redirect("/b"), "/b": redirect(site.url("/c")), "/c": body(b"c")}
    assert fetcher.fetch(site.url("/a"), content) == b"c"


def test_redirects_have_signs_of_all_languages(fetcher: Fetcher, site: Site) -> None:
    site.answers |= {"/a": redirect("/café.jpg".encode().decode("latin-1")), "/caf%C3%A9.jpg": body(b"c")}
    assert fetcher.fetch(site.url("/a"), content) == b"c"


@pytest.mark.parametrize(
    ("variable", "proxy"), [("http_proxy", "http://:8080"), ("all_proxy", "socks5h://127.0.0.1:9")]
)
def test_a_proxy_that_cannot_be_used_is_no_fault_of_the_address(
    variable: str, proxy: str, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv(variable, proxy)
    assert refused(fetcher, "http://photos.example/a") == ("the proxy that is set cannot be used", False)


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("/a", "redirects in a circle"),
        ("file:///etc/passwd", "not http or https"),
        ("ftp://example.org/a", "not http or https"),
        ("http://[::1", "not an address"),
    ],
)
def test_redirects_that_lead_nowhere_are_refused(to: str, reason: str, fetcher: Fetcher, site: Site) -> None:
    site.answers["/a"] = redirect(to)
    assert refused(fetcher, site.url("/a")) == (reason, True)


def test_a_long_row_of_redirects_is_refused(fetcher: Fetcher, site: Site) -> None:
    for number in range(20):
        site.answers[f"/{number}"] = redirect(f"/{number + 1}")
    assert refused(fetcher, site.url("/0")) == ("too many redirects", True)


def test_a_key_goes_to_the_host_it_is_for_alone(fetcher: Fetcher, site: Site) -> None:
    other: Callable[[str], str] = lambda path: site.url(path).replace("127.0.0.1", "localhost")  # noqa: E731
    site.answers |= {"/a": redirect("/b"), "/b": redirect(other("/c")), "/c": body(b"c")}
    fetcher.fetch(site.url("/a"), content, headers={"X-Key": "secret"})
    assert [site.headers[path].get("X-Key") for path in ("/a", "/b", "/c")] == ["secret", "secret", None]


def test_a_private_address_is_refused_before_anything_is_sent(site: Site, clock: Clock) -> None:
    fetcher = Fetcher(Hosts(allow_private=False, clock=clock, sleep=clock.sleep))
    site.answers["/a"] = body(b"secret")
    assert refused(fetcher, site.url("/a")) == ("private address", True)
    assert not site.asked


@pytest.mark.parametrize("address", ["", "a b", "http://[::1", "//host/a", "javascript:alert(1)"])
def test_what_is_no_address_is_refused(address: str, fetcher: Fetcher) -> None:
    reason, lasting = refused(fetcher, address)
    assert reason in ("not an address", "not http or https")
    assert lasting


def test_headers_that_drip_end_with_patience(site: Site) -> None:
    site.answers["/a"] = dripping_headers()
    fetcher = Fetcher(Hosts(allow_private=True), Patience(whole=0.1))
    for _ in range(MOST_FAILURES):
        assert refused(fetcher, site.url("/a")) == ("too slow", False)
    assert refused(fetcher, site.url("/a")) == ("its host fails", False)


def test_whoever_receives_is_refused_when_nothing_more_is_asked(site: Site) -> None:
    site.answers["/a"] = dripping_headers()
    hosts = Hosts(allow_private=True)
    fetcher = Fetcher(hosts)
    found: list[tuple[str, bool]] = []
    thread = threading.Thread(target=lambda: found.append(refused(fetcher, site.url("/a"))))
    thread.start()
    while not site.asked["/a"]:
        threading.Event().wait(0.01)
    fetcher.stop()
    thread.join(60)
    assert found == [("stopped", False)]


def test_a_name_and_a_password_go_to_the_host_whose_address_has_them(
    fetcher: Fetcher, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login jo password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    site.answers["/a"] = body(b"a")
    fetcher.fetch(site.url("/a"), content)
    assert "Authorization" not in site.headers["/a"]
    fetcher.fetch(site.url("/a").replace("//", "//me:mine@"), content)
    assert site.headers["/a"]["Authorization"] == "Basic bWU6bWluZQ=="


def unreachable() -> str:
    """Where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_a_host_that_cannot_be_reached_is_given_up_after_some_photos(fetcher: Fetcher, clock: Clock) -> None:
    host = unreachable()
    for number in range(MOST_FAILURES):
        assert refused(fetcher, f"{host}/{number}") == ("no connection", False)
    waits = list(clock.waits)
    assert waits == [1, 2, 4] * MOST_FAILURES
    assert refused(fetcher, f"{host}/last") == ("its host fails", False)
    assert clock.waits == waits


@pytest.mark.parametrize("answer", [body(b"a"), status(404), redirect("/a")])
def test_a_host_that_answers_in_between_is_asked_on(answer: Answer, fetcher: Fetcher, site: Site) -> None:
    site.answers |= {"/bad": status(500), "/good": answer}
    for number in range(1, MOST_FAILURES + 3):
        assert refused(fetcher, site.url("/bad")) == ("HTTP 500", False)
        if number % (MOST_FAILURES - 1) == 0:
            with contextlib.suppress(RefusalError):
                fetcher.fetch(site.url("/good"), content)
    assert site.asked["/bad"] == 4 * (MOST_FAILURES + 2)


def test_a_host_has_its_gap_after_it_was_asked_and_not_where_it_could_not_be(
    fetcher: Fetcher, site: Site, clock: Clock
) -> None:
    host = unreachable()
    for _ in range(2):
        with pytest.raises(RefusalError, match="no connection"):
            fetcher.fetch(f"{host}/a", content, gap=100)
    assert clock.waits == [1, 2, 4] * 2
    site.answers["/a"] = in_turn(status(404), body(b"a"))
    for expected in ([], [100]):
        clock.waits.clear()
        with contextlib.suppress(RefusalError):
            fetcher.fetch(site.url("/a"), content, gap=100)
        assert clock.waits == expected
