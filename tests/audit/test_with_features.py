import shutil
from pathlib import Path

import numpy as np
import pytest
from photographs import picture, save
from PIL import Image, ImageDraw

from kclass.audit.checking import check
from kclass.audit.findings import Audit, Finding
from kclass.audit.with_features import look_closer
from kclass.dataset.folder import ImageFolder
from kclass.errors import PhotoError
from kclass.inspection.inspecting import inspect
from kclass.inspection.remembering import Features


def striped(seed: int) -> Image.Image:
    """Stripes of any colours, slope and width, where `picture` has ellipses."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (160, 120), tuple(random.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    slope, step = random.uniform(-60, 60), random.integers(12, 30)
    for x in range(-80, 240, int(step)):
        colour = tuple(random.integers(0, 256, 3).tolist())
        draw.line((x, -10, x + slope, 130), fill=colour, width=int(step) // 2)
    return image


@pytest.fixture(scope="module")
def patterns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dots and stripes, 24 of each."""
    root = tmp_path_factory.mktemp("patterns") / "patterns"
    for place in range(24):
        save(picture(place), root / f"dots/{place:02}.jpg")
        save(striped(place), root / f"stripes/{place:02}.jpg")
    return root


@pytest.fixture
def folder(patterns: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(patterns, tmp_path / "patterns"))


def findings(audit: Audit) -> list[Finding]:
    """All but shortcuts: stripes fill the background in another way than dots."""
    return [finding for finding in audit.findings if finding.kind != "shortcut"]


def test_a_photo_in_the_wrong_folder_is_the_first_label_to_look_at(folder: Path) -> None:
    save(striped(100), folder / "dots/wrong.jpg")
    audit = check(folder, features=True)
    assert audit.with_features
    first, *_ = audit.of("label-suspect")
    assert [audit.data.samples.paths[row] for row in first.rows] == ["dots/wrong.jpg"]
    assert first.detail.startswith("dots/wrong.jpg is labelled dots (")
    assert "stripes is likelier" in first.detail
    assert first.remove == ()


def test_labels_are_looked_at_with_features_alone(folder: Path) -> None:
    save(striped(100), folder / "dots/wrong.jpg")
    assert findings(check(folder)) == []


def test_a_sound_data_set_has_no_findings_with_features_either(patterns: Path) -> None:
    assert findings(check(patterns, features=True)) == []


def test_a_small_part_of_a_photo_is_found_with_features(folder: Path) -> None:
    save(picture(200, (640, 480)), folder / "dots/whole.jpg")
    save(picture(200, (640, 480)).crop((120, 80, 520, 380)), folder / "dots/part.jpg")
    assert findings(check(folder)) == []
    (finding,) = findings(check(folder, features=True))
    assert finding.kind == "near-identical"
    assert "one is a part of the other" in finding.detail


def test_a_picture_under_two_labels_is_told_as_that_alone(folder: Path) -> None:
    for place in range(6):
        shutil.copy(folder / f"stripes/{place:02}.jpg", folder / f"dots/copy {place}.jpg")
    audit = check(folder, features=True)
    assert len(audit.of("two-labels")) == 6
    assert audit.of("label-suspect") == ()


def test_photos_that_cannot_be_read_have_no_part_in_it(folder: Path) -> None:
    (folder / "dots/bad.jpg").write_bytes(b"no photo")
    save(striped(100), folder / "dots/wrong.jpg")
    audit = check(folder, features=True)
    assert [finding.kind for finding in audit.findings][:2] == ["unreadable", "label-suspect"]
    assert audit.data.samples.paths[audit.of("label-suspect")[0].rows[0]] == "dots/wrong.jpg"


def test_another_seed_deals_the_photos_to_other_folds(folder: Path) -> None:
    save(striped(100), folder / "dots/wrong.jpg")
    one, same, other = (
        check(folder, features=True, seed=seed).of("label-suspect")[0].score for seed in (0, 0, 1)
    )
    assert one == same != other


def test_progress_is_told_of_embedding_and_folds(patterns: Path) -> None:
    stages: set[str] = set()
    check(patterns, features=True, progress=lambda stage, done, total: stages.add(stage))
    assert {"inspecting", "embedding", "matching", "choosing the penalty"} <= stages


def test_features_of_some_rows_alone_will_do(folder: Path) -> None:
    shutil.copy(folder / "dots/03.jpg", folder / "dots/copy.jpg")
    samples = ImageFolder(folder).samples
    inspections = list(inspect(samples.files))
    inspections[0] = PhotoError("dots/00.jpg is broken")
    rows = np.arange(1, len(samples), 2)
    truth = np.eye(2)[samples.labels[rows]]
    features = (9 * truth + np.random.default_rng(0).normal(size=truth.shape)).astype(np.float32)
    seen = look_closer(samples, Features(rows, features, "of no network"), inspections, seed=0)
    (match,) = seen.matches
    assert match.kind == "identical"
    assert [samples.paths[row] for row in (match.first, match.second)] == ["dots/03.jpg", "dots/copy.jpg"]
    assert seen.out_of_fold is not None
    asked = np.flatnonzero(~np.isnan(seen.out_of_fold).any(axis=1))
    assert asked.tolist() == rows.tolist()
    assert (seen.out_of_fold[rows].argmax(axis=1) == samples.labels[rows]).all()
