import csv
import shutil
from pathlib import Path
from typing import Any

import pytest
from photo_server import Site, as_json, body, photo, status
from PIL import Image

import kclass
from kclass.collecting.collection import Collection
from kclass.collecting.placing import Places
from kclass.errors import DataError, OptionError, OutputError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))


def offer(site: Site, query: str, *paths: str) -> None:
    """Let Openverse's search know of photos for a query; it has one page."""
    known = site.offers.setdefault(query, [])  # type: ignore[attr-defined]
    known += [
        {
            "url": site.url(path),
            "title": path,
            "creator": "Jo",
            "license": "by",
            "license_version": "4.0",
            "license_url": "https://creativecommons.org/licenses/by/4.0/",
            "foreign_landing_url": f"https://photos.example{path}",
        }
        for path in paths
    ]


@pytest.fixture
def shop(site: Site) -> Site:
    site.offers = {}  # type: ignore[attr-defined]

    def page(query: dict[str, str]) -> dict[str, Any]:
        return {"page_count": 1, "results": site.offers.get(query["q"], [])}  # type: ignore[attr-defined]

    site.answers["/search"] = as_json(page)
    for number in range(12):
        site.answers[f"/{number}.jpg"] = body(photo(number))
    return site


def collect(site: Site, *queries: str, out: Path, **options: Any) -> Collection:
    return kclass.collect(queries, out=out, endpoint=site.url("/search"), allow_private=True, **options)


