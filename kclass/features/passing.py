"""Photos through a network, a few in memory, with nothing remembered."""

from collections.abc import Generator, Sequence
from pathlib import Path

from kclass.errors import PhotoError
from kclass.features.extractor import Extractor
from kclass.features.throughput import Decoded, Passed, through_engine
from kclass.photos.decoding import read_bytes


def passed(
    paths: Sequence[Path], *, extractor: Extractor
) -> Generator[Passed[Path] | PhotoError, None, None]:
    """The features of each photo with its path, or what is wrong with it, in order.

    Closing it waits for the work that has begun.

    Args:
        paths: files in any format that `kclass.photos` reads.
        extractor: the network, and how photos are prepared for it.
    """

    def prepare(path: Path) -> Decoded[Path] | PhotoError:
        try:
            return Decoded(extractor.decode(read_bytes(path), name=str(path)), path)
        except PhotoError as error:
            return error

    outcomes: Generator[Passed[Path] | PhotoError, None, None]
    outcomes = through_engine(paths, engine=extractor.open_lazily(), prepare=prepare)
    return outcomes
