import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kclass.backbones.registry import open_backbone
from kclass.backbones.scratch import build_scratch
from kclass.backbones.seeding import seeded

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)


def drawn() -> tuple[float, float]:
    return random.random(), np.random.random()


def after(work: Callable[[], Any]) -> tuple[float, float]:
    random.seed(7)
    np.random.seed(7)
    work()
    return drawn()


@pytest.mark.parametrize(
    "build",
    [
        lambda: build_scratch(size=8, classes=2, seed=1),
        lambda: open_backbone("mobilenet_v2", weights="none", size=32, seed=1),
    ],
    ids=["scratch", "random weights"],
)
def test_building_a_network_leaves_the_callers_random_numbers_alone(build: Callable[[], Any]) -> None:
    assert after(build) == after(lambda: None)


def test_an_error_leaves_them_alone_too() -> None:
    def fail() -> None:
        with pytest.raises(ZeroDivisionError), seeded(1):
            raise ZeroDivisionError

    assert after(fail) == after(lambda: None)


def test_inside_the_seed_decides() -> None:
    found = []
    for seed in (1, 1, 2):
        with seeded(seed):
            found.append(drawn())
    assert found[0] == found[1] != found[2]
