"""GET requests that give up on nothing too early: retries, redirects, and what a host asks for."""

import contextlib
import email.utils
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from kclass.collecting.hosts import Hosts, Session
from kclass.collecting.refusals import RefusalError

Read = TypeVar("Read")

MOST_REDIRECTS: Final = 5
TRY_AGAIN: Final = frozenset({408, 425, 429, *range(500, 600)})
FOR_GOOD: Final = frozenset({400, 404, 405, 406, 410, 414, 415})
"""After others it is asked for again the next time: 403 may depend on a key, 424 on a host behind."""
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
NO_CONNECTION: Final = "no connection"
SCHEMES: Final = ("http", "https")


@dataclass(frozen=True)
class Patience:
    """How long to wait for what, in seconds.

    Args:
        attempts: how often something is asked for before it is given up.
        connect: for a connection.
        read: for the next bytes.
        whole: for all bytes of one answer.
        first_wait: before the second attempt; each further wait is twice as long.
        longest_wait: that a host may ask for; if it asks for more, it is left alone.
    """

    attempts: int = 4
    connect: float = 10.0
    read: float = 30.0
    whole: float = 300.0
    first_wait: float = 1.0
    longest_wait: float = 120.0


class _PassingError(Exception):
    """Something that may go better the next time.

    Args:
        reason: as in `RefusalError`.
        wait: the seconds that the host asks to wait for.

    Attributes:
        address: that was asked, after redirects.
    """

    def __init__(self, reason: str, *, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait
        self.address = ""


class _TooSlowError(RefusalError):
    """An answer that does not come to its end in time."""

    def __init__(self) -> None:
        super().__init__("too slow", lasting=False)


class Fetcher:
    """Asks hosts for what lies at addresses.

    Args:
        hosts: lends sessions.
        patience: how long to wait.
        clock: the seconds since 1970; for hosts that name a date.
    """

    def __init__(
        self, hosts: Hosts, patience: Patience = Patience(), *, clock: Callable[[], float] = time.time
    ) -> None:
        self._hosts, self.patience, self._clock = hosts, patience, clock

    def fetch(
        self,
        address: str,
        read: Callable[[requests.Response], Read],
        *,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        gap: float = 0.0,
        seconds: float | None = None,
    ) -> Read:
        """What `read` makes of the answer to a GET request.

        Args:
            address: http or https.
            read: is given an answer with status 200 whose body has not been read; it may be called again
                if that ends too early.
            parameters: of the query.
            headers: for the host of the address alone; a redirect to another does not see them.
            gap: seconds in which nobody asks that host again.
            seconds: that an answer may take, from the first byte of its status to the last of its body;
                None for those of `Patience`.

        Raises:
            RefusalError: the answer is none, or none that is wanted.
        """
        for attempt in range(self.patience.attempts):
            was_asked = True
            try:
                return self._followed(address, read, parameters, headers, seconds or self.patience.whole)
            except _PassingError as error:
                was_asked = error.reason != NO_CONNECTION
                if error.wait:
                    self._hosts.rest(error.address, error.wait)
                last = attempt + 1 == self.patience.attempts
                if last:
                    self._hosts.note_failure(error.address)
                if last or error.wait > self.patience.longest_wait:
                    raise RefusalError(error.reason, lasting=False) from error
                self._hosts.sleep(max(error.wait, self.patience.first_wait * 2**attempt))
            finally:
                if gap and was_asked:
                    self._hosts.rest(address, gap)
        raise AssertionError("an attempt ends in an answer or an error")

    def stop(self) -> None:
        """Ask nothing more; who waits for an answer is refused."""
        self._hosts.stop()

    @contextlib.contextmanager
    def _in_time(self, session: Session, seconds: float) -> Iterator[None]:
        """End the block's request when its time is over, whatever it waits for.

        Raises:
            RefusalError: it took too long, or nothing more is to be asked.
        """
        over = threading.Event()

        def end() -> None:
            over.set()
            session.cut()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception as error:
            self._check_time(over, error)
            raise
        finally:
            timer.cancel()
        self._check_time(over, None)  # where a body's length is not told, a cut is its end

    def _check_time(self, over: threading.Event, cause: Exception | None) -> None:
        self._hosts.check()
        if over.is_set():
            raise _TooSlowError from cause

    def _followed(
        self,
        address: str,
        read: Callable[[requests.Response], Read],
        parameters: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        seconds: float,
    ) -> Read:
        host, seen = _checked_host(address), {address}
        for _ in range(MOST_REDIRECTS + 1):
            own = headers if _checked_host(address) == host else None
            with self._answered(address, parameters, own, seconds) as answer:
                if answer.status_code == 200:
                    return read(answer)
                address, parameters = self._next(answer), None
            if address in seen:
                raise RefusalError("redirects in a circle")
            seen.add(address)
        raise RefusalError("too many redirects")

    @contextlib.contextmanager
    def _answered(
        self,
        address: str,
        parameters: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        seconds: float,
    ) -> Iterator[requests.Response]:
        """The answer of one address, wherever that may redirect to; its body has not been read."""
        answered = False
        try:
            with (
                self._hosts.session(address, longest_wait=self.patience.longest_wait) as session,
                _translated(),
                self._in_time(session, seconds),
                session.get(
                    address,
                    params=parameters,
                    headers=headers,
                    stream=True,
                    allow_redirects=False,
                    timeout=(self.patience.connect, self.patience.read),
                ) as answer,
            ):
                answered = True
                yield answer
            self._hosts.note_success(address)
        except _PassingError as error:
            error.address = address
            raise
        except _TooSlowError:
            self._hosts.note_failure(address)
            raise
        except RefusalError:
            if answered:  # to say no is an answer
                self._hosts.note_success(address)
            raise

    def _next(self, answer: requests.Response) -> str:
        """Where a redirect leads."""
        status = answer.status_code
        if status in TRY_AGAIN:
            raise _PassingError(f"HTTP {status}", wait=self._asked(answer))
        place = answer.headers.get("Location", "")
        if status not in REDIRECTS or not place:
            raise RefusalError(f"HTTP {status}", lasting=status in FOR_GOOD)
        # Hosts send UTF-8, which http.client reads as the Latin-1 that was agreed upon once.
        return urljoin(answer.url, place.encode("latin-1").decode("utf-8"))

    def _asked(self, answer: requests.Response) -> float:
        """The seconds that a host asks to wait for: RFC 9110, section 10.2.3."""
        said = answer.headers.get("Retry-After", "").strip()
        if said.isdecimal():
            return float(said)
        try:
            date: datetime = email.utils.parsedate_to_datetime(said)
            return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - self._clock())
        except (ValueError, OverflowError):
            return 0.0


