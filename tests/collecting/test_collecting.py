import csv
from pathlib import Path
from typing import Any

import pytest
from photo_server import Site, as_json, body, photo
from PIL import Image
from shops import collect, offer

import kclass
from kclass.errors import DataError, OptionError


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
