"""What features are made with: a frozen network and how photos are prepared for it."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.backbones.archive import Archive
from kclass.engines.engine import Engine, engine_shape, open_engine
from kclass.engines.network import CONVERTER_VERSION, Network
from kclass.features.stored import FEATURES, STORED_VERSION
from kclass.features.throughput import LazyEngine
from kclass.photos.decoding import DECODER_VERSION, Photo
from kclass.photos.loading import load_with_photo
from kclass.photos.resizing import Resize


@dataclass(frozen=True)
class Extractor:
    """A frozen network and all else that a feature depends on besides the photo.

    Args:
        archive: the network, with or without head; its features are what `logits` reads.
        resize: how photos are brought to the network's size.
        device: "cpu" or "gpu".
        precision: "f32" or "bf16".
        network: the archive's network as converted before, if at hand.
    """

    archive: Archive
    resize: Resize
    device: str
    precision: str
    network: Network | None = None

    @functools.cached_property
    def recipe(self) -> str:
        """A text that is equal for extractors whose features are."""
        archive = self.archive
        # The converter makes the CPU's network alone.
        engine = f"cpu-{CONVERTER_VERSION}" if self.device == "cpu" else self.device
        made = (archive.fingerprint, DECODER_VERSION, archive.size, self.resize, self.precision, engine)
        return " ".join(map(str, (FEATURES, STORED_VERSION, *made)))

    def open_lazily(self) -> Engine:
        """An engine that runs the network, and is opened when the first photo comes."""
        return LazyEngine(self.open, engine_shape(self.device))

    def open(self) -> Engine:
        """The engine that runs the network, ready at once."""
        return open_engine(self.archive, device=self.device, precision=self.precision, network=self.network)

    def decode(self, data: bytes, *, name: str) -> NDArray[np.uint8]:
        """A photo's bytes as the network takes them: raw RGB uint8 (size, size, 3).

        Raises:
            PhotoError: the data cannot be read as a photo.
        """
        return np.array(self.decode_with_photo(data, name=name)[0])

    def decode_with_photo(self, data: bytes, *, name: str) -> tuple[Image.Image, Photo]:
        """What `decode` gives, as an image, and the decoded photo that it was made from.

        Raises:
            PhotoError: the data cannot be read as a photo.
        """
        return load_with_photo(data, name=name, size=self.archive.size, how=self.resize)
