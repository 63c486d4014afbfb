import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import photo_server
import pytest
from photo_server import Site, as_json, body, photo
from PIL import Image


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def site() -> Iterator[photo_server.Site]:
    with photo_server.serving() as site:
        yield site


@pytest.fixture
def open_image() -> Callable[[bytes], Image.Image]:
    return lambda data: Image.open(io.BytesIO(data))


@pytest.fixture
def shop(site: Site) -> Site:
    site.offers = {}  # type: ignore[attr-defined]

    def page(query: dict[str, str]) -> dict[str, Any]:
        return {"page_count": 1, "results": site.offers.get(query["q"], [])}  # type: ignore[attr-defined]

    site.answers["/search"] = as_json(page)
    for number in range(12):
        site.answers[f"/{number}.jpg"] = body(photo(number))
    return site
