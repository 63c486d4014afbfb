"""Questions to services that answer in JSON, each asked once."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import requests

from kclass.collecting.answers import text_of
from kclass.collecting.fetching import Fetcher
from kclass.collecting.ledger import Ledger
from kclass.collecting.refusals import RefusalError

MOST_BYTES: Final = 32 * 2**20
PIECE: Final = 1 << 16


class RememberedAnswers:
    """An `Asking` that asks what the ledger does not know.

    Args:
        fetcher: asks hosts.
        ledger: what has been answered before.
    """

    def __init__(self, fetcher: Fetcher, ledger: Ledger) -> None:
        self._fetcher, self._ledger = fetcher, ledger

    def __call__(
        self,
        address: str,
        parameters: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        gap: float = 0.0,
    ) -> Any:
        """As `Asking`.

        Raises:
            RefusalError: the service cannot be reached, refuses, or answers with something else.
        """
        asked = f"{address}?{urlencode(sorted(parameters.items()))}"
        known = self._ledger.answer(asked)
        if known is None:
            known = self._fetcher.fetch(address, _parsed, parameters=parameters, headers=headers, gap=gap)
            self._ledger.note_answer(asked, known)
        return known


def _parsed(answer: requests.Response) -> Any:
    data = bytearray()
    while piece := answer.raw.read1(PIECE, decode_content=True):
        data += piece
        if len(data) > MOST_BYTES:
            raise RefusalError("an answer without end", lasting=False)
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RefusalError("an answer that is no JSON", lasting=False) from error
    if not isinstance(found, dict):
        raise RefusalError("an answer of another form", lasting=False)
    if "error" in found:  # MediaWiki's way to say no, with HTTP 200
        raise RefusalError(f"the service says {text_of(found, 'error', 'code') or 'no'}", lasting=False)
    return found
