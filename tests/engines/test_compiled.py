import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.engines import network as networks
from kclass.engines.compiled import compiled
from kclass.engines.network import Network, convert
from kclass.engines.runtime import core

BF16 = "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
PRECISIONS = ["f32", pytest.param("bf16", marks=pytest.mark.skipif(not BF16, reason="no bf16 here"))]


@pytest.fixture(scope="module")
def network(lite0: Archive) -> Network:
    return convert(lite0)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where compiled networks are kept."""
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "networks"


def only_kept(network: Network) -> Network:
    """The same, which cannot be compiled again."""
    return Network(b"rubbish", b"").known_as(network.fingerprint)


def features(model: Any, size: int = 224) -> NDArray[np.float32]:
    photos = np.random.default_rng(5).integers(0, 256, (3, 1, size, size, 3), np.uint8)
    request = model.create_infer_request()
    found = [request.infer([photo])[0].copy() for photo in photos]
    return np.concatenate(found)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("streams", [1, 2])
def test_a_network_that_was_kept_computes_the_same_to_the_last_bit(
    precision: str, streams: int, network: Network, kept: Path
) -> None:
    first = compiled(network, precision=precision, streams=2)
    again = compiled(only_kept(network), precision=precision, streams=streams)
    np.testing.assert_array_equal(features(again), features(first))
    assert again.get_property("NUM_STREAMS") == streams
    assert len(list(kept.rglob("*.blob"))) == 1


@pytest.mark.skipif(not BF16, reason="no bf16 here")
def test_each_precision_is_kept_for_itself(network: Network, kept: Path) -> None:
    found = [compiled(network, precision=each, streams=1) for each in ("f32", "bf16")]
    assert len(list(kept.rglob("*.blob"))) == 2
    assert not np.array_equal(*map(features, found))


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_file_is_replaced(damage: str, network: Network, kept: Path) -> None:
    expected = features(compiled(network, precision="f32", streams=1))
    (path,) = kept.rglob("*.blob")
    whole = path.read_bytes()
    middle = len(whole) // 2
    damaged = {
        "cut": whole[:middle],
        "changed": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "empty": b"",
    }
    path.write_bytes(damaged[damage])
    np.testing.assert_array_equal(features(compiled(network, precision="f32", streams=1)), expected)
    np.testing.assert_array_equal(
        features(compiled(only_kept(network), precision="f32", streams=1)), expected
    )


def test_networks_with_other_weights_are_not_taken_for_each_other(network: Network, kept: Path) -> None:
    weights = bytearray(network.weights)
    middle = len(weights) // 8 * 4  # axes and shapes are constants, too, at both ends
    weights[middle : middle + 4000] = np.ones(1000, np.float32).tobytes()
    other = Network(network.xml, bytes(weights))
    one, two = (features(compiled(each, precision="f32", streams=1)) for each in (network, other))
    assert not np.array_equal(one, two)
    assert len(list(kept.rglob("*.blob"))) == 2


def test_where_nothing_can_be_kept_it_is_compiled_each_time(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "a file"
    blocked.touch()
    monkeypatch.setenv("KCLASS_CACHE", str(blocked))
    one, two = (features(compiled(network, precision="f32", streams=1)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert blocked.read_bytes() == b""


def test_the_networks_that_were_used_longest_ago_make_room(
    network: Network, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [kept / f"{number:032x}-v1" for number in range(3)]
    for age, folder in enumerate(others):
        folder.mkdir(parents=True)
        (folder / "network.bin").write_bytes(bytes(1000))
        os.utime(folder, (1e9 - age, 1e9 - age))
    monkeypatch.setattr(networks, "CACHE_LIMIT", len(network.weights) + 2_000_000)
    compiled(network, precision="f32", streams=1)
    assert all(folder.exists() for folder in others)
    monkeypatch.setattr(networks, "CACHE_LIMIT", 0)
    other = Network(network.xml + b"<!-- another -->", network.weights)
    compiled(other, precision="f32", streams=1)
    assert [folder.exists() for folder in others] == [False] * 3
    (left,) = kept.rglob("*.blob")
    assert left.parent.name.startswith(other.fingerprint)


def test_a_network_that_is_used_counts_as_new(network: Network, kept: Path) -> None:
    compiled(network, precision="f32", streams=1)
    (path,) = kept.rglob("*.blob")
    os.utime(path.parent, (1e9, 1e9))
    compiled(network, precision="f32", streams=1)
    assert path.parent.stat().st_mtime > 1e9 + 1
