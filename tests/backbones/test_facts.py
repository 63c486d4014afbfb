from pathlib import Path

import processes
import pytest

from kclass.backbones.archive import Archive
from kclass.backbones.computed_facts import NAMES, computed_facts
from kclass.backbones.efficientnet_lite import lite_graph
from kclass.backbones.facts import FACTS
from kclass.backbones.stages import stages_of
from kclass.keras_import import import_keras

NAMED = ("efficientnet", "inception", "nasnet", "scratch", "xception")
SOON_COMPUTED = ("efficientnet_lite1", "mobilenet_v3_small", "scratch", "scratch-small")


@pytest.mark.parametrize(
    "name",
    [name if name in SOON_COMPUTED else pytest.param(name, marks=pytest.mark.slow) for name in NAMES],
)
def test_the_facts_on_file_are_those_of_the_network(name: str) -> None:
    import_keras().backend.clear_session()
    assert FACTS[name] == computed_facts(name)


def test_there_are_facts_of_every_network() -> None:
    assert list(FACTS) == list(NAMES)


def test_sizes_are_those_that_the_papers_and_keras_name() -> None:
    """By Keras's documentation of each constructor, and EfficientNet-Lite's README."""
    sizes = {name: each.size for name, each in FACTS.items()}
    assert [sizes[f"efficientnet_lite{number}"] for number in range(3)] == [224, 240, 260]
    assert [sizes[f"efficientnet_b{number}"] for number in range(8)] == [
        224,
        240,
        260,
        300,
        380,
        456,
        528,
        600,
    ]
    assert [sizes[f"efficientnet_v2_{size}"] for size in ("b0", "b1", "b2", "b3")] == [224, 240, 260, 300]
    assert [sizes[f"efficientnet_v2_{size}"] for size in ("s", "m", "l")] == [384, 480, 480]
    assert {sizes[name] for name in ("inception_v3", "inception_resnet_v2", "xception")} == {299}
    assert (sizes["nasnet_mobile"], sizes["nasnet_large"]) == (224, 331)
    assert (sizes["scratch"], sizes["scratch-small"]) == (128, 128)
    assert {size for name, size in sizes.items() if not name.startswith(NAMED)} == {224}


def test_the_stages_on_file_are_as_many_as_the_stored_graph_has() -> None:
    graph = Archive(lite_graph("efficientnet_lite2", 260), b"")
    assert FACTS["efficientnet_lite2"].stages == len(stages_of(graph)) == 5


def test_reading_the_facts_builds_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from kclass.backbones.facts import FACTS; FACTS['vgg16'];"
        " print(sorted({'keras', 'tensorflow', 'numpy'} & set(sys.modules)))"
    )
    done = processes.run(*processes.python(code), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "[]\n")
