from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from made_up import inspection

from kclass.audit import shortcuts as judging
from kclass.audit.findings import Finding
from kclass.audit.shortcuts import MOST_CLASSES, SHOWN_A_CLASS, given_away, shortcuts
from kclass.inspection.inspection import Inspection

FORMATS = ("PNG", "JPEG")


def found(
    inspections: Sequence[Inspection],
    labels: Sequence[int],
    *,
    classes: Sequence[str] = ("cat", "dog"),
    **changes: Any,
) -> dict[str, Finding]:
    """The shortcuts by the name of their property."""
    photos = len(labels)
    options = {"rows": np.arange(photos), "groups": np.arange(photos), "seed": 0} | changes
    each = shortcuts(inspections, np.array(labels, np.int32), classes=classes, **options)
    return {finding.detail.partition(" alone")[0]: finding for finding in each}


def by_format(a_class: int, *, wrong: int = 0) -> tuple[list[Inspection], list[int]]:
    """PNG cats and JPEG dogs, so many of each; `wrong` of each have the other format."""
    labels = [place % 2 for place in range(2 * a_class)]
    formats = [FORMATS[label if place // 2 >= wrong else 1 - label] for place, label in enumerate(labels)]
    return [inspection(format=each) for each in formats], labels


def test_a_format_that_gives_the_label_away_is_named_with_its_classes() -> None:
    finding = found(*by_format(30))["file format"]
    assert finding.kind == "shortcut"
    assert finding.detail == (
        "file format alone tells the class of 100 % of the photos (50 % by guessing): "
        "cat PNG (100 %, others 0 %); dog JPEG (100 %, others 0 %)"
    )
    assert finding.score == 1
    assert finding.remove == ()
    assert len(finding.rows) == 2 * SHOWN_A_CLASS


def test_photos_that_are_alike_have_no_shortcut() -> None:
    assert found([inspection() for _ in range(60)], [place % 2 for place in range(60)]) == {}


def test_properties_without_regard_to_the_class_are_no_shortcut() -> None:
    random = np.random.default_rng(0)
    photos = [
        inspection(
            brightness=random.uniform(20, 200),
            contrast=random.uniform(20, 80),
            width=int(random.choice([320, 480, 640])),
            format=str(random.choice(FORMATS)),
            camera=str(random.choice(["", "a", "b"])),
            colours=random.integers(0, 255, (8, 8, 3), np.uint8),
        )
        for _ in range(200)
    ]
    assert found(photos, [place % 2 for place in range(200)]) == {}


@pytest.mark.parametrize(("a_class", "alarms"), [(5, False), (8, False), (14, True), (20, True)])
def test_few_photos_that_happen_to_differ_raise_no_alarm(a_class: int, alarms: bool) -> None:
    assert ("file format" in found(*by_format(a_class))) is alarms


@pytest.mark.parametrize(("wrong", "alarms"), [(5, True), (13, True), (14, False), (50, False)])
def test_the_agreement_must_be_substantial_for_sure(wrong: int, alarms: bool) -> None:
    # Of 100 a class, kappa is 1 - 2 wrong / 100, and Wilson's interval of 87 of 100 starts at .7902, of
    # 86 at .7785: the lower ends are .74 - .0798 √2 = .627 and .72 - .0815 √2 = .605.
    assert ("file format" in found(*by_format(100, wrong=wrong))) is alarms


def test_the_colour_of_the_background_is_judged_without_the_centre() -> None:
    def photo(colour: tuple[int, int, int], *, centre: bool) -> Inspection:
        grid = np.random.default_rng(0).integers(100, 140, (8, 8, 3), np.uint8)
        if centre:
            grid[2:6, 2:6] = colour
        else:
            grid[:2] = grid[6:] = colour
        return inspection(colours=grid)

    colours, labels = ((40, 160, 40), (90, 90, 200)), [place % 2 for place in range(60)]
    assert found([photo(colours[label], centre=True) for label in labels], labels) == {}
    alarms = found([photo(colours[label], centre=False) for label in labels], labels)
    assert set(alarms) == {"background colour", "border colour"}
    assert "cat on green (100 %, others 0 %)" in alarms["background colour"].detail
    assert "cat with a green border (100 %, others 0 %)" in alarms["border colour"].detail


def test_a_class_between_the_others_is_found_too() -> None:
    # Middling brightness is dogs, dark and bright are cats: no line tells them apart.
    labels = [place % 2 for place in range(80)]
    values = [130.0 if label else (30.0 if place % 4 else 230.0) for place, label in enumerate(labels)]
    photos = [inspection(brightness=value + place % 7) for place, value in enumerate(values)]
    assert set(found(photos, labels)) == {"brightness"}


def test_one_class_of_many_that_comes_from_one_camera_is_named_alone() -> None:
    labels = [place % 5 for place in range(150)]
    cameras = [
        "Maker One" if label == 3 else ("", "Maker Two")[place % 2] for place, label in enumerate(labels)
    ]
    photos = [inspection(camera=each) for each in cameras]
    finding = found(photos, labels, classes=("ash", "beech", "fir", "oak", "yew"))["camera"]
    assert finding.detail.endswith(": oak Maker One (100 %, others 0 %)")
    assert {labels[row] for row in finding.rows} == {3}


def test_of_many_classes_given_away_the_first_few_are_named() -> None:
    labels = [place % 5 for place in range(150)]
    photos = [inspection(camera=f"Maker {label}") for label in labels]
    detail = found(photos, labels, classes=("a", "b", "c", "d", "e"))["camera"].detail
    assert detail.endswith("; c Maker 2 (100 %, others 0 %); 2 more classes")


def test_the_class_that_reads_the_most_clearly_is_named_first() -> None:
    # All dogs are by one camera, cats by many.
    labels = [place % 2 for place in range(80)]
    photos = [inspection(camera="One" if label else f"{place % 8}") for place, label in enumerate(labels)]
    detail = found(photos, labels)["camera"].detail
    assert detail.endswith(": dog One (100 %, others 0 %); cat 0 (25 %, others 0 %)")


def test_photos_of_the_classes_are_shown_by_turns() -> None:
    photos, labels = by_format(20)
    assert [labels[row] for row in found(photos, labels)["file format"].rows] == [0, 1] * SHOWN_A_CLASS


def test_classes_are_named_as_people_read_them() -> None:
    detail = found(*by_format(20), classes=("09.Golden_Gate", "dog"))["file format"].detail
    assert ": Golden Gate PNG" in detail


def test_a_finding_calls_photos_by_their_rows() -> None:
    finding = found(*by_format(20), rows=1000 + np.arange(40))["file format"]
    assert min(finding.rows) >= 1000


def test_copies_of_one_photo_do_not_make_a_property_telling() -> None:
    # The colours are as good as a name here: who has seen a copy of a photo knows its class.
    random = np.random.default_rng(1)
    colours = random.integers(0, 255, (12, 8, 8, 3), np.uint8)
    labels = np.repeat(random.permutation(np.arange(12) % 2), 10).tolist()
    photos = [inspection(colours=grid) for grid in np.repeat(colours, 10, axis=0)]
    assert set(found(photos, labels)) == {"background colour", "border colour"}
    assert found(photos, labels, groups=np.repeat(np.arange(12), 10)) == {}


def test_of_many_photos_a_draw_is_judged_that_keeps_rare_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "MOST_PHOTOS", 100)
    labels = np.repeat(np.array([0, 1], np.int32), [1000, 30])
    drawn = judging._drawn(labels, seed=0)
    assert np.bincount(labels[drawn]).tolist() == [70, 30]
    assert drawn.tolist() == sorted(set(drawn.tolist()))
    assert drawn.tolist() != judging._drawn(labels, seed=1).tolist()
    assert drawn.tolist() == judging._drawn(labels, seed=0).tolist()


def test_of_many_classes_the_largest_are_judged_and_the_others_are_one() -> None:
    labels = np.repeat(np.arange(MOST_CLASSES + 2, dtype=np.int32), [1, 2] + [3] * MOST_CLASSES)
    judged, truth = judging._largest(labels)
    assert judged == list(range(2, MOST_CLASSES + 2))
    assert truth.tolist() == [MOST_CLASSES] * 3 + np.repeat(np.arange(MOST_CLASSES), 3).tolist()


def test_one_class_alone_cannot_be_given_away() -> None:
    assert found([inspection(format=each) for each in FORMATS * 20], [0] * 40) == {}


def test_without_photos_there_is_no_shortcut() -> None:
    assert found([], []) == {}


def test_classes_of_one_photo_each_cannot_be_judged() -> None:
    assert found([inspection(format=each) for each in FORMATS], [0, 1]) == {}


def test_one_seed_finds_the_same() -> None:
    photos, labels = by_format(30, wrong=2)
    assert found(photos, labels) == found(photos, labels)


def test_classes_are_told_one_by_one_with_what_gives_them_away() -> None:
    photos, labels = by_format(30)
    told, judged = given_away(photos, np.array(labels, np.int32), groups=np.arange(60), seed=0)
    assert {(each.property, each.label, each.words) for each in told} == {
        ("file format", 0, "PNG (100 %, others 0 %)"),
        ("file format", 1, "JPEG (100 %, others 0 %)"),
    }
    assert judged == {0, 1}


def test_only_the_largest_classes_are_judged() -> None:
    labels = np.repeat(np.arange(MOST_CLASSES + 2, dtype=np.int32), 2)
    labels = np.concatenate([labels, labels[: 2 * MOST_CLASSES]])
    inspections = [inspection(brightness=float(each)) for each in range(len(labels))]
    _, judged = given_away(inspections, labels, groups=np.arange(len(labels)), seed=0)
    assert judged == set(range(MOST_CLASSES))
