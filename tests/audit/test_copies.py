from pathlib import Path

import numpy as np
from made_up import inspection

from kclass.audit.copies import copy_findings, parted_groups
from kclass.audit.findings import Finding
from kclass.dataset.names import TEST, TRAIN, UNSPLIT, VALID
from kclass.dataset.samples import Samples
from kclass.inspection.inspection import Inspection
from kclass.inspection.matching import Match

CAT, DOG, NONE = 0, 1, -1


def same(first: int, second: int) -> Match:
    return Match(first, second, "identical", 1, 1.0)


def alike(first: int, second: int, kind: str = "copy", similarity: float = 0.98) -> Match:
    return Match(first, second, kind, 1, similarity)


def found(
    *matches: Match,
    labels: tuple[int, ...] = (CAT,) * 6,
    splits: tuple[int, ...] = (),
    inspections: dict[int, Inspection] | None = None,
) -> list[Finding]:
    samples = Samples(
        tuple(f"{row}.jpg" for row in range(len(labels))),
        np.array(labels, np.int32),
        ("cat", "01.big_dog"),
        Path("/photos"),
        np.array(splits, np.int8),
    )
    known = {row: inspection() for row in range(len(labels))} | (inspections or {})
    return list(copy_findings(samples, known, matches))


def test_photos_that_match_no_other_are_no_finding() -> None:
    assert found() == []


def test_of_identical_photos_the_first_is_kept() -> None:
    (finding,) = found(same(1, 3), same(1, 5))
    assert finding == Finding(
        "identical", (1, 3, 5), "1.jpg and 3.jpg: the same file; and 1 more", remove=(3, 5), score=1.0
    )


def test_of_identical_photos_a_labelled_one_is_kept() -> None:
    (finding,) = found(same(0, 1), labels=(NONE, CAT))
    assert (finding.kind, finding.rows, finding.remove) == ("identical", (1, 0), (0,))


def test_of_nearly_identical_photos_the_largest_is_first_and_none_is_taken_out() -> None:
    small, large = inspection(width=320, height=240), inspection(width=1280, height=960)
    (finding,) = found(alike(0, 2), alike(2, 4, "crop", 0.93), inspections={0: small, 4: large})
    assert finding == Finding(
        "near-identical",
        (4, 2, 0),
        "4.jpg (1280 × 960) and 2.jpg (640 × 480): one is a part of the other, similarity 0.93; and 1 more",  # noqa: RUF001
        score=0.98,
    )


def test_photos_that_are_joined_through_others_are_said_to_be() -> None:
    sizes = {0: inspection(width=900), 1: inspection(width=100), 2: inspection(width=800)}
    (finding,) = found(alike(0, 1, "crop"), alike(1, 2, "crop"), inspections=sizes)
    assert finding.rows == (0, 2, 1)
    assert finding.detail.endswith("copies of one picture, through others; and 1 more")


def test_a_turned_copy_is_said_to_be_one() -> None:
    (finding,) = found(alike(0, 1, "turned", 0.995))
    assert finding.detail.endswith(": a copy turned or mirrored, similarity 0.99")


def test_identical_files_of_a_picture_are_told_apart_from_other_files_of_it() -> None:
    same_file, other_file = found(same(0, 1), alike(0, 2))
    assert (same_file.kind, same_file.rows, same_file.remove) == ("identical", (0, 1), (1,))
    assert (other_file.kind, other_file.rows, other_file.remove) == ("near-identical", (0, 2), ())


def test_a_picture_in_training_and_validation_is_a_leak_and_its_training_copy_goes() -> None:
    (finding,) = found(same(0, 1), labels=(CAT, CAT), splits=(TRAIN, VALID))
    assert finding == Finding(
        "leak", (1, 0), "1.jpg (valid) and 0.jpg (train): the same file", remove=(0,), score=1.0
    )


def test_a_nearly_identical_photo_leaks_as_well() -> None:
    (finding,) = found(alike(0, 1, "crop", 0.95), labels=(CAT, CAT), splits=(TEST, TRAIN))
    assert (finding.kind, finding.rows, finding.remove) == ("leak", (0, 1), (1,))
    assert finding.detail == "0.jpg (test) and 1.jpg (train): one is a part of the other, similarity 0.95"
    assert finding.score == 0.95


