import sys
from pathlib import Path

import processes
import pytest

from kclass.engines.runtime import core, resolve_precision

# Everything that a fit does with OpenVINO, in a process where nothing hides its telemetry.
EMBED = """
import sys
import numpy
from kclass.backbones.registry import open_backbone
from kclass.engines.engine import open_engine

archive = open_backbone("efficientnet_lite0", weights="imagenet", size=32, seed=0)
engine = open_engine(archive, device="cpu", precision="f32")
print(engine.run(numpy.zeros((1, 32, 32, 3), numpy.uint8)).shape)
print(sys.modules["openvino_telemetry"])
print(sorted({name.split(".")[0] for name in sys.modules} & {"keras", "tensorflow", "keras_cv"}))
"""


def test_openvino_sends_nothing_and_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    hidden = dict.fromkeys(("CI", "KCLASS_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"))
    done = processes.run(*processes.python(EMBED), cwd=tmp_path, variables={**hidden, "HOME": str(tmp_path)})
    assert done.stdout.splitlines() == ["(1, 1280)", "None", "[]"], done.stderr
    made = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    own = "Library/Caches/kclass" if sys.platform == "darwin" else ".cache/kclass"
    (network,) = {path.rsplit("/", 1)[0] for path in made if path.endswith("network.bin")}
    (compiled,) = {path for path in made if path.endswith(".blob")}
    assert made == {
        f"{own}/backbones/efficientnet_lite0-32-imagenet-v3.keras",
        f"{network}/network.bin",
        f"{network}/network.xml",
        compiled,
    }
    assert compiled.startswith(f"{own}/networks/")
    assert network.startswith(f"{own}/networks/")


# Both ask for it first, while it takes its time.
TOGETHER = """
import threading
from kclass.engines.runtime import core

found = []
threads = [threading.Thread(target=lambda: found.append(core())) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found), len(set(map(id, found))))
"""


def test_threads_may_ask_for_openvino_at_the_same_time(tmp_path: Path) -> None:
    assert processes.run(*processes.python(TOGETHER), cwd=tmp_path).stdout == "8 1\n"


@pytest.mark.parametrize("precision", ["f32", "bf16"])
@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_a_precision_that_was_asked_for_is_taken(precision: str, device: str) -> None:
    assert resolve_precision(precision, device=device) == precision


def test_otherwise_a_cpu_takes_bf16_where_it_computes_in_it() -> None:
    able = "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    assert resolve_precision("auto", device="cpu") == ("bf16" if able else "f32")


def test_otherwise_a_gpu_takes_f32() -> None:
    assert resolve_precision("auto", device="gpu") == "f32"
