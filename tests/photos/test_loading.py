from pathlib import Path

import numpy as np
import pytest
from photo_samples import encoded, exif, mean_difference, noisy_scene

from kclass.errors import OptionError, PhotoError
from kclass.photos.decoding import decode
from kclass.photos.loading import load, load_bytes
from kclass.photos.resizing import RESIZES, Resize, resize


@pytest.mark.parametrize("how", RESIZES)
def test_a_file_is_loaded_as_its_bytes_are(tmp_path: Path, how: Resize) -> None:
    data = encoded(noisy_scene(300, 200), "JPEG")
    (tmp_path / "photo.jpg").write_bytes(data)
    array = load(tmp_path / "photo.jpg", size=40, how=how)
    assert array.shape == (40, 40, 3)
    assert array.dtype == np.uint8
    assert np.array_equal(array, load_bytes(data, name="photo", size=40, how=how))


def test_squash_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(encoded(noisy_scene(300, 200), "PNG"))
    squashed = load(tmp_path / "photo.png", size=40, how="squash")
    assert np.array_equal(load(tmp_path / "photo.png", size=40), squashed)
    assert not np.array_equal(load(tmp_path / "photo.png", size=40, how="crop"), squashed)


@pytest.mark.parametrize("how", RESIZES)
@pytest.mark.parametrize("size", [37, 64, 150, 226])
def test_a_reduced_scale_changes_little(how: Resize, size: int) -> None:
    data = encoded(noisy_scene(1300, 900), "JPEG", quality=90)
    slowly = resize(decode(data, name="photo"), size=size, how=how)
    quickly = load_bytes(data, name="photo", size=size, how=how)
    assert mean_difference(quickly, slowly) < 2
    assert np.array_equal(quickly, slowly) == (size > 900 / 4)


def test_a_phone_photo_is_loaded_as_the_upright_one() -> None:
    upright = noisy_scene(640, 480)
    lying = np.ascontiguousarray(upright.transpose(1, 0, 2)[::-1])
    turned = load_bytes(encoded(lying, "JPEG", exif=exif(6), quality=95), name="photo", size=96)
    assert mean_difference(turned, load_bytes(encoded(upright, "PNG"), name="photo", size=96)) < 2


def test_the_error_of_a_broken_file_names_its_path(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(encoded(noisy_scene(300, 200), "JPEG")[:900])
    with pytest.raises(PhotoError) as caught:
        load(tmp_path / "broken.jpg", size=40)
    assert caught.value.message.startswith(f"{tmp_path / 'broken.jpg'} is truncated or broken")


def test_options_are_checked_before_the_file_is_touched() -> None:
    with pytest.raises(OptionError, match="resize is 'zoom'"):
        load(Path("nowhere.jpg"), size=40, how="zoom")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="size is 0; it must be 1 or more"):
        load_bytes(b"", name="photo", size=0)
