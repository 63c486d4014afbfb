import io
from collections.abc import Callable, Iterator

import photo_server
import pytest
from PIL import Image


@pytest.fixture
def site() -> Iterator[photo_server.Site]:
    with photo_server.serving() as site:
        yield site


@pytest.fixture
def open_image() -> Callable[[bytes], Image.Image]:
    return lambda data: Image.open(io.BytesIO(data))
