"""What somebody has deleted, moved or changed in a collection stays so."""

import csv
import shutil
from pathlib import Path

import pytest
from photo_server import Answer, Site, body, photo, status
from shops import collect, offer

import kclass
from kclass.errors import OutputError

REFUSED = [status(404), status(401)]


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


@pytest.mark.parametrize("answer", [body(photo(1, quality=91)), *REFUSED, body(photo(1))])
def test_a_deleted_photo_stays_away_whatever_its_address_gives_for_another_class(
    answer: Answer, shop: Site, tmp_path: Path
) -> None:
    offer(shop, "ant", "/1.jpg", "/small.jpg", "/2.jpg")
    offer(shop, "bee", "/1.jpg", "/3.jpg")
    shop.answers["/small.jpg"] = body(photo(1, width=100, height=75))
    out = tmp_path / "out"
    for path in collect(shop, "ant", out=out).photos:
        if (out / path).read_bytes() == photo(1):
            (out / path).unlink()
    shop.answers["/1.jpg"] = answer
    for queries in (["bee"], ["ant", "bee"], ["ant"], ["bee", "ant"]):
        found = collect(shop, *queries, out=out)
        ants = [path for path in found.photos if path.startswith("ant/")]
        assert {(out / path).read_bytes() for path in ants} == {photo(2)}
        assert not any(each.reason == "several classes" for each in found.left_out)
    assert len(found.photos) == (2 if answer in REFUSED else 3)


def test_the_copy_of_a_deleted_photo_stays_away_though_no_table_lists_that_any_more(
    shop: Site, tmp_path: Path
) -> None:
    table, out = tmp_path / "list.csv", tmp_path / "out"
    table.write_text(f"url,class\n{shop.url('/1.jpg')},ant\n{shop.url('/2.jpg')},ant\n")
    for path in kclass.collect(out=out, urls=[table], allow_private=True).photos:
        if (out / path).read_bytes() == photo(1):
            (out / path).unlink()
    table.write_text("url,class\n")
    assert kclass.collect(out=out, urls=[table], allow_private=True).photos == ()
    assert not list(out.glob("[!.]*/*.jpg"))
    offer(shop, "ant", "/small.jpg", "/3.jpg")
    shop.answers["/small.jpg"] = body(photo(1, width=100, height=75))
    (path,) = collect(shop, "ant", out=out).photos
    assert (out / path).read_bytes() == photo(3)


def test_the_only_bytes_of_a_photo_are_not_removed(shop: Site, tmp_path: Path) -> None:
    for query in ("ant", "bee", "cat"):
        offer(shop, query, "/1.jpg")
    out = tmp_path / "out"
    (path,) = collect(shop, "ant", out=out).photos
    (out / path).unlink()
    for _ in range(3):
        found = collect(shop, "bee", "cat", out=out)
        assert [each.label for each in found.left_out] == ["bee", "cat"]
    assert shop.asked["/1.jpg"] == 2


def test_a_photo_that_comes_back_from_the_trash_is_not_left_beside_another_class(
    shop: Site, tmp_path: Path
) -> None:
    offer(shop, "ant", "/1.jpg")
    offer(shop, "bee", "/1.jpg")
    out = tmp_path / "out"
    (path,) = collect(shop, "ant", out=out).photos
    (out / path).rename(tmp_path / "trash.jpg")
    collect(shop, "bee", out=out)
    (out / "ant").mkdir(exist_ok=True)
    (tmp_path / "trash.jpg").rename(out / path)
    assert collect(shop, "ant", "bee", out=out).photos == ()
    assert not list(out.glob("[!.]*/*.jpg"))


def placed(out: Path, data: bytes) -> Path:
    """The only file in class folders that has these bytes."""
    (path,) = [path for path in out.glob("[!.]*/**/*.jpg") if path.read_bytes() == data]
    return path


def credits_of(out: Path) -> dict[str, dict[str, str]]:
    with (out / "attribution.csv").open(newline="") as file:
        return {row["address"]: row for row in csv.DictReader(file)}


def test_a_photo_that_was_moved_to_another_class_stays_there_with_its_credit(
    shop: Site, tmp_path: Path
) -> None:
    offer(shop, "ant", "/1.jpg", "/small.jpg", "/2.jpg")
    offer(shop, "bee", "/3.jpg")
    shop.answers["/small.jpg"] = body(photo(1, width=100, height=75))
    out = tmp_path / "out"
    collect(shop, "ant", "bee", out=out)
    moved = placed(out, photo(1))
    moved.rename(out / "bee" / f"no ant {moved.name}")
    shop.answers["/1.jpg"] = status(404)
    for valid in (None, None, 0.5):
        found = collect(shop, "ant", "bee", out=out, valid=valid)
        classes = {(out / path).read_bytes(): path.split("/")[-2] for path in found.photos}
        assert classes == {photo(1): "bee", photo(2): "ant", photo(3): "bee"}
        there = {path.relative_to(out).as_posix() for path in out.glob("[!.]*/**/*.jpg")}
        assert there == set(found.photos)
    credit = credits_of(out)[shop.url("/1.jpg")]
    assert (credit["class"], credit["creator"]) == ("bee", "Jo")
    assert kclass.open_data(out).classes == ("ant", "bee")
    assert shop.asked["/1.jpg"] == 1