def test_photos_lie_in_the_folders_of_their_classes(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    offer(shop, "bee", "/3.jpg")
    found = collect(shop, "ant", "bee", out=tmp_path / "out")
    assert sorted(path.split("/")[0] for path in found.photos) == ["ant", "ant", "bee"]
    for path in found.photos:
        assert (tmp_path / "out" / path).is_file()
    (count, _) = found.counts
    assert (count.query, count.asked, count.found, count.downloaded, count.kept) == ("ant", 100, 2, 2, 2)


def test_words_are_searched_with_each_query_and_begin_the_names(shop: Site, tmp_path: Path) -> None:
    offer(shop, "red ant", "/1.jpg")
    offer(shop, "blue ant", "/2.jpg")
    found = collect(shop, "ant", out=tmp_path / "out", with_=["red", "blue"])
    assert sorted(path.split("_")[0] for path in found.photos) == ["ant/blue", "ant/red"]


def test_a_photo_found_for_two_classes_is_in_neither_and_is_listed(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    offer(shop, "bee", "/3.jpg", "/copy.jpg")
    shop.answers["/copy.jpg"] = body(photo(1, quality=60))
    found = collect(shop, "ant", "bee", out=tmp_path / "out")
    assert len(found.photos) == 2
    assert [(each.label, each.reason, each.other) for each in found.left_out] == [
        ("ant", "several classes", "ant, bee"),
        ("bee", "several classes", "ant, bee"),
    ]
    with (tmp_path / "out" / "left-out.csv").open(newline="") as file:
        assert [row["address"] for row in csv.DictReader(file)] == [shop.url("/1.jpg"), shop.url("/copy.jpg")]


def test_of_copies_in_a_class_the_first_stays(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/again.jpg", "/small.jpg")
    shop.answers["/again.jpg"] = body(photo(1))
    shop.answers["/small.jpg"] = body(photo(1, width=100, height=75))
    found = collect(shop, "ant", out=tmp_path / "out")
    assert len(found.photos) == 1
    assert (tmp_path / "out" / found.photos[0]).read_bytes() == photo(1)
    assert found.counts[0].duplicates == 2


def test_nothing_is_taken_that_is_a_copy_of_what_is_set_aside(shop: Site, tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "holiday.jpg").write_bytes(photo(1, quality=70))
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    found = collect(shop, "ant", out=tmp_path / "out", not_in=[tmp_path / "test"])
    assert len(found.photos) == 1
    assert [(each.reason, Path(each.other).name) for each in found.left_out] == [("set aside", "holiday.jpg")]
    assert (tmp_path / "test" / "holiday.jpg").read_bytes() == photo(1, quality=70)


def test_a_folder_to_keep_apart_that_is_not_there_is_said_before_anything_is_asked(
    shop: Site, tmp_path: Path
) -> None:
    offer(shop, "ant", "/1.jpg")
    with pytest.raises(DataError) as caught:
        collect(shop, "ant", out=tmp_path / "out", not_in=[tmp_path / "tset"])
    assert caught.value.message.startswith("cannot look at a photo that is set aside: ")
    assert str(tmp_path / "tset") in caught.value.message
    assert not shop.asked
    assert not (tmp_path / "out").exists()


def test_a_photo_to_keep_apart_that_cannot_be_read_is_said(shop: Site, tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "holiday.jpg").write_bytes(photo(1)[:300])
    with pytest.raises(DataError, match=r"cannot look at a photo that is set aside: .*holiday\.jpg"):
        collect(shop, "ant", out=tmp_path / "out", not_in=[tmp_path / "test"])


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


def test_a_photo_that_somebody_deleted_stays_away(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    found = collect(shop, "ant", out=tmp_path / "out")
    (tmp_path / "out" / found.photos[0]).unlink()
    assert collect(shop, "ant", out=tmp_path / "out").photos == found.photos[1:]


def test_a_copy_of_a_photo_that_somebody_deleted_stays_away_too(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/again.jpg", "/small.jpg", "/2.jpg")
    shop.answers["/again.jpg"] = body(photo(1))
    shop.answers["/small.jpg"] = body(photo(1, width=100, height=75))
    found = collect(shop, "ant", out=tmp_path / "out")
    (one,) = [path for path in found.photos if (tmp_path / "out" / path).read_bytes() == photo(1)]
    (tmp_path / "out" / one).unlink()
    again = collect(shop, "ant", out=tmp_path / "out")
    assert set(again.photos) == set(found.photos) - {one}
    assert (again.counts[0].deleted, again.counts[0].duplicates) == (3, 0)
    assert "deleted" in repr(again)


def test_a_copy_that_comes_later_does_not_bring_a_deleted_photo_back(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    offer(shop, "red ant", "/small.jpg", "/3.jpg")
    shop.answers["/small.jpg"] = body(photo(1, width=100, height=75))
    out = tmp_path / "out"
    for path in collect(shop, "ant", out=out).photos:
        if (out / path).read_bytes() == photo(1):
            (out / path).unlink()
    found = collect(shop, "ant", out=out, with_=["red"])
    assert {(out / path).read_bytes() for path in found.photos} == {photo(2), photo(3)}
    assert (found.counts[0].deleted, found.counts[0].kept) == (1, 1)


def test_what_was_deleted_from_one_class_may_be_of_another(shop: Site, tmp_path: Path) -> None:
    offer(shop, "antt", "/1.jpg", "/2.jpg")
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    out = tmp_path / "out"
    collect(shop, "antt", out=out)
    shutil.rmtree(out / "antt")
    found = collect(shop, "ant", out=out)
    assert [path.split("/")[0] for path in found.photos] == ["ant", "ant"]
    assert collect(shop, "antt", "ant", out=out).photos == found.photos
    asked = dict(shop.asked)
    assert collect(shop, "ant", out=out).photos == found.photos
    assert dict(shop.asked) == asked


def test_a_photo_that_was_moved_to_another_class_by_hand_is_found_there(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    offer(shop, "bee", "/1.jpg", "/3.jpg")
    out = tmp_path / "out"
    first = collect(shop, "ant", out=out)
    (moved,) = [path for path in first.photos if (out / path).read_bytes() == photo(1)]
    (out / "bee").mkdir()
    (out / moved).rename(out / moved.replace("ant/", "bee/"))
    for _ in range(2):
        found = collect(shop, "bee", out=out)
        assert sorted(path.split("/")[0] for path in found.photos) == ["ant", "bee", "bee"]
        assert moved.replace("ant/", "bee/") in found.photos
        assert (out / moved.replace("ant/", "bee/")).read_bytes() == photo(1)


def test_a_file_in_the_place_of_a_photo_is_not_written_over(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg")
    out = tmp_path / "out"
    (path,) = collect(shop, "ant", out=out).photos
    place = out / "train" / path
    place.parent.mkdir(parents=True)
    place.write_bytes(b"mine")
    with pytest.raises(OutputError) as caught:
        collect(shop, "ant", out=out, valid=1e-9)
    assert caught.value.message == f"{place} is there already, and was not put there by kclass collect"
    assert (place.read_bytes(), (out / path).read_bytes()) == (b"mine", photo(1))


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


def test_copies_are_known_though_files_were_changed(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    offer(shop, "bee", "/small.jpg", "/3.jpg")
    shop.answers["/small.jpg"] = body(photo(1, width=100, height=75))
    out = tmp_path / "out"
    for path in collect(shop, "ant", out=out).photos:
        if (out / path).read_bytes() == photo(1):
            (out / path).write_bytes(photo(77))
    found = collect(shop, "bee", out=out)
    assert [each.reason for each in found.left_out] == ["several classes"] * 2
    assert {(out / path).read_bytes() for path in found.photos} == {photo(2), photo(3)}
    assert photo(77) in [path.read_bytes() for path in out.rglob("*.jpg")]


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


def test_a_class_may_be_called_as_a_split(shop: Site, tmp_path: Path) -> None:
    offer(shop, "train", "/1.jpg")
    offer(shop, "car", "/2.jpg")
    collect(shop, "train", "car", out=tmp_path / "out")
    assert kclass.open_data(tmp_path / "out").classes == ("car", "train")


def test_one_photo_found_by_several_words_is_there_once(shop: Site, tmp_path: Path) -> None:
    offer(shop, "red ant", "/1.jpg", "/2.jpg")
    offer(shop, "blue ant", "/2.jpg", "/3.jpg")
    first = collect(shop, "ant", out=tmp_path / "out", with_=["red", "blue"])
    assert [(each.found, each.downloaded, each.duplicates, each.kept) for each in first.counts] == [
        (2, 2, 0, 2),
        (2, 2, 1, 1),
    ]
    assert collect(shop, "ant", out=tmp_path / "out", with_=["red", "blue"]) == first


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


def test_a_class_in_a_table_and_a_query_are_counted_apart(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg")
    table = tmp_path / "list.csv"
    table.write_text(f"url,class\n{shop.url('/2.jpg')},ant\n")
    found = collect(shop, "ant", out=tmp_path / "out", urls=[table])
    assert [(each.found, each.kept) for each in found.counts] == [(1, 1), (1, 1)]
    assert len(found.photos) == 2


def test_small_pictures_are_fetched_instead(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg")
    shop.offers["ant"][0]["thumbnail"] = shop.url("/2.jpg")
    found = collect(shop, "ant", out=tmp_path / "out", image_size="thumbnail")
    assert (tmp_path / "out" / found.photos[0]).read_bytes() == photo(2)
    assert shop.asked["/1.jpg"] == 0


def test_hosts_are_told_who_collects(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg")
    collect(shop, "ant", out=tmp_path / "out", contact="jo@example.org")
    assert shop.headers["/1.jpg"]["User-Agent"] == (
        f"kclass/{kclass.__version__} (collects photos for an image classifier; jo@example.org)"
    )


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


def test_the_same_bytes_at_another_address_do_not_bring_a_deleted_photo_back(
    shop: Site, tmp_path: Path
) -> None:
    offer(shop, "ant", "/1.jpg")
    offer(shop, "red ant", "/elsewhere.jpg")
    shop.answers["/elsewhere.jpg"] = body(photo(1))
    found = collect(shop, "ant", out=tmp_path / "out")
    (tmp_path / "out" / found.photos[0]).unlink()
    assert collect(shop, "ant", out=tmp_path / "out", with_=["red"]).photos == ()


def test_a_photo_that_somebody_changed_stays_as_it_is(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/small.jpg")
    offer(shop, "red ant", "/elsewhere.jpg")
    shop.answers["/elsewhere.jpg"] = body(photo(1))
    shop.answers["/small.jpg"] = body(photo(1, width=100, height=75))
    found = collect(shop, "ant", out=tmp_path / "out")
    changed = tmp_path / "out" / found.photos[0]
    changed.write_bytes(photo(77))
    assert collect(shop, "ant", out=tmp_path / "out").photos == found.photos
    again = collect(shop, "ant", out=tmp_path / "out", with_=["red"])
    assert again.photos == found.photos
    assert (again.counts[0].duplicates, again.counts[0].kept) == (1, 0)
    assert changed.read_bytes() == photo(77)


@pytest.mark.parametrize("name", ["attribution.csv", "ATTRIBUTION.md", "left-out.csv"])
def test_tables_of_somebody_else_are_not_written_over(name: str, shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("mine")
    with pytest.raises(OutputError, match="is there already, and of no collection that is remembered here"):
        collect(shop, "ant", out=tmp_path / "out")
    assert (tmp_path / "out" / name).read_text() == "mine"


def test_two_tables_of_one_name_are_counted_apart(shop: Site, tmp_path: Path) -> None:
    tables = [tmp_path / folder / "list.csv" for folder in "ab"]
    for number, table in enumerate(tables, start=1):
        table.parent.mkdir()
        table.write_text(f"url,class\n{shop.url('/1.jpg')},ant\n{shop.url(f'/{number}.jpg')},ant\n")
    found = kclass.collect(out=tmp_path / "out", urls=tables, allow_private=True)
    assert [(each.found, each.duplicates, each.kept) for each in found.counts] == [(2, 1, 1), (2, 1, 1)]


def test_a_rare_licence_is_not_looked_for_among_all(shop: Site, tmp_path: Path) -> None:
    pages: list[int] = []

    def page(query: dict[str, str]) -> dict[str, Any]:
        pages.append(int(query["page"]))
        entries = [{"url": f"http://a/{query['page']}/{n}", "license": "by-nc"} for n in range(20)]
        return {"page_count": 12, "results": entries}

    shop.answers["/search"] = as_json(page)
    found = collect(shop, "ant", out=tmp_path / "out", licence="by", per_query=3)
    assert (found.counts[0].found, found.refused) == (0, {"licence by-nc": 60})
    assert pages == [1, 2, 3]


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


def test_what_turns_out_to_be_of_two_classes_is_put_aside_and_not_deleted(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    offer(shop, "bee", "/1.jpg", "/3.jpg")
    out = tmp_path / "out"
    assert len(collect(shop, "ant", out=out).photos) == 2
    assert len(collect(shop, "ant", "bee", out=out).photos) == 2
    hidden = [path.read_bytes() for path in (out / ".kclass-collect").rglob("*.jpg")]
    assert photo(1) in hidden


def test_every_photo_has_its_credit(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg")
    found = collect(shop, "ant", out=tmp_path / "out")
    with (tmp_path / "out" / "attribution.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["file"] == found.photos[0]
    assert (row["class"], row["query"], row["provider"]) == ("ant", "ant", "Openverse")
    assert (row["creator"], row["licence"], row["licence_name"]) == ("Jo", "by", "CC BY 4.0")
    assert (row["page"], row["address"]) == ("https://photos.example/1.jpg", shop.url("/1.jpg"))
    text = (tmp_path / "out" / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert (
        "by Jo, [CC BY 4\\.0]" in text
        or "by Jo, [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/)" in text
    )


def test_licences_that_are_not_wanted_are_not_fetched(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg")
    found = collect(shop, "ant", out=tmp_path / "out", licence="cc0,by-sa")
    assert found.photos == ()
    assert found.refused == {"licence by": 1}
    assert shop.asked["/1.jpg"] == 0


def test_a_share_goes_to_validation_by_the_photos_themselves(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", *(f"/{number}.jpg" for number in range(12)))
    found = collect(shop, "ant", out=tmp_path / "out", valid=0.5)
    folders = [path.rsplit("/", 1)[0] for path in found.photos]
    assert set(folders) == {"train/ant", "validation/ant"}
    few = collect(shop, "ant", out=tmp_path / "few", valid=0.5, per_query=4)
    assert set(few.photos) <= set(found.photos)


def test_photos_are_shrunk_if_that_is_wanted(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg")
    found = collect(shop, "ant", out=tmp_path / "out", shrink=60)
    with Image.open(tmp_path / "out" / found.photos[0]) as image:
        assert image.size == (60, 45)


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


def test_a_table_of_addresses_needs_no_provider(shop: Site, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    rows = [(shop.url("/1.jpg"), "ant", "by-sa"), (shop.url("/2.jpg"), "bee", "")]
    table.write_text("url,class,licence\n" + "".join(f"{','.join(row)}\n" for row in rows))
    found = kclass.collect(out=tmp_path / "out", urls=[table], allow_private=True)
    assert sorted(path.split("/")[0] for path in found.photos) == ["ant", "bee"]
    assert shop.asked["/search"] == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("address;label\n;ant\n", "line 2: no address"),
        ("url,kind\nhttp://a,ant\n", "has no column 'class'; it has url, kind"),
    ],
)
def test_a_table_that_lacks_something_says_where(text: str, message: str, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text(text)
    with pytest.raises(DataError, match=message):
        kclass.collect(out=tmp_path / "out", urls=[table])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "there is nothing to collect"),
        ({"queries": ["ant"], "provider": "google"}, "provider is 'google'; it must be one of"),
        ({"queries": ["ant"], "provider": "bing"}, "AZURE_SUBSCRIPTION_KEY is not set"),
        ({"queries": ["ant", "ant"]}, "queries has a word twice"),
        ({"queries": [" "]}, "queries has an empty word"),
        ({"queries": ["ant"], "valid": 1.0}, "valid is 1.0; it must be above 0 and below 1"),
        ({"queries": ["ant"], "licence": "free"}, "licence is 'free'; it must be one of"),
        ({"queries": ["ant"], "per_query": 0}, "per_query is 0; it must be 1 or more"),
        ({"queries": ["ant"], "max_pixels": 10**9}, "max_pixels is 1000000000; it must be at most"),
        ({"queries": ["ant"], "max_bytes": 0}, "max_bytes is 0; it must be 1 or more"),
        ({"queries": ["ant"], "max_archive_bytes": 0}, "max_archive_bytes is 0; it must be 1 or more"),
        ({"queries": ["ant"], "shrink": 0}, "shrink is 0; it must be 1 or more"),
        ({"queries": ["ant"], "image_size": "large"}, "image_size is 'large'; it must be one of"),
        ({"queries": ["ant"], "endpoint": "ftp://a"}, "it must be an http or https address"),
        ({"queries": ["ant"], "contact": "a\nHost: b"}, "it must be printable ASCII"),
        ({"queries": ["ant"], "provider": "bing", "licence": "by"}, "licence leaves next to nothing of bing"),
        ({"queries": ["a\ud83d"]}, "queries has a word with signs that are no text"),
        ({"queries": "ant"}, "queries is 'ant'; it must be a list"),
        ({"urls": "list.csv"}, "urls is 'list.csv'; it must be a list"),
        ({"archive": ["http://a/x.zip"], "with_": ["red"]}, "with_ has no effect without a query"),
        ({"archive": ["http://a/x.zip"], "licence": "by"}, "licence leaves nothing of an archive"),
        ({"archive": ["http://a/x.zip#sha256=12"]}, "a checksum that is no sha256"),
        ({"archive": ["http://a/x.zip#part"]}, "ends in #part, which is no checksum"),
    ],
)
def test_what_cannot_be_is_refused_at_the_door(
    options: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_SUBSCRIPTION_KEY", raising=False)
    with pytest.raises(OptionError, match=message):
        kclass.collect(**{"out": tmp_path / "out", **options})
    assert not (tmp_path / "out").exists()


def test_a_folder_that_all_photos_left_is_removed_and_others_are_not(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg")
    offer(shop, "bee", "/1.jpg", "/3.jpg")
    out = tmp_path / "out"
    collect(shop, "ant", out=out)
    (out / "mine").mkdir()
    collect(shop, "bee", out=out)
    assert {path.name for path in out.glob("[!.]*") if path.is_dir()} == {"bee", "mine"}
