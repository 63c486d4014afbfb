"""The same folder, again: what is there is not fetched, and lies where it ought to."""

import csv
from pathlib import Path
from typing import Any

import pytest
from photo_server import Site, body, photo, status
from PIL import Image
from shops import collect, offer

import kclass
from kclass.collecting.collection import Collection
from kclass.collecting.placing import Places
from kclass.errors import OptionError


def test_again_nothing_is_fetched_twice_and_the_folder_is_the_same(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/2.jpg", "/gone.jpg")
    first = collect(shop, "ant", out=tmp_path / "out")
    files = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    asked = dict(shop.asked)
    assert collect(shop, "ant", out=tmp_path / "out") == first
    assert dict(shop.asked) == asked
    assert {path: path.read_bytes() for path in files} == files


def test_what_could_not_be_had_for_a_while_is_asked_for_again(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/busy.jpg")
    shop.answers["/busy.jpg"] = status(429, Retry_After="3600")
    found = collect(shop, "ant", out=tmp_path / "out")
    assert found.refused == {"HTTP 429": 1}
    shop.answers["/busy.jpg"] = body(photo(5))
    assert len(collect(shop, "ant", out=tmp_path / "out").photos) == 2


def test_a_row_that_was_corrected_is_what_counts(shop: Site, tmp_path: Path) -> None:
    table, out = tmp_path / "list.csv", tmp_path / "out"
    classes: dict[int, str] = {1: "ant", 2: "ant", 3: "bee"}

    def listed() -> Collection:
        rows = [f"{shop.url(f'/{number}.jpg')},{label},by" for number, label in classes.items()]
        table.write_text("\n".join(["url,class,licence", *rows]))
        return kclass.collect(out=out, urls=[table], allow_private=True)

    assert [path.split("/")[0] for path in listed().photos] == ["ant", "ant", "bee"]
    classes[2] = "bee"
    found = listed()
    assert [path.split("/")[0] for path in found.photos] == ["ant", "bee", "bee"]
    assert found.left_out == ()
    classes[2] = "ant"
    assert [path.split("/")[0] for path in listed().photos] == ["ant", "ant", "bee"]
    del classes[1]
    found = listed()
    assert [path.split("/")[0] for path in found.photos] == ["ant", "bee"]
    assert sorted(path.relative_to(out).as_posix() for path in out.glob("[!.]*/*")) == list(found.photos)
    classes[1] = "ant"
    assert [path.split("/")[0] for path in listed().photos] == ["ant", "ant", "bee"]
    assert shop.asked["/1.jpg"] == shop.asked["/2.jpg"] == 1
    again = kclass.collect(out=out, urls=[table], allow_private=True, licence="cc0")
    assert len(again.photos) == 3
    assert again.refused == {"licence by": 3}


def test_photos_move_when_a_share_is_to_go_to_validation(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", *(f"/{number}.jpg" for number in range(12)))
    collect(shop, "ant", out=tmp_path / "out")
    asked = dict(shop.asked)
    found = collect(shop, "ant", out=tmp_path / "out", valid=0.5)
    assert found.photos == collect(shop, "ant", out=tmp_path / "new", valid=0.5).photos
    photos = sorted(
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").glob("[!.]*/**/*.jpg")
    )
    assert tuple(photos) == found.photos
    assert not (tmp_path / "out" / "ant").exists()
    assert shop.asked["/1.jpg"] == asked["/1.jpg"] + 1  # for the new folder alone


def test_a_collection_is_shrunk_or_not_from_its_beginning(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg")
    collect(shop, "ant", out=tmp_path / "out", shrink=60)
    with pytest.raises(OptionError, match="out was begun with shrink 60"):
        collect(shop, "ant", out=tmp_path / "out")
    collect(shop, "ant", out=tmp_path / "new")
    with pytest.raises(OptionError, match="new was begun without shrink"):
        collect(shop, "ant", out=tmp_path / "new", shrink=60)


def test_what_was_too_large_is_asked_for_again_when_it_may_be_larger(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg")
    assert collect(shop, "ant", out=tmp_path / "out", max_bytes=100).refused == {"more than 100 bytes": 1}
    assert collect(shop, "ant", out=tmp_path / "out", max_bytes=100).refused == {"more than 100 bytes": 1}
    assert shop.asked["/1.jpg"] == 1
    assert len(collect(shop, "ant", out=tmp_path / "out").photos) == 1


def test_more_queries_add_to_what_is_there(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    offer(shop, "bee", "/3.jpg", "/1.jpg")
    out = tmp_path / "out"
    ants = collect(shop, "ant", out=out)
    both = collect(shop, "bee", out=out)
    # The first photo was found for both now.
    assert [path.split("/")[0] for path in both.photos] == ["ant", "bee"]
    assert [each.label for each in both.left_out] == ["ant", "bee"]
    assert [each.query for each in both.counts] == ["bee"]
    with (out / "attribution.csv").open(newline="") as file:
        assert tuple(row["file"] for row in csv.DictReader(file)) == both.photos
    assert set(both.photos) & set(ants.photos)
    assert collect(shop, "ant", "bee", out=out).photos == both.photos


def test_another_query_moves_what_is_there_into_splits_too(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", *(f"/{number}.jpg" for number in range(6)))
    offer(shop, "bee", *(f"/{number}.jpg" for number in range(6, 12)))
    out = tmp_path / "out"
    collect(shop, "ant", out=out)
    found = collect(shop, "bee", out=out, valid=0.5)
    assert {path.split("/")[0] for path in found.photos} == {"train", "validation"}
    assert len(found.photos) == 12
    assert kclass.open_data(out).classes == ("ant", "bee")


def test_a_class_keeps_its_folder_whatever_is_collected_next(shop: Site, tmp_path: Path) -> None:
    offer(shop, "a/b", "/1.jpg")
    offer(shop, "a:b", "/2.jpg")
    first = collect(shop, "a/b", "a:b", out=tmp_path / "out")
    folders = {(tmp_path / "out" / path).read_bytes(): path.split("/")[0] for path in first.photos}
    assert folders == {photo(1): "a_b", photo(2): "a_b-2"}
    assert collect(shop, "a:b", out=tmp_path / "out").photos == first.photos


@pytest.mark.parametrize("moved", range(6))
def test_a_process_that_ends_while_photos_are_moved_loses_none(
    moved: int, shop: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(shop, "ant", "/1.jpg", "/2.jpg", "/3.jpg")
    offer(shop, "bee", "/4.jpg", "/5.jpg", "/1.jpg")
    expected = collect(shop, "ant", "bee", out=tmp_path / "whole", valid=0.5)
    out = tmp_path / "out"
    collect(shop, "ant", out=out)
    put, before, left = Places.put, moved % 2 == 0, [moved // 2]

    def ended(self: Places, *arguments: Any, **options: Any) -> None:
        left[0] -= 1
        if left[0] < 0 and before:
            raise KeyboardInterrupt
        put(self, *arguments, **options)
        if left[0] < 0:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Places, "put", ended)
        collect(shop, "ant", "bee", out=out, valid=0.5)
    assert collect(shop, "ant", "bee", out=out, valid=0.5).photos == expected.photos
    there = {path.relative_to(out).as_posix() for path in out.glob("[!.]*/*/*") if path.is_file()}
    assert there == set(expected.photos)


def test_photos_that_are_moved_are_not_shrunk_anew(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    offer(shop, "bee", "/1.jpg", "/3.jpg")
    out = tmp_path / "out"
    before = {
        path.rpartition("_")[2]: (out / path).read_bytes()
        for path in collect(shop, "ant", out=out, shrink=60).photos
    }
    moved = collect(shop, "ant", out=out, shrink=60, valid=0.5).photos
    assert {(out / path).read_bytes() for path in moved} == set(before.values())
    # Deleted here, fetched anew for another class: that one is as it came.
    for path in moved:
        (out / path).unlink()
    for path in collect(shop, "bee", out=out, shrink=60).photos:
        with Image.open(out / path) as image:
            assert image.size == (60, 45)


def test_a_folder_that_all_photos_left_is_removed_and_others_are_not(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg")
    offer(shop, "bee", "/1.jpg", "/3.jpg")
    out = tmp_path / "out"
    collect(shop, "ant", out=out)
    (out / "mine").mkdir()
    collect(shop, "bee", out=out)
    assert {path.name for path in out.glob("[!.]*") if path.is_dir()} == {"bee", "mine"}


def test_a_table_is_the_same_after_it_was_moved_with_the_collection(shop: Site, tmp_path: Path) -> None:
    table = tmp_path / "work" / "list.csv"
    table.parent.mkdir()
    table.write_text(f"url,class\n{shop.url('/1.jpg')},ant\n{shop.url('/2.jpg')},bee\n")
    kclass.collect(out=tmp_path / "work" / "out", urls=[table], allow_private=True)
    (tmp_path / "work").rename(tmp_path / "moved")
    table = tmp_path / "moved" / "list.csv"
    table.write_text(f"url,class\n{shop.url('/1.jpg')},bee\n{shop.url('/2.jpg')},bee\n")
    found = kclass.collect(out=tmp_path / "moved" / "out", urls=[table], allow_private=True)
    assert [path.split("/")[0] for path in found.photos] == ["bee", "bee"]


def test_what_a_row_says_of_a_photo_counts_though_its_licence_is_not_wanted_now(
    shop: Site, tmp_path: Path
) -> None:
    table, out = tmp_path / "list.csv", tmp_path / "out"
    for licence, creator in (("by", "Jo"), ("by-nc", "Al")):
        table.write_text(f"url,class,licence,creator\n{shop.url('/1.jpg')},ant,{licence},{creator}\n")
        found = kclass.collect(out=out, urls=[table], allow_private=True, licence="by")
        assert len(found.photos) == 1
    with (out / "attribution.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["licence"], row["creator"]) == ("by-nc", "Al")


def test_a_photo_that_is_deleted_after_a_process_was_killed_stays_away(
    shop: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(shop, "ant", "/1.jpg")
    out = tmp_path / "out"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("kclass.collecting.ledger.Ledger.note_placed", killed)
        collect(shop, "ant", out=out)
    (path,) = out.glob("ant/*.jpg")
    path.unlink()
    assert collect(shop, "ant", out=out).photos == ()
    assert shop.asked["/1.jpg"] == 1
