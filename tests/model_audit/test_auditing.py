import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_fits import CLASSES, SmallFit, write_photos

import kclass
from kclass.model_audit.verdicts import GRAVEST


@pytest.fixture(scope="session")
def audit(fitted: SmallFit) -> kclass.ModelAudit:
    return kclass.audit_model(fitted.data, model=fitted.run)


def test_each_class_is_measured_on_its_photos(audit: kclass.ModelAudit, fitted: SmallFit) -> None:
    assert tuple(each.measured.label for each in audit.classes) == CLASSES
    assert audit.verdict in GRAVEST
    for each in audit.classes:
        found = each.measured
        assert found.photos == 8
        assert found.border is not None and 0 <= found.border <= 1
        assert found.mean_map is not None and found.mean_map.sum() == pytest.approx(1, abs=1e-5)
        assert found.without_hottest is not None and found.hottest_alone is not None
        assert found.inside is None and found.outside is None
    assert audit.model == fitted.model
    assert (audit.unreadable, audit.unmasked) == ((), ())


@pytest.mark.slow
def test_the_same_seed_draws_the_same(audit: kclass.ModelAudit, fitted: SmallFit) -> None:
    again = kclass.audit_model(fitted.data, model=fitted.run)
    assert again.to_dict() == audit.to_dict()
    other = kclass.audit_model(fitted.data, model=fitted.run, seed=1)
    assert [each.measured.surroundings for each in other.classes] != [
        each.measured.surroundings for each in audit.classes
    ]


def test_the_run_beside_the_model_tells_what_it_learned_from(
    audit: kclass.ModelAudit, fitted: SmallFit, tmp_path: Path
) -> None:
    learned = sum(
        1 for line in (fitted.run / "split.csv").read_text().splitlines() if line.endswith(",train")
    )
    assert audit.remark == f"It learned from {learned} photos, as {fitted.run / 'split.csv'} says."
    alone = shutil.copy(fitted.model, tmp_path / "model.keras")
    without = kclass.audit_model(fitted.data, model=alone)
    assert without.remark == (
        "Which photos it learned from cannot be told: there is no split.csv of its run beside"
        f" {alone}. 24 of these stand for them."
    )


def test_a_class_of_few_photos_cannot_be_told(fitted: SmallFit, tmp_path: Path) -> None:
    data = write_photos(tmp_path / "few", {"ash": 3, "birch": 7, "cedar": 7}, seed=5)
    (data / "ash" / "broken.jpg").write_bytes(b"no photo")
    found = kclass.audit_model(data, model=fitted.run)
    assert {each.measured.label: each.measured.photos for each in found.classes} == {
        "ash": 0,
        "birch": 7,
        "cedar": 7,
    }
    assert found.classes[0].verdict.kind == "cannot be told"
    assert ["broken.jpg" in str(error) for error in found.unreadable] == [True]


def test_masks_tell_how_much_of_the_evidence_is_on_the_subject(fitted: SmallFit, tmp_path: Path) -> None:
    masks = tmp_path / "masks"
    for photo in sorted(fitted.data.rglob("*.png")):
        if photo.name != "0.png":
            white = np.zeros((30, 48), np.uint8)
            white[:, :24] = 255
            place = masks / photo.relative_to(fitted.data)
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(white).save(place)
    found = kclass.audit_model(fitted.data, model=fitted.run, masks=masks)
    assert sorted(path.name for path in found.unmasked) == ["0.png"] * 3
    for each in found.classes:
        assert each.measured.inside is not None
        evidence, area = each.measured.inside
        assert area == pytest.approx(0.5, abs=0.01)
        assert 0 < evidence < 1
        assert each.measured.outside is not None and 0 <= each.measured.outside <= 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed is -1; it must be from 0 to 4294967295"),
        ({"seed": "x"}, "seed is 'x'; it must be a whole number"),
        ({"split": "tests"}, "split"),
    ],
)
def test_options_that_cannot_be_used_are_refused(fitted: SmallFit, options: dict, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(kclass.OptionError) as caught:
        kclass.audit_model(fitted.data, model=fitted.run, **options)
    assert message in str(caught.value)


def test_photos_without_a_class_cannot_be_audited(fitted: SmallFit, tmp_path: Path) -> None:
    data = write_photos(tmp_path / "elms", {"elm": 7, "ash": 7})
    with pytest.raises(kclass.DataError, match="elm"):
        kclass.audit_model(data, model=fitted.run)