def test_a_leak_leaves_the_picture_in_the_last_split_once_as_each_file() -> None:
    matches = same(0, 1), same(0, 2), same(0, 3), alike(0, 4)
    (finding,) = found(*matches, labels=(CAT,) * 5, splits=(TRAIN, VALID, TEST, TEST, TEST))
    assert finding.rows == (2, 1, 3, 4, 0)
    assert set(finding.remove) == {0, 1, 3}


def test_photos_of_no_split_do_not_leak() -> None:
    (finding,) = found(same(0, 1), labels=(CAT, CAT), splits=(UNSPLIT, VALID))
    assert (finding.kind, finding.rows) == ("identical", (1, 0))


def test_copies_in_an_unsplit_data_set_do_not_leak() -> None:
    assert {finding.kind for finding in found(same(0, 1), alike(2, 3))} == {"identical", "near-identical"}


def test_a_picture_under_two_labels_is_for_a_person_to_decide() -> None:
    (finding,) = found(same(0, 2), labels=(CAT, CAT, DOG))
    assert finding == Finding(
        "two-labels", (0, 2), "0.jpg (cat) and 2.jpg (big dog): the same file", score=1.0
    )


def test_a_copy_without_label_says_nothing_of_its_original() -> None:
    (finding,) = found(alike(0, 1), labels=(CAT, NONE))
    assert finding.kind == "near-identical"


def test_a_leak_under_two_labels_is_both_and_nothing_is_taken_out() -> None:
    leak, labels = found(alike(0, 1), labels=(CAT, DOG), splits=(TRAIN, VALID))
    assert (leak.kind, leak.remove) == ("leak", ())
    assert (labels.kind, labels.remove) == ("two-labels", ())
    assert labels.rows == (1, 0)


def test_pictures_come_in_the_order_of_their_first_rows() -> None:
    assert [each.rows for each in found(same(2, 5), same(1, 4), same(0, 3))] == [(0, 3), (1, 4), (2, 5)]


def test_ten_thousand_copies_of_one_file_take_no_time() -> None:
    copies = 10_000
    matches = [same(0, row) for row in range(1, copies)]
    labels, splits = (CAT,) * copies, (TRAIN, VALID) * (copies // 2)
    (finding,) = found(*matches, labels=labels, splits=splits)
    assert len(finding.remove) == copies - 1


def grouped(
    groups: tuple[int, ...], splits: tuple[int, ...], *, taken_out: tuple[int, ...] = ()
) -> list[Finding]:
    photos = len(groups)
    paths = tuple(f"{row}.jpg" for row in range(photos))
    columns = np.zeros(photos, np.int32), ("cat",), Path("/photos"), np.array(splits, np.int8)
    return list(parted_groups(Samples(paths, *columns, np.array(groups, np.int32)), taken_out))


def test_a_group_on_both_sides_of_a_split_is_a_leak_for_a_person_to_mend() -> None:
    (finding,) = grouped((7, 3, 7, 3, 7), (TRAIN, TRAIN, VALID, TRAIN, TRAIN))
    assert finding == Finding("leak", (2, 0, 4), "2.jpg (valid) and 0.jpg (train): of one group; and 1 more")


def test_groups_that_stay_together_and_photos_of_none_do_not_leak() -> None:
    assert grouped((1, 1, 2, 2), (TRAIN, TRAIN, VALID, VALID)) == []
    assert grouped((-1, -1, -1, -1), (TRAIN, VALID, TRAIN, VALID)) == []
    assert grouped((1, 1, 1, 1), (UNSPLIT, UNSPLIT, TRAIN, TRAIN)) == []
    assert grouped((1, 1, 1, 1), (UNSPLIT,) * 4) == []


def test_a_group_that_is_whole_without_what_is_taken_out_does_not_leak() -> None:
    groups, splits = (1, 1, 1), (VALID, TRAIN, TRAIN)
    assert grouped(groups, splits, taken_out=(1, 2)) == []
    (finding,) = grouped(groups, splits, taken_out=(1,))
    assert finding.rows == (0, 2)
