"""Photos through a network, a few in memory, with nothing remembered."""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Final

from kclass.errors import PhotoError
from kclass.features.extractor import Extractor
from kclass.features.throughput import Decoded, Passed, through_engine
from kclass.photos.decoding import read_bytes

STRETCH: Final = 4096
"""Photos whose paths are objects at a time: one takes 500 bytes, and its name 100."""


def passed(
    paths: Sequence[str | Path], *, extractor: Extractor
) -> Generator[Passed[Path] | PhotoError, None, None]:
    """The features of each photo with its path, or what is wrong with it, in order.

    Closing it waits for the work that has begun.

    Args:
        paths: files in any format that `kclass.photos` reads; of very many, names take less memory.
        extractor: the network, and how photos are prepared for it.
    """

    def prepare(path: Path) -> Decoded[Path] | PhotoError:
        try:
            return Decoded(extractor.decode(read_bytes(path), name=str(path)), path)
        except PhotoError as error:
            return error

    engine = extractor.open_lazily()
    for start in range(0, len(paths), STRETCH):
        stretch = [Path(path) for path in paths[start : start + STRETCH]]
        outcomes: Generator[Passed[Path] | PhotoError, None, None]
        outcomes = through_engine(stretch, engine=engine, prepare=prepare)
        yield from outcomes
