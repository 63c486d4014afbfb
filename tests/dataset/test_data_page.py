import re
from pathlib import Path
from typing import Any

import pytest
from packing import pack
from planting import Plant

import kclass

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
LINES = re.findall(r"^```python\n(.+)\n```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
IMPORTS, *SOURCES = LINES

UFFIZI = [f"{name}/{k}.jpg" for name in ("painting", "statue") for k in range(10)]
LANDMARKS = [
    f"{split}/{name}/{k}.jpg"
    for split in ("train", "test")
    for name in ("09.Golden_Gate_Bridge", "10.Edinburgh_Castle")
    for k in range(2)
]
LAKES = [f"train/{name}/{k}.jpg" for name in ("lake", "sea") for k in range(4)]
CARS = [
    f"{car}/{colour}_{k}b1d.jpg" for car in ("ferrari", "fiat") for colour in ("red", "blue") for k in "45"
]
PETS = [f"{breed}_{k}.jpg" for breed in ("Maine_Coon", "beagle", "pug") for k in range(3)]
SCANS = [f"{kind}/patient{k}_{n}.jpg" for kind in ("ill", "well") for k in range(6) for n in range(2)]

# What each line of the page gives: photos of each class by split.
RESULTS: list[dict[str, dict[str, int]]] = [
    {"photos": {"painting": 10, "statue": 10}},
    {
        "train": {"09.Golden_Gate_Bridge": 2, "10.Edinburgh_Castle": 2},
        "test": {"09.Golden_Gate_Bridge": 2, "10.Edinburgh_Castle": 2},
    },
    {"train": {"lake": 4, "sea": 4}, "test": {"lake": 0, "sea": 0}},
    {"photos": {"ferrari": 4, "fiat": 4}},
    {
        "train": {"09.Golden_Gate_Bridge": 2, "10.Edinburgh_Castle": 2},
        "test": {"09.Golden_Gate_Bridge": 2, "10.Edinburgh_Castle": 2},
    },
    {"photos": {"Maine_Coon": 3, "beagle": 3, "pug": 3}},
    {"photos": {"cat": 3, "dog": 6}},
    {"photos": {"blue": 4, "red": 4}},
    {"photos": {"lake": 2, "sea": 1}},
    {"photos": {"beagle": 1, "coon": 2}},
    {"photos": {"lake": 2, "sea": 1}},
    {"photos": {"lake": 2, "sea": 1}},
    {
        "train": {"painting": 6, "statue": 6},
        "valid": {"painting": 2, "statue": 2},
        "test": {"painting": 2, "statue": 2},
    },
    {"train": {"lake": 1, "sea": 1}, "valid": {"lake": 1, "sea": 0}},
    {
        "train": {"painting": 1, "statue": 1},
        "valid": {"painting": 1, "statue": 0},
        "unsplit": {"painting": 8, "statue": 9},
    },
    {"train": {"painting": 10, "statue": 10}, "valid": {"painting": 1, "statue": 2}},
    {
        "train": {"painting": 8, "statue": 8},
        "valid": {"painting": 2, "statue": 2},
        "test": {"painting": 0, "statue": 0},
    },
    {"train": {"ill": 10, "well": 10}, "valid": {"ill": 2, "well": 2}},
    {"train": {"ill": 3, "well": 3}, "valid": {"ill": 1, "well": 1}},
]


@pytest.fixture
def place(plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all that the page speaks of."""
    plant(*UFFIZI, folder="uffizi")
    plant(*LANDMARKS, folder="landmark_images")
    plant(*LAKES, "test/7.jpg", "test/8.jpg", folder="lakes-split")
    plant("1.jpg", "2.jpg", "3.jpg", folder="lakes")
    plant(*CARS, folder="fiat-ferrari")
    plant(*PETS, folder="pets")
    plant("statue/a.jpg", "statue/b.jpg", "painting/c.jpg", folder="louvre")
    plant("8.jpg", "9.jpg", folder="new")
    plant(*SCANS, folder="scans")
    pack(tmp_path / "landmark_images.zip", {f"landmark_images/{name}": name.encode() for name in LANDMARKS})
    write(tmp_path / "lakes/labels.csv", "name,species", "1,lake", "2,lake", "3,sea")
    write(
        tmp_path / "lakes/splits.csv",
        "file;label;is_valid",
        "1.jpg;lake;no",
        "2.jpg;lake;yes",
        "3.jpg;sea;no",
    )
    write(tmp_path / "breeds.csv", "foto,breed", "Maine_Coon_0,coon", "Maine_Coon_1,coon", "beagle_2,beagle")
    write(
        tmp_path / "runs/uffizi/split.csv",
        "path,class,split",
        "painting/1.jpg,painting,train",
        "statue/1.jpg,statue,train",
        "painting/2.jpg,painting,valid",
    )
    rows = (
        f"{name},{name.partition('/')[0]},{'abcd'[k % 4]}" for k, name in enumerate([*SCANS[:4], *SCANS[-4:]])
    )
    write(tmp_path / "scans.csv", "path,label,clinic", *rows)
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def result_of(line: str) -> kclass.Dataset:
    names: dict[str, Any] = {}
    exec(f"{IMPORTS}\n{line}", names)
    data = names["data"]
    assert isinstance(data, kclass.Dataset)
    return data


@pytest.mark.parametrize(("line", "counts"), list(zip(SOURCES, RESULTS, strict=True)), ids=SOURCES)
def test_each_line_of_the_page_gives_what_it_says(
    line: str, counts: dict[str, dict[str, int]], place: Path
) -> None:
    assert result_of(line).to_dict()["counts"] == counts


def test_every_block_of_the_page_is_one_line() -> None:
    assert PAGE.read_text(encoding="utf-8").count("```python") == len(LINES)


def test_unlabelled_photos_of_the_page_are_for_test(place: Path) -> None:
    for line in SOURCES[2], SOURCES[16]:
        data = result_of(line)
        assert data.unlabelled.paths == data.test.paths
        assert len(data.test) == 2


def test_the_groups_of_the_page_are_not_parted(place: Path) -> None:
    patients = result_of(SOURCES[17])
    sides = [
        {re.findall(r"patient\d", path)[0] for path in part.paths}
        for part in (patients.train, patients.valid)
    ]
    assert not sides[0] & sides[1]
    assert len(set(result_of(SOURCES[18]).samples.groups.tolist())) == 4