def _checked_host(address: str) -> tuple[str, str]:
    """Scheme and host of an address that may be asked for.

    Raises:
        RefusalError: it is none, or of another kind.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError as error:
        raise RefusalError("not an address") from error
    if parts.scheme not in SCHEMES:
        raise RefusalError("not http or https")
    if not host:
        raise RefusalError("not an address")
    return parts.scheme, parts.netloc


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """What requests and urllib3 raise, as a refusal, or as something that may go better.

    Raises:
        RefusalError: it would be the same the next time.
        _PassingError: it may go better the next time.
    """
    try:
        yield
    except (requests.exceptions.InvalidProxyURL, requests.exceptions.InvalidSchema) as error:
        raise RefusalError("the proxy that is set cannot be used", lasting=False) from error
    except requests.exceptions.SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise RefusalError("no valid certificate", lasting=False) from error
        raise _PassingError("no secure connection") from error
    except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise _PassingError("timed out") from error
    except requests.exceptions.ConnectionError as error:
        raise _PassingError(NO_CONNECTION) from error
    except (requests.exceptions.ChunkedEncodingError, urllib3.exceptions.HTTPError, OSError) as error:
        if isinstance(error, ValueError):
            raise RefusalError("not an address") from error
        raise _PassingError("cut off") from error
    except ValueError as error:  # InvalidURL among others; urllib3 and idna have more
        raise RefusalError("not an address") from error
