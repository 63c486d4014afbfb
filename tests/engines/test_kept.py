import os
import shutil
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.backbones.archive import Archive, weights_file
from kclass.engines import kept
from kclass.engines.kept import KeptNetwork, converted
from kclass.engines.network import convert
from kclass.engines.runtime import core
from kclass.errors import ModelError

BF16 = "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
PRECISIONS = ["f32", pytest.param("bf16", marks=pytest.mark.skipif(not BF16, reason="no bf16 here"))]


@pytest.fixture(scope="module")
def network(lite0: Archive) -> KeptNetwork:
    made = convert(lite0)
    return KeptNetwork(made.xml, made.weights)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where networks are kept."""
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "networks"


@pytest.fixture
def blocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file where the cache's folder would be."""
    path = tmp_path / "a file"
    path.touch()
    monkeypatch.setenv("KCLASS_CACHE", str(path))
    return path


def only_kept(network: KeptNetwork) -> KeptNetwork:
    """The same by its fingerprint, which cannot be compiled again."""
    found = KeptNetwork(b"rubbish", b"")
    found.__dict__["fingerprint"] = network.fingerprint
    return found


def features(model: Any, size: int = 224) -> NDArray[np.float32]:
    photos = np.random.default_rng(5).integers(0, 256, (3, 1, size, size, 3), np.uint8)
    request = model.create_infer_request()
    found = [request.infer([photo])[0].copy() for photo in photos]
    return np.concatenate(found)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("streams", [1, 2])
def test_a_network_that_was_kept_computes_the_same_to_the_last_bit(
    precision: str, streams: int, network: KeptNetwork, cache: Path
) -> None:
    first = network.compiled(precision=precision, streams=2)
    again = only_kept(network).compiled(precision=precision, streams=streams)
    np.testing.assert_array_equal(features(again), features(first))
    assert again.get_property("NUM_STREAMS") == streams
    assert len(list(cache.rglob("*.blob"))) == 1


@pytest.mark.skipif(not BF16, reason="no bf16 here")
def test_each_precision_is_kept_for_itself(network: KeptNetwork, cache: Path) -> None:
    found = [network.compiled(precision=each, streams=1) for each in ("f32", "bf16")]
    assert len(list(cache.rglob("*.blob"))) == 2
    assert not np.array_equal(*map(features, found))


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_file_is_replaced(damage: str, network: KeptNetwork, cache: Path) -> None:
    expected = features(network.compiled(precision="f32", streams=1))
    (path,) = cache.rglob("*.blob")
    whole = path.read_bytes()
    middle = len(whole) // 2
    damaged = {
        "cut": whole[:middle],
        "changed": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "empty": b"",
    }
    path.write_bytes(damaged[damage])
    np.testing.assert_array_equal(features(network.compiled(precision="f32", streams=1)), expected)
    np.testing.assert_array_equal(features(only_kept(network).compiled(precision="f32", streams=1)), expected)


def test_networks_with_other_weights_are_not_taken_for_each_other(network: KeptNetwork, cache: Path) -> None:
    weights = bytearray(network.weights)
    middle = len(weights) // 8 * 4  # axes and shapes are constants, too, at both ends
    weights[middle : middle + 4000] = np.ones(1000, np.float32).tobytes()
    other = KeptNetwork(network.xml, bytes(weights))
    one, two = (features(each.compiled(precision="f32", streams=1)) for each in (network, other))
    assert not np.array_equal(one, two)
    assert len(list(cache.rglob("*.blob"))) == 2


