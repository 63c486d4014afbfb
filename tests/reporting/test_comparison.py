import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_runs import MadeUp, write_run

from kclass.errors import DataError, ModelError, OptionError
from kclass.evaluation.metrics import evaluate
from kclass.evaluation.paired import compare_paired, holm
from kclass.reporting.comparison import compare

CLASSES = ("ash", "oak")
LABELS = np.array([0, 0, 0, 1, 1, 1], np.int32)
PATHS = tuple(f"{CLASSES[label]}/{place}.png" for place, label in enumerate(LABELS))
SURE = (0.6, 0.7, 0.8, 0.6, 0.7, 0.8)


def said(right: str, sure: tuple[float, ...] = SURE) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Probabilities that are right for each photo with a 1, as sure as is said."""
    chosen = np.array(
        [
            int(label) if sign == "1" else 1 - int(label)
            for sign, label in zip(right, LABELS[: len(right)], strict=True)
        ]
    )
    rows = np.arange(len(right))
    found = np.empty((len(right), 2))
    found[rows, chosen], found[rows, 1 - chosen] = sure, 1 - np.array(sure)
    return found


def run(folder: Path, right: str, **more: Any) -> Path:
    return write_run(folder, CLASSES, {"valid": MadeUp(PATHS, LABELS, said(right))}, **more)


def test_runs_are_compared_photo_by_photo_with_the_first(tmp_path: Path) -> None:
    first, other = run(tmp_path / "one", "110010"), run(tmp_path / "two", "011111")
    found = compare([first, other])
    assert (found.split, found.photos) == ("valid", 6)
    assert [each.name for each in found.runs] == ["one", "two"]
    assert [each.folder for each in found.runs] == [first, other]
    assert [each.metrics.correct for each in found.runs] == [3, 5]
    (difference,) = found.differences
    signs = [np.array([sign == "1" for sign in right]) for right in ("110010", "011111")]
    assert difference.paired == compare_paired(*signs)
    assert difference.paired.difference == pytest.approx(2 / 6)
    assert difference.p_value == difference.paired.p_value
    assert difference.verdict == "chance may explain the difference"


def test_runs_that_are_right_equally_often_differ_in_nothing_to_explain(tmp_path: Path) -> None:
    same = compare([run(tmp_path / "one", "110010"), run(tmp_path / "two", "110010")])
    assert same.differences[0].verdict == "both are right equally often"


def test_the_figures_of_each_run_are_those_of_its_evaluation(tmp_path: Path) -> None:
    found = compare([run(tmp_path / "one", "110010"), run(tmp_path / "two", "011111")])
    expected = evaluate(said("110010"), LABELS, CLASSES).to_dict()
    got = found.runs[0].metrics.to_dict()
    assert got["confusion"] == expected["confusion"]
    assert got["log_loss"] == pytest.approx(expected["log_loss"], abs=1e-6)


def test_photos_that_one_gets_right_and_the_other_wrong_are_named_the_clearest_first(tmp_path: Path) -> None:
    found = compare([run(tmp_path / "one", "110010"), run(tmp_path / "two", "011111")])
    (difference,) = found.differences
    # Photos 2, 3 and 5 are gained: with .8, .6 and .8 sure, their class goes up by .6, .2 and .6.
    assert [photo.path for photo in difference.gained] == ["ash/2.png", "oak/5.png", "oak/3.png"]
    (lost,) = difference.lost
    assert (lost.path, lost.label, lost.first, lost.other) == ("ash/0.png", "ash", "ash", "oak")
    assert (lost.first_probability, lost.other_probability) == pytest.approx((0.6, 0.4))


def test_as_many_photos_are_named_as_are_asked_for_and_all_are_counted(tmp_path: Path) -> None:
    found = compare([run(tmp_path / "one", "110010"), run(tmp_path / "two", "011111")], number=1)
    (difference,) = found.differences
    assert (len(difference.gained), difference.paired.second_only) == (1, 3)
    assert "two is right and one wrong: 3 photos, 1 of them\n" in repr(found)


def test_only_photos_that_both_scored_with_the_same_label_count(tmp_path: Path) -> None:
    first = run(tmp_path / "one", "111111")
    labels = np.array([0, 0, 1], np.int32)  # ash/2 has become an oak
    shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
    paths = ("ash/0.png", "ash/1.png", "ash/2.png")
    # oak/5.png is a training photo of the second run.
    other = write_run(
        tmp_path / "two", CLASSES, {"valid": MadeUp(paths, labels, shares)}, train=[("oak/5.png", "oak")]
    )
    found = compare([first, other])
    assert found.photos == 2
    assert [each.scored for each in found.runs] == [6, 3]
    assert [each.metrics.correct for each in found.runs] == [2, 1]
    assert found.notes == ("the runs scored photos that others did not (one 6, two 3); these are left out",)
    assert "Note: the runs scored photos" in repr(found)


def test_the_order_of_photos_and_classes_does_not_matter(tmp_path: Path) -> None:
    first = run(tmp_path / "one", "110010")
    turned = MadeUp(PATHS[::-1], (1 - LABELS)[::-1], said("110010")[::-1, ::-1])
    other = write_run(tmp_path / "two", CLASSES[::-1], {"valid": turned})
    (difference,) = compare([first, other]).differences
    assert (difference.paired.first_only, difference.paired.second_only) == (0, 0)
    assert compare([first, other]).notes == ()


def test_runs_that_know_other_classes_are_compared_with_a_word_of_warning(tmp_path: Path) -> None:
    first = run(tmp_path / "one", "110010")
    wider = np.hstack([said("011111"), np.zeros((6, 1))])
    other = write_run(tmp_path / "two", (*CLASSES, "yew"), {"valid": MadeUp(PATHS, LABELS, wider)})
    assert compare([first, other]).notes == (
        "the runs do not know the same classes, which makes their losses hard to compare",
    )


def test_the_same_data_may_lie_in_another_place(tmp_path: Path) -> None:
    # Made-up runs have one fingerprint.
    first = run(tmp_path / "one", "110010", root=tmp_path / "here")
    other = run(tmp_path / "two", "110010", root=tmp_path / "there")
    assert compare([first, other]).photos == 6


def changed_fingerprint(folder: Path) -> Path:
    config = json.loads((folder / "config.json").read_text())
    config["data"]["fingerprint"] = "beef" * 16
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_photos_of_other_data_that_bear_the_same_names_are_not_the_same(tmp_path: Path) -> None:
    first = run(tmp_path / "one", "110010", root=tmp_path / "here")
    other = changed_fingerprint(run(tmp_path / "two", "110010", root=tmp_path / "there"))
    with pytest.raises(DataError, match="no valid photo was scored by all of these runs") as caught:
        compare([first, other])
    assert "with the same --seed, or give one's split.csv to the other with --manifest" in caught.value.fix


def test_another_split_of_data_in_the_same_place_shares_photos(tmp_path: Path) -> None:
    first = run(tmp_path / "one", "110010", root=tmp_path / "here")
    other = changed_fingerprint(run(tmp_path / "two", "110010", root=tmp_path / "here"))
    assert compare([first, other]).photos == 6


def test_of_several_runs_each_is_tested_against_the_first_with_holms_correction(tmp_path: Path) -> None:
    places = [
        run(tmp_path / name, right) for name, right in (("a", "000000"), ("b", "111111"), ("c", "111110"))
    ]
    found = compare(places)
    assert [each.name for each in found.differences] == ["b", "c"]
    raw = [each.paired.p_value for each in found.differences]
    # Six of six: 2^-6; five of five: 2^-5.
    assert raw == pytest.approx([1 / 64, 1 / 32])
    assert tuple(each.p_value for each in found.differences) == holm(raw) == pytest.approx((1 / 32, 1 / 32))
    assert found.differences[0].verdict == "better, which chance does not explain"
    assert "(raised for 2 tests: 0.0312)" in repr(found)
    worse = compare(places[::-1]).differences[1]
    assert worse.p_value == pytest.approx(1 / 16)  # 2^-5 times 2; the interval is not raised
    assert worse.verdict == "too close to call: the interval leaves 0 out, the test does not"


def test_test_photos_are_compared_if_asked_for(tmp_path: Path) -> None:
    scored = {
        "valid": MadeUp(PATHS, LABELS, said("111111")),
        "test": MadeUp(("x",), LABELS[:1], said("0", (0.9,))),
    }
    places = [write_run(tmp_path / name, CLASSES, scored) for name in "ab"]
    assert [each.metrics.correct for each in compare(places, split="test").runs] == [0, 0]


def test_equal_probabilities_in_the_file_do_not_change_what_was_predicted(tmp_path: Path) -> None:
    places = [run(tmp_path / name, "111111") for name in ("one", "two")]
    table = places[0] / "predictions.csv"
    rows = table.read_text().splitlines()
    rows[4] = '"oak/3.png","valid","oak","oak","0.5","0.5","0.5"'
    table.write_text("\n".join(rows) + "\n")
    found = compare(places)
    assert found.runs[0].metrics.correct == 6 == found.differences[0].paired.both


def test_a_comparison_is_shown_as_a_table(tmp_path: Path) -> None:
    options = {"backbone": "scratch", "epochs": 5}
    places = [
        run(tmp_path / "one", "110010", options=options),
        run(tmp_path / "two", "011111", options={"backbone": "resnet50", "head": "linear"}),
    ]
    lines = repr(compare(places)).splitlines()
    assert lines[0] == "6 validation photos that every run scored"
    assert " ".join(lines[2].split()) == (
        "run trained accuracy 95 % interval balanced macro F1 log loss Brier"
    )
    assert "scratch, 5 epochs" in lines[3] and "50.0 % (3/6)" in lines[3]
    assert "resnet50, linear head" in lines[4] and "83.3 % (5/6)" in lines[4]
    assert lines[6].startswith("two against one: +33.3 points, 95 % interval ")
    assert lines[7:9] == [
        "  chance may explain the difference",
        "  right in both: 2 photos, in neither: 0 photos",
    ]
    assert lines[10].split() == ["photo", "class", "taken", "for", "p(class)"]
    assert lines[11].split() == ["ash/2.png", "ash", "oak", "0.20", "→", "0.80"]


def test_a_comparison_is_given_in_plain_values(tmp_path: Path) -> None:
    found = compare([run(tmp_path / "one", "110010"), run(tmp_path / "two", "011111")]).to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["differences"][0]["against"] == "one"
    assert found["differences"][0]["gained"][0]["path"] == "ash/2.png"
    assert found["runs"][1]["metrics"]["correct"] == 5


def test_folders_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    places = [run(tmp_path / name / "run", "111111") for name in "ab"]
    assert [each.name for each in compare(places).runs] == [str(place) for place in places]


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    one, two = run(tmp_path / "one", "110010"), run(tmp_path / "two", "011111")
    with pytest.raises(OptionError, match="two runs to compare, or more; received 1"):
        compare([one])
    with pytest.raises(OptionError, match="it must be a list of folders"):
        compare(str(one))  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="are one run"):
        compare([one, tmp_path / "two" / ".." / "one"])
    (tmp_path / "latest").write_text("two\n")  # where links cannot be made
    with pytest.raises(OptionError, match=r"two and .*latest are one run"):
        compare([two, tmp_path / "latest"])
    with pytest.raises(OptionError, match="split is 'train'; it must be one of test, valid"):
        compare([one, two], split="train")
    with pytest.raises(OptionError, match="number is 0; it must be 1 or more"):
        compare([one, two], number=0)
    with pytest.raises(DataError, match="scored no test photos; it has figures of: valid") as caught:
        compare([one, two], split="test")
    assert "--split" in caught.value.fix
    with pytest.raises(ModelError, match="there is no run"):
        compare([one, tmp_path / "three"])


def test_runs_of_other_photos_have_nothing_in_common(tmp_path: Path) -> None:
    elsewhere = MadeUp([f"new/{path}" for path in PATHS], LABELS, said("111111"))
    other = write_run(tmp_path / "two", CLASSES, {"valid": elsewhere})
    with pytest.raises(DataError, match="no valid photo was scored by all"):
        compare([run(tmp_path / "one", "110010"), other])
