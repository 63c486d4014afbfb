import hashlib
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packing import TAR_MODES, add, pack, rewritten
from photo_server import Site, body, photo, status

import kclass
from kclass.collecting.collection import Collection
from kclass.errors import DataError, OptionError

PHOTOS = {f"set/{label}/{n}.jpg": photo(10 * n + place) for place, label in enumerate("ab") for n in range(3)}


@pytest.fixture
def offered(site: Site, tmp_path: Path) -> Callable[..., str]:
    """Puts an archive of some contents on the site, and gives its address."""

    def offer(contents: dict[str, bytes], kind: str = "zip") -> str:
        archive = pack(tmp_path / f"x.{kind}", contents)
        site.answers["/photos.zip"] = body(archive.read_bytes(), kind="application/zip")
        return site.url("/photos.zip")

    return offer


def collect(address: str, out: Path, **options: Any) -> Collection:
    return kclass.collect(archive=[address], out=out, allow_private=True, **options)


@pytest.mark.parametrize("kind", ["zip", *TAR_MODES])
def test_photos_of_an_archive_lie_in_the_folders_of_their_classes(
    kind: str, offered: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    address = offered(PHOTOS, kind)
    found = collect(address, out)
    assert sorted(path.read_bytes() for path in out.glob("[!.]*/*")) == sorted(PHOTOS.values())
    assert [(each.query, each.asked, each.kept) for each in found.counts] == [("a", 3, 3), ("b", 3, 3)]
    line = (out / "attribution.csv").read_text().splitlines()[1]
    assert line.startswith("a/") and ",photos," in line and f"{address}#set/a/" in line


def test_it_is_fetched_once_and_only_what_is_needed_is_kept(
    offered: Callable[..., str], site: Site, tmp_path: Path
) -> None:
    address = offered(PHOTOS)
    first = collect(address, tmp_path / "out")
    assert collect(address, tmp_path / "out") == first
    assert site.asked["/photos.zip"] == 1
    hidden = [path for path in (tmp_path / "out" / ".kclass-collect").rglob("*") if path.is_file()]
    assert [path.name for path in hidden] == ["ledger.sqlite"]


def test_splits_of_an_archive_stay_and_test_photos_count_more(
    offered: Callable[..., str], tmp_path: Path
) -> None:
    contents = {
        **{f"train/{label}/{n}.jpg": photo(10 * n + k) for k, label in enumerate("ab") for n in range(3)},
        **{
            f"test/{label}/{n}.jpg": photo(100 + 10 * n + k) for k, label in enumerate("ab") for n in range(2)
        },
    }
    contents["train/a/copy.jpg"] = photo(100, quality=60)
    found = collect(offered(contents), tmp_path / "out")
    folders = [path.rpartition("/")[0] for path in found.photos]
    assert {folder: folders.count(folder) for folder in folders} == {
        "train/a": 3,
        "train/b": 3,
        "test/a": 2,
        "test/b": 2,
    }
    (left,) = found.left_out
    assert (left.reason, left.other.split("/")[0]) == ("copy", "test")
    assert left.address.endswith("#train/a/copy.jpg")


def test_an_archive_of_test_photos_alone_keeps_its_split(
    offered: Callable[..., str], site: Site, tmp_path: Path
) -> None:
    test = offered({f"set/test/{label}/1.jpg": photo(k) for k, label in enumerate("ab")})
    train = {f"train/{label}/{n}.jpg": photo(10 * n + k) for k, label in enumerate("ab") for n in range(4)}
    site.answers["/train.zip"] = body(pack(tmp_path / "train.zip", train).read_bytes())
    both = [site.url("/train.zip"), test]
    found = kclass.collect(archive=both, out=tmp_path / "out", valid=0.5, allow_private=True)
    splits = {(tmp_path / "out" / path).read_bytes(): path.split("/")[0] for path in found.photos}
    assert len(splits) == 8
    assert {data for data, split in splits.items() if split == "test"} == {photo(0), photo(1)}
    assert set(splits.values()) == {"train", "validation", "test"}


def test_what_an_archive_has_not_split_is_split(offered: Callable[..., str], tmp_path: Path) -> None:
    found = collect(offered(PHOTOS), tmp_path / "out", valid=0.5)
    assert {path.split("/")[0] for path in found.photos} == {"train", "validation"}


def test_broken_photos_and_other_files_are_no_photos(offered: Callable[..., str], tmp_path: Path) -> None:
    contents = PHOTOS | {"set/a/broken.jpg": photo(1)[:500], "set/a/readme.txt": b"hello"}
    found = collect(offered(contents), tmp_path / "out")
    assert len(found.photos) == 6
    assert found.refused == {"a broken photo": 1}


def test_limits_of_photos_hold_in_archives(offered: Callable[..., str], tmp_path: Path) -> None:
    found = collect(offered(PHOTOS), tmp_path / "out", max_bytes=100)
    assert (found.photos, found.refused) == ((), {"more than 100 bytes": 6})


@pytest.mark.parametrize(
    "contents",
    [
        {"ant/1.jpg": photo(1), "readme.txt": b"hello"},
        {"set/ant/1.jpg": photo(1)},
        {"train/ant/1.jpg": photo(1), "val/ant/2.jpg": photo(2)},
        {"test/ant/1.jpg": photo(1)},
    ],
)
def test_an_archive_may_hold_a_single_class(
    contents: dict[str, bytes], offered: Callable[..., str], tmp_path: Path
) -> None:
    found = collect(offered(contents), tmp_path / "out")
    assert [count.label for count in found.counts] == ["ant"]
    assert {path.split("/")[-2] for path in found.photos} == {"ant"}
    names = {"train", "val", "test"} & {part for name in contents for part in name.split("/")}
    splits = {path.split("/")[0] for path in found.photos} - {"ant"}
    assert splits == {"validation" if name == "val" else name for name in names}


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_a_checksum_is_checked(algorithm: str, offered: Callable[..., str], tmp_path: Path) -> None:
    address = offered(PHOTOS)
    right = hashlib.new(algorithm, (tmp_path / "x.zip").read_bytes()).hexdigest()
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    with pytest.raises(DataError, match=f"has the {algorithm} checksum {right}, and not {wrong}"):
        collect(f"{address}#{algorithm}={wrong}", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == ["ledger.sqlite"]
    assert len(collect(f"{address}#{algorithm.upper()}={right.upper()}", tmp_path / "out").photos) == 6


def test_a_checksum_that_is_given_later_is_checked_too(
    offered: Callable[..., str], site: Site, tmp_path: Path
) -> None:
    address = offered(PHOTOS)
    first = collect(address, tmp_path / "out")
    with pytest.raises(DataError, match="has the md5 checksum"):
        collect(f"{address}#md5={'0' * 32}", tmp_path / "out")
    right = hashlib.md5((tmp_path / "x.zip").read_bytes()).hexdigest()
    assert collect(f"{address}#md5={right}", tmp_path / "out") == first
    assert site.asked["/photos.zip"] == 1


@pytest.mark.parametrize("when", ["kclass.collecting.archived.unpack", "kclass.collecting.archived._photos"])
def test_an_archive_is_not_fetched_again_if_the_process_ended_while_it_was_unpacked(
    when: str, offered: Callable[..., str], site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = offered(PHOTOS)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(when, killed)
        collect(address, tmp_path / "out")
    assert len(collect(address, tmp_path / "out").photos) == 6
    assert site.asked["/photos.zip"] == 1


def test_passwords_of_an_archive_are_not_published(
    offered: Callable[..., str], site: Site, tmp_path: Path
) -> None:
    address = offered(PHOTOS | {"set/a/again.jpg": PHOTOS["set/a/0.jpg"]}).replace("//", "//jo:s3cret@")
    found = collect(address, tmp_path / "out")
    assert len(found.left_out) == 1
    assert "s3cret" not in str(found.to_dict())
    for name in ("attribution.csv", "ATTRIBUTION.md", "left-out.csv"):
        assert "s3cret" not in (tmp_path / "out" / name).read_text()
    site.answers["/none.zip"] = body(b"nothing")
    for wrong in (
        address + "#md5=" + "0" * 32,
        address.replace("photos", "gone"),
        address.replace("photos", "none"),
    ):
        with pytest.raises(DataError) as caught:
            collect(wrong, tmp_path / "new")
        assert "s3cret" not in caught.value.message + caught.value.fix


def test_an_archive_that_a_process_could_not_remove_is_removed_by_the_next(
    offered: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = offered(PHOTOS)

    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("kclass.collecting.archived._remove", killed)
        collect(address, tmp_path / "out")
    assert list((tmp_path / "out").rglob("*.archive"))
    assert len(collect(address, tmp_path / "out").photos) == 6
    assert not list((tmp_path / "out").rglob("*.archive"))


def test_a_test_photo_stays_whichever_archive_it_is_in(
    offered: Callable[..., str], site: Site, tmp_path: Path
) -> None:
    train = {f"train/{label}/{n}.jpg": photo(10 * n + k) for k, label in enumerate("ab") for n in range(2)}
    train |= {f"val/{label}/1.jpg": photo(50 + k) for k, label in enumerate("ab")}
    address = offered(train)
    test = {
        "test/a/1.jpg": photo(0, quality=60),
        "test/b/1.jpg": photo(99),
        "train/a/1.jpg": photo(98),
        "train/b/1.jpg": photo(97),
    }
    site.answers["/test.zip"] = body(pack(tmp_path / "test.zip", test).read_bytes())
    out = tmp_path / "out"
    collect(address, out)
    found = collect(site.url("/test.zip"), out)
    folders = [path.rpartition("/")[0] for path in found.photos]
    assert [folders.count(folder) for folder in ("test/a", "test/b", "train/a", "train/b")] == [1, 1, 2, 3]
    (left,) = found.left_out
    assert left.address == f"{address}#train/a/0.jpg"


def test_an_archive_that_cannot_be_had_is_named(site: Site, tmp_path: Path) -> None:
    site.answers["/photos.zip"] = status(404)
    with pytest.raises(DataError) as caught:
        collect(site.url("/photos.zip"), tmp_path / "out")
    assert caught.value.message == f"cannot fetch the archive {site.url('/photos.zip')}: HTTP 404"


def test_an_archive_that_is_too_large_is_not_fetched(offered: Callable[..., str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot fetch the archive .*: more than 1,000 bytes") as caught:
        collect(offered(PHOTOS), tmp_path / "out", max_archive_bytes=1000)
    assert caught.value.fix == "Allow more with max_archive_bytes."


def test_an_archive_of_a_private_address_says_how_to_have_it(
    offered: Callable[..., str], tmp_path: Path
) -> None:
    with pytest.raises(DataError) as caught:
        kclass.collect(archive=[offered(PHOTOS)], out=tmp_path / "out")
    assert caught.value.message.endswith("private address")
    assert caught.value.fix == "If you trust who gave it, set allow_private."


def test_a_checksum_is_that_of_the_file_whatever_a_host_calls_its_compression(
    offered: Callable[..., str], site: Site, tmp_path: Path
) -> None:
    address = offered(PHOTOS, "tar.gz")
    data = (tmp_path / "x.tar.gz").read_bytes()
    site.answers["/photos.zip"] = body(data, Content_Encoding="x-gzip")
    right = hashlib.sha256(data).hexdigest()
    assert len(collect(f"{address}#sha256={right}", tmp_path / "out").photos) == 6


def test_archives_of_a_class_each_come_together(
    offered: Callable[..., str], site: Site, tmp_path: Path
) -> None:
    cats = offered({f"photos/cats/{n}.jpg": photo(n) for n in range(2)})
    dogs = {f"dogs/{n}.jpg": photo(10 + n) for n in range(3)}
    site.answers["/dogs.zip"] = body(pack(tmp_path / "dogs.zip", dogs).read_bytes())
    found = kclass.collect(archive=[cats, site.url("/dogs.zip")], out=tmp_path / "out", allow_private=True)
    assert [path.split("/")[0] for path in found.photos] == ["cats"] * 2 + ["dogs"] * 3


def test_photos_without_classes_are_refused_in_the_words_of_who_gave_the_address(
    offered: Callable[..., str], tmp_path: Path
) -> None:
    address = offered({"1.jpg": photo(1), "2.jpg": photo(2)})
    with pytest.raises(DataError) as caught:
        collect(address, tmp_path / "out")
    assert caught.value.message == f"the 2 photos in {address} lie loose, without class folders"


# Archives made to do harm


def traversal(path: Path) -> None:
    pack(path, {"a/1.jpg": photo(1), "../../escaped.jpg": photo(2)})


def absolute(path: Path) -> None:
    pack(path, {"a/1.jpg": photo(1), "/tmp/escaped.jpg": photo(2)})


def link(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        add(archive, "a/1.jpg", photo(1))
        add(archive, "a/2.jpg", kind=tarfile.SYMTYPE)


def bomb(path: Path) -> None:
    pack(path, {"a/1.bmp": bytes(3_000_000)})
    rewritten(path, (3_000_000).to_bytes(4, "little"), (3_000_000_000).to_bytes(4, "little"), times=2)


def page(path: Path) -> None:
    path.write_bytes(b"<!doctype html><title>Not found</title>")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (traversal, "holds '../../escaped.jpg', which would lie outside of its folder"),
        (absolute, "holds '/tmp/escaped.jpg', which would lie outside of its folder"),
        (link, "holds 'a/2.jpg', which is a link or a device"),
        (bomb, "holds more than 100 bytes for each of its own; it may have been made to do harm"),
        (page, "is no zip or tar archive: "),
    ],
)
def test_attacks_are_refused_and_leave_nothing(
    make: Callable[[Path], None], message: str, site: Site, tmp_path: Path
) -> None:
    folder = tmp_path / "work" / "deep"
    folder.mkdir(parents=True)
    archive = tmp_path / "photos.zip"
    make(archive)
    site.answers["/photos.zip"] = body(archive.read_bytes())
    address = site.url("/photos.zip")
    with pytest.raises(DataError) as caught:
        collect(address, folder / "out")
    assert caught.value.message.startswith(f"{address} {message}")
    assert "\n" not in caught.value.message
    files = {path.name for path in (tmp_path / "work").rglob("*") if path.is_file()}
    assert files == {"ledger.sqlite"}


def test_a_table_that_names_photos_elsewhere_is_refused(offered: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(photo(1))
    table = f"path,label\n{tmp_path / 'secret.jpg'},a\n1.jpg,b\n".encode()
    with pytest.raises((DataError, OptionError)) as caught:
        collect(offered({"labels.csv": table, "1.jpg": photo(2)}), tmp_path / "out")
    assert "has a table that names photos outside of it" in caught.value.message
    assert (tmp_path / "secret.jpg").exists()


def test_a_table_in_an_archive_tells_the_classes(offered: Callable[..., str], tmp_path: Path) -> None:
    table = b"path,label\n1.jpg,a\n2.jpg,b\n"
    found = collect(offered({"labels.csv": table, "1.jpg": photo(1), "2.jpg": photo(2)}), tmp_path / "out")
    assert [path.split("/")[0] for path in found.photos] == ["a", "b"]