def test_where_nothing_can_be_kept_it_is_compiled_each_time(network: KeptNetwork, blocked: Path) -> None:
    one, two = (features(network.compiled(precision="f32", streams=1)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert blocked.read_bytes() == b""


def test_the_networks_that_were_used_longest_ago_make_room(
    network: KeptNetwork, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [cache / f"{number:032x}-v1" for number in range(3)]
    for age, folder in enumerate(others):
        folder.mkdir(parents=True)
        (folder / "network.bin").write_bytes(bytes(1000))
        os.utime(folder, (1e9 - age, 1e9 - age))
    monkeypatch.setattr(kept, "CACHE_LIMIT", len(network.weights) + 2_000_000)
    network.compiled(precision="f32", streams=1)
    assert all(folder.exists() for folder in others)
    monkeypatch.setattr(kept, "CACHE_LIMIT", 0)
    other = KeptNetwork(network.xml + b"<!-- another -->", network.weights)
    other.compiled(precision="f32", streams=1)
    assert [folder.exists() for folder in others] == [False] * 3
    (left,) = cache.rglob("*.blob")
    assert left.parent.name.startswith(other.fingerprint)


def test_a_network_that_is_used_counts_as_new(network: KeptNetwork, cache: Path) -> None:
    network.compiled(precision="f32", streams=1)
    (path,) = cache.rglob("*.blob")
    os.utime(path.parent, (1e9, 1e9))
    network.compiled(precision="f32", streams=1)
    assert path.parent.stat().st_mtime > 1e9 + 1


def changed(archive: Archive, factor: float) -> Archive:
    """The network with other weights in one layer."""
    weights = dict(archive.layer_weights)
    weights["top_conv"] = [weights["top_conv"][0] * factor]
    return Archive(archive.graph, weights_file(archive.layers, weights))


def test_a_network_is_converted_once(lite0: Archive, cache: Path) -> None:
    first = converted(lite0)
    (folder,) = cache.iterdir()
    assert (folder / "network.bin").read_bytes()[:-4] == first.weights
    marked = first.xml + b"<!-- read from the cache -->"
    (folder / "network.xml").write_bytes(marked + zlib.crc32(marked).to_bytes(4))
    assert converted(lite0).xml == marked


def test_conversions_that_were_used_longest_ago_make_room(
    lite0: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = converted(lite0)
    size = len(first.xml) + len(first.weights)
    (used,) = cache.iterdir()
    old, older = f"{1:032x}-v1", f"{2:032x}-to-7-v1"
    for name, age in ((old, 100), (older, 200)):
        shutil.copytree(used, cache / name)
        os.utime(cache / name, (10**9 - age, 10**9 - age))
    os.utime(used, (10**9 - 300, 10**9 - 300))
    converted(lite0)  # a use, which makes it the youngest
    monkeypatch.setattr(kept, "CACHE_LIMIT", int(3.5 * size))
    converted(changed(lite0, 2))
    assert {path.name for path in cache.iterdir()} >= {used.name, old}
    assert not (cache / older).exists()
    assert len(list(cache.iterdir())) == 3
    monkeypatch.setattr(kept, "CACHE_LIMIT", 1)
    newest = converted(changed(lite0, 3))
    (left,) = cache.iterdir()  # what is in use stays, though it alone is beyond the limit
    assert (left / "network.bin").read_bytes()[:-4] == newest.weights


def test_nothing_is_deleted_that_kclass_has_not_put_there(
    network: KeptNetwork, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir(parents=True)
    (cache / ".DS_Store").write_bytes(b"a file beside")
    (cache / "holiday").mkdir()
    (cache / "holiday" / "photo.jpg").write_bytes(bytes(1000))
    old = cache / f"{1:032x}-compiled-v1"
    old.mkdir()
    (old / "f32-0.blob").write_bytes(bytes(1000))
    monkeypatch.setattr(kept, "CACHE_LIMIT", 0)
    network.compiled(precision="f32", streams=1)
    assert not old.exists()
    assert (cache / ".DS_Store").read_bytes() == b"a file beside"
    assert (cache / "holiday" / "photo.jpg").read_bytes() == bytes(1000)


def test_what_is_large_is_kept_only_if_it_takes_long_to_make(
    lite0: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_KEPT", 1000)
    features(converted(lite0).compiled(precision="f32", streams=1))
    converted(lite0, output="top_activation")
    assert [path.name for path in sorted(cache.rglob("network.*"))] == ["network.bin", "network.xml"]
    assert not list(cache.rglob("*.blob"))


def test_networks_that_differ_in_the_head_alone_share_one_conversion(lite0: Archive, cache: Path) -> None:
    converted(lite0)
    converted(lite0.with_head(np.ones((1280, 2), np.float32), np.zeros(2, np.float32)))
    assert len(list(cache.iterdir())) == 1


def test_another_network_is_converted_by_itself(lite0: Archive, cache: Path) -> None:
    converted(lite0)
    converted(changed(lite0, 2))
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("name", ["network.xml", "network.bin"])
@pytest.mark.parametrize("damage", ["empty", "cut", "changed"])
def test_a_damaged_conversion_in_the_cache_is_made_anew(
    name: str, damage: str, lite0: Archive, cache: Path
) -> None:
    first = converted(lite0)
    (path,) = cache.glob(f"*/{name}")
    whole = path.read_bytes()
    changed = whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:]
    path.write_bytes({"empty": b"", "cut": whole[:1000], "changed": changed}[damage])
    assert converted(lite0).weights == first.weights
    assert len(path.read_bytes()) > 1000
    assert path.read_bytes() != changed


def test_a_network_up_to_a_layer_is_kept_for_itself(lite0: Archive, cache: Path) -> None:
    whole, cut = converted(lite0), converted(lite0, output="top_activation")
    assert (whole.shapes[1], cut.shapes[1]) == ((1, 1280), (1, 7, 7, 1280))
    assert cut == converted(lite0, output="top_activation")
    assert len(list(cache.iterdir())) == 2
    with pytest.raises(ModelError, match="the network has no layer 'nowhere'"):
        converted(lite0, output="nowhere")


def test_where_nothing_can_be_kept_it_is_converted_each_time(lite0: Archive, blocked: Path) -> None:
    expected = convert(lite0, output="top_activation")
    for _ in range(2):
        found = converted(lite0, output="top_activation")
        assert (found.shapes, found.weights) == (expected.shapes, expected.weights)
    assert blocked.read_bytes() == b""


def test_what_is_not_to_be_kept_is_not(lite0: Archive, cache: Path) -> None:
    convert(lite0).compiled(precision="f32", streams=1)
    assert not cache.exists()
