from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kclass.backbones.archive import Archive
from kclass.errors import PhotoError
from kclass.features import passing
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.features.passing import passed
from kclass.features.throughput import Passed


def test_photos_pass_in_order_with_their_paths_and_nothing_is_remembered(
    lite0: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for seed, path in enumerate(paths):
        pixels = np.random.default_rng(seed).integers(0, 256, (30, 40, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    gone = tmp_path / "gone.png"
    extractor = Extractor(lite0, "squash", "cpu", "f32")
    first, second, missing, third = passed([*paths[:2], gone, paths[2]], extractor=extractor)
    assert isinstance(missing, PhotoError)
    assert missing.message == f"cannot read {gone}: No such file or directory"
    assert not list((tmp_path / "cache").glob("*.sqlite*"))
    wanted = embed(paths, extractor=extractor).features
    for each, path, features in zip((first, second, third), paths, wanted, strict=True):
        assert isinstance(each, Passed)
        assert each.note == path
        assert each.features == pytest.approx(features, rel=2**-10, abs=1e-5)


def test_photos_of_several_stretches_pass_in_order(
    lite0: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passing, "STRETCH", 3)
    names = [str(tmp_path / f"{place}.png") for place in range(8)]
    for place, name in enumerate(names):
        Image.new("RGB", (20, 30), (20 * place, 0, 200)).save(name)
    names[4] = str(tmp_path / "gone.png")
    extractor = Extractor(lite0, "squash", "cpu", "f32")
    found = list(passed(names, extractor=extractor))
    assert isinstance(found[4], PhotoError)
    for place, (each, name) in enumerate(zip(found, names, strict=True)):
        if place == 4:
            continue
        (alone,) = passed([Path(name)], extractor=extractor)
        assert isinstance(each, Passed)
        assert isinstance(alone, Passed)
        assert each.note == alone.note == Path(name)
        assert each.features == pytest.approx(alone.features, rel=1e-3, abs=1e-5)
