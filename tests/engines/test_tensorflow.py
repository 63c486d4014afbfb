from typing import Any

import numpy as np
import pytest

from kclass.backbones.archive import Archive
from kclass.engines.tensorflow import TensorFlowEngine
from kclass.errors import OptionError


def test_it_gives_the_features_of_a_network_with_a_head(
    reference_engine: TensorFlowEngine, cars: Any
) -> None:
    found = reference_engine.run(cars[0][:3])
    assert (found.shape, found.dtype) == ((3, 1280), np.float32)


def test_a_photo_has_the_same_features_in_any_batch(reference_engine: TensorFlowEngine, cars: Any) -> None:
    photos = cars[0][:5]
    one_by_one = np.concatenate([reference_engine.run(photo[None]) for photo in photos])
    np.testing.assert_allclose(reference_engine.run(photos), one_by_one, atol=1e-4)


def test_other_precisions_are_refused(lite0: Archive) -> None:
    with pytest.raises(OptionError, match="precision bf16 is not available on this device") as caught:
        TensorFlowEngine(lite0, precision="bf16")
    assert caught.value.fix == "Use --precision f32."