def test_a_class_folder_that_was_renamed_is_followed(shop: Site, tmp_path: Path) -> None:
    offer(shop, "antt", "/1.jpg", "/2.jpg")
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    offer(shop, "bee", "/3.jpg")
    out = tmp_path / "out"
    collect(shop, "antt", "bee", out=out)
    (out / "antt").rename(out / "ant")
    asked = dict(shop.asked)
    for queries in (["bee"], ["ant"], ["bee", "ant"]):
        found = collect(shop, *queries, out=out)
        assert [path.split("/")[0] for path in found.photos] == ["ant", "ant", "bee"]
        assert {credit["class"] for credit in credits_of(out).values()} == {"ant", "bee"}
    assert {path: number for path, number in shop.asked.items() if path != "/search"} == {
        path: number for path, number in asked.items() if path != "/search"
    }


def test_a_photo_that_was_moved_to_another_split_stays_there(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    offer(shop, "bee", "/3.jpg", "/4.jpg")
    out = tmp_path / "out"
    collect(shop, "ant", "bee", out=out, valid=1e-9)
    for number, split in ((1, "validation"), (3, "test")):
        path = placed(out, photo(number))
        (out / split / path.parent.name).mkdir(parents=True)
        path.rename(out / split / path.parent.name / path.name)
    for _ in range(2):
        found = collect(shop, "ant", "bee", out=out, valid=1e-9)
        splits = {(out / path).read_bytes(): path.split("/")[0] for path in found.photos}
        assert splits == {photo(1): "validation", photo(2): "train", photo(3): "test", photo(4): "train"}


@pytest.mark.parametrize("name", ["{}.txt", "{}.jpg.xmp", "._{}.jpg", "{}-mask.jpg", "{} (1).jpg", "{}.png"])
def test_files_beside_a_photo_are_not_taken_for_it(name: str, shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    offer(shop, "bee", "/3.jpg")
    out = tmp_path / "out"
    collect(shop, "ant", "bee", out=out)
    deleted, moved = placed(out, photo(1)), placed(out, photo(2))
    for path in (deleted, moved):
        (out / "bee" / name.format(path.stem)).write_bytes(b"mine")
    deleted.unlink()
    moved.rename(out / "bee" / moved.name)
    for _ in range(2):
        found = collect(shop, "ant", "bee", out=out)
        assert {(out / path).read_bytes() for path in found.photos} == {photo(2), photo(3)}
        assert all(path.startswith("bee/") for path in found.photos)
        for path in (deleted, moved):
            assert (out / "bee" / name.format(path.stem)).read_bytes() == b"mine"


def test_a_photo_that_was_moved_and_whose_row_was_corrected_is_there_once(shop: Site, tmp_path: Path) -> None:
    table, out = tmp_path / "list.csv", tmp_path / "out"
    table.write_text(f"url,class\n{shop.url('/1.jpg')},ant\n{shop.url('/3.jpg')},bee\n")
    kclass.collect(out=out, urls=[table], allow_private=True)
    moved = placed(out, photo(1))
    moved.rename(out / "bee" / f"x {moved.name}")
    table.write_text(f"url,class,creator\n{shop.url('/1.jpg')},bee,Al\n{shop.url('/3.jpg')},bee,Al\n")
    for _ in range(2):
        assert len(kclass.collect(out=out, urls=[table], allow_private=True).photos) == 2
        assert len(list(out.glob("bee/*.jpg"))) == 2
    assert [credit["creator"] for credit in credits_of(out).values()] == ["Al", "Al"]
    assert shop.asked["/1.jpg"] == 1


def test_a_copy_that_somebody_made_is_left_alone(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg")
    offer(shop, "bee", "/2.jpg")
    out = tmp_path / "out"
    first = collect(shop, "ant", "bee", out=out)
    shutil.copy(out / first.photos[0], out / "bee")
    assert collect(shop, "ant", "bee", out=out).photos == first.photos
    assert len(list(out.glob("bee/*.jpg"))) == 2


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


def test_what_turns_out_to_be_of_two_classes_is_put_aside_and_not_deleted(shop: Site, tmp_path: Path) -> None:
    offer(shop, "ant", "/1.jpg", "/2.jpg")
    offer(shop, "bee", "/1.jpg", "/3.jpg")
    out = tmp_path / "out"
    assert len(collect(shop, "ant", out=out).photos) == 2
    assert len(collect(shop, "ant", "bee", out=out).photos) == 2
    hidden = [path.read_bytes() for path in (out / ".kclass-collect").rglob("*.jpg")]
    assert photo(1) in hidden
