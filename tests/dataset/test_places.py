from pathlib import Path

import pytest

from kclass.dataset.places import as_path, existing_folder, nearest
from kclass.errors import DataError, OptionError
from kclass.files import is_folder, is_there


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert as_path("~/photos") == tmp_path / "photos"
    assert as_path(Path("~nobody-of-this-name")) == Path("~nobody-of-this-name")


@pytest.mark.parametrize("place", [None, 3, b"photos", ["photos"]])
def test_what_is_no_path_is_refused_by_the_name_of_its_option(place: object) -> None:
    with pytest.raises(OptionError) as caught:
        as_path(place, option="root", fix="Give a folder.")
    assert caught.value.message == f"root is {place!r}; it must be text or a Path"
    assert caught.value.fix == "Give a folder."


def test_an_empty_text_is_not_taken_for_the_current_folder() -> None:
    with pytest.raises(OptionError, match="place is empty") as caught:
        as_path("", option="place", fix="Give a folder.")
    assert caught.value.fix == "Give a folder. A full stop stands for the current folder."
    assert as_path(".") == Path()


def test_a_folder_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    assert existing_folder(Path("photos")) == tmp_path / "photos"
    with pytest.raises(DataError, match="there is no folder photo") as caught:
        existing_folder(Path("photo"))
    assert caught.value.fix == "Did you mean photos?"


def test_what_is_named_most_alike_is_proposed_if_it_is_of_the_right_kind(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").touch()
    assert nearest(tmp_path / "lables.csv", among=is_there) == f"Did you mean {tmp_path / 'labels.csv'}?"
    assert nearest(tmp_path / "lables.csv", among=is_folder) == "Check the spelling of the path."
