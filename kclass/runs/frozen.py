"""A frozen network, and what it sees in the photos of a data set."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.backbones.registry import NO_WEIGHTS, open_backbone
from kclass.dataset.samples import Samples
from kclass.engines.engine import check_device
from kclass.engines.kept import converted
from kclass.engines.network import Network, convert
from kclass.engines.runtime import resolve_precision
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.progress import Progress
from kclass.runs.options import FitOptions


@dataclass(frozen=True, eq=False)
class FrozenFeatures:
    """What a frozen network makes of photos.

    Args:
        backbone: the network, without a head.
        network: the same as an engine runs it.
        precision: "f32" or "bf16": what it was computed in.
        recipe: what the features depend on besides the photos.
        rows: int64 (readable photos,): the rows of the photos in the data set.
        features: float32 (readable photos, features).
    """

    backbone: Archive
    network: Network
    precision: str
    recipe: str
    rows: NDArray[np.int64] = field(repr=False)
    features: NDArray[np.float32] = field(repr=False)

    def of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The features of some of the photos: float32 (rows, features)."""
        chosen: NDArray[np.float32] = self.features[np.searchsorted(self.rows, rows)]
        return chosen


def frozen_features(
    samples: Samples, rows: NDArray[np.int64], options: FitOptions, progress: Progress
) -> FrozenFeatures:
    """Let the backbone look at each photo once; the cache remembers what it saw.

    Args:
        samples: the table.
        rows: int64 (photos,): those to look at, ascending.
        options: of the fit.
        progress: is told how many photos have been embedded.

    Raises:
        ModelError: the backbone or its weights cannot be used.
        OutputError: the cache cannot be used.
    """
    device = check_device(options.device)
    backbone = open_backbone(
        options.backbone, weights=options.weight_source, size=options.photo_size, seed=options.seed
    )
    precision = resolve_precision(options.precision, device=device)
    # Nobody comes back to random weights, so the cache does not keep them.
    network = convert(backbone) if options.weight_source == NO_WEIGHTS else converted(backbone)
    extractor = Extractor(backbone, options.resize, device, precision, network)
    embedding = embed(samples.select(rows).files, extractor=extractor, progress=progress)
    return FrozenFeatures(
        backbone, network, precision, extractor.recipe, rows[embedding.readable], embedding.features
    )
