import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_fits import CLASSES, SmallFit

import kclass
from kclass.classifier.model_file import write_model
from kclass.classifier.prediction import DEFAULT_TOP
from kclass.classifier.training_photos_file import write_training_photos
from kclass.dataset.samples import Samples
from kclass.engines.kept import KeptNetwork
from kclass.evaluation.metrics import evaluate
from kclass.keras_import import import_tensorflow
from kclass.runs.run_folder import prediction_rows


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 and no more")
    return path


def photos(fitted: SmallFit, *names: str) -> list[Path]:
    return [fitted.data / name for name in names]


def samples(fitted: SmallFit, labelled: dict[str, str | None], classes: tuple[str, ...] = CLASSES) -> Samples:
    """Photos of the small fit with the classes that they are said to have."""
    labels = [-1 if label is None else classes.index(label) for label in labelled.values()]
    return Samples(tuple(labelled), np.array(labels, np.int32), classes, fitted.data)


def test_a_classifier_says_what_it_is(fitted: SmallFit) -> None:
    assert repr(fitted.classifier) == "Classifier(efficientnet_lite0, 320 px, 3 classes: ash, birch, cedar)"
    assert fitted.classifier.classes == CLASSES
    assert fitted.classifier.size == 320


def test_many_classes_are_not_all_shown(fitted: SmallFit) -> None:
    record = replace(fitted.classifier.record, classes=tuple("abcdef"))
    assert repr(replace(fitted.classifier, record=record)).endswith("6 classes: a, b, c, d, e …)")


def test_a_photo_can_be_named_by_text(fitted: SmallFit) -> None:
    by_text = fitted.classifier.predict(str(fitted.photo))
    assert by_text == fitted.classifier.predict(fitted.photo)
    assert by_text.path == fitted.photo


def test_probabilities_of_all_classes_add_up(fitted: SmallFit) -> None:
    found = fitted.classifier.predict(fitted.photo)
    assert len(found.top) == min(DEFAULT_TOP, 3)
    assert sum(guess.probability for guess in found.top) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(("top", "named"), [(1, 1), (2, 2), (3, 3), (99, 3)])
def test_top_is_how_many_classes_are_named_at_most(top: int, named: int, fitted: SmallFit) -> None:
    assert len(fitted.classifier.predict(fitted.photo, top=top).top) == named
    many = fitted.classifier.predict_all([fitted.photo], top=top)
    assert [len(each.top) for each in many] == [named]


def test_top_below_one_is_refused_before_any_photo_is_read(fitted: SmallFit) -> None:
    for call in (
        lambda: fitted.classifier.predict("gone.jpg", top=0),
        lambda: fitted.classifier.predict_all(["gone.jpg"], top=0),
    ):
        with pytest.raises(kclass.OptionError, match="top is 0; it must be 1 or more"):
            call()


def test_a_photo_that_cannot_be_read_is_an_error_of_that_photo(fitted: SmallFit, broken: Path) -> None:
    with pytest.raises(kclass.PhotoError) as raised:
        fitted.classifier.predict(broken)
    assert raised.value.message.startswith(f"{broken} is truncated or broken: ")
    with pytest.raises(kclass.PhotoError, match=r"cannot read gone\.jpg: No such file or directory"):
        fitted.classifier.predict("gone.jpg")


def test_many_photos_keep_their_order_and_the_unreadable_are_named_in_theirs(
    fitted: SmallFit, broken: Path, tmp_path: Path
) -> None:
    good = photos(fitted, "cedar/3.png", "ash/2.png", "birch/1.png", "ash/0.png", "cedar/0.png")
    gone = tmp_path / "gone.jpg"
    found = fitted.classifier.predict_all([good[0], gone, *good[1:3], broken, *good[3:]])
    assert [each.path for each in found] == good
    assert [error.message.split(" is ")[0] for error in found.unreadable] == [
        f"cannot read {gone}: No such file or directory",
        str(broken),
    ]


def test_a_stream_gives_what_the_whole_gives_in_the_order_of_the_photos(
    fitted: SmallFit, broken: Path
) -> None:
    named = [*sorted(fitted.data.rglob("*.png")), broken, fitted.photo] * 2
    options: dict[str, Any] = {"top": 2, "threshold": 0.9}
    whole = fitted.classifier.predict_all(named, **options)
    streamed = list(fitted.classifier.predict_stream(iter(named), **options))
    assert [each for each in streamed if not isinstance(each, kclass.PhotoError)] == list(whole)
    assert [isinstance(each, kclass.PhotoError) for each in streamed] == [path == broken for path in named]


def test_a_stream_reads_a_few_photos_ahead_and_no_more_once_it_is_closed(
    fitted: SmallFit, tmp_path: Path
) -> None:
    named = [tmp_path / f"{place}.png" for place in range(1000)]
    stream = fitted.classifier.predict_stream(named)
    first = next(stream)
    assert isinstance(first, kclass.PhotoError)
    named[-1].symlink_to(fitted.photo)  # nobody has looked for it yet
    *_, last = stream
    assert isinstance(last, kclass.Prediction)
    threads = threading.active_count()
    stream = fitted.classifier.predict_stream([fitted.photo, *named])
    next(stream)
    stream.close()
    assert threading.active_count() == threads


def test_options_of_a_stream_are_checked_before_it_is_gone_through(fitted: SmallFit) -> None:
    for wrong in ({"top": 0}, {"threshold": 2}, {"photos": "a.jpg"}):
        with pytest.raises(kclass.OptionError):
            fitted.classifier.predict_stream(**{"photos": ["gone.jpg"], **wrong})


def test_no_photos_are_no_predictions(fitted: SmallFit) -> None:
    assert fitted.classifier.predict_all([]) == kclass.Predictions((), ())


def test_one_photo_and_many_agree_but_for_precision(fitted: SmallFit) -> None:
    named = photos(fitted, "cedar/3.png", "ash/2.png", "birch/1.png")
    for each in fitted.classifier.predict_all(named):
        alone = fitted.classifier.predict(each.path)
        assert each.label == alone.label
        assert each.probability == pytest.approx(alone.probability, abs=0.1)


def test_the_photos_trained_on_are_known_again(fitted: SmallFit) -> None:
    named = sorted(fitted.data.rglob("*.png"))
    found = fitted.classifier.predict_all(named)
    right = [each.label == each.path.parent.name for each in found]
    assert sum(right) >= 20  # of 24, 18 of which were trained on


def test_progress_is_told_of_every_photo(fitted: SmallFit, broken: Path) -> None:
    told: list[tuple[str, int, int]] = []
    fitted.classifier.predict_all([fitted.photo, broken], progress=lambda *step: told.append(step))
    assert told == [("predicting", 0, 2), ("predicting", 1, 2), ("predicting", 2, 2)]


def test_a_gpu_that_is_not_there_is_refused_though_all_features_are_known(
    fitted: SmallFit, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = samples(fitted, {"ash/0.png": "ash"})
    fitted.classifier.evaluate(known)
    monkeypatch.setattr(import_tensorflow().config, "list_physical_devices", lambda _: [])
    on_gpu = replace(fitted.classifier, device="gpu")
    for call in (lambda: on_gpu.evaluate(known), lambda: kclass.fit(fitted.data, device="gpu")):
        with pytest.raises(kclass.OptionError, match="device is gpu, but TensorFlow finds no GPU"):
            call()


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)
def test_networks_that_nobody_comes_back_to_are_not_kept_in_the_cache(
    fitted: SmallFit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))
    kclass.fit(fitted.data, backbone="scratch", size=16, epochs=1, out=tmp_path / "scratch")
    kclass.fit(fitted.data, backbone="mobilenet_v2", weights="none", size=32, out=tmp_path / "random")
    assert not (tmp_path / "cache" / "networks").exists()
    kclass.fit(fitted.data, size=32, out=tmp_path / "frozen")
    assert len(list((tmp_path / "cache" / "networks").iterdir())) == 1


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(kclass.OptionError) as raised:
        call()
    return raised.value.message, raised.value.fix


@pytest.mark.parametrize("kind", [str, Path])
def test_one_path_is_no_list_of_paths(kind: Callable[[str], Any], fitted: SmallFit) -> None:
    assert refusal(lambda: fitted.classifier.predict_all(kind("b.jpg"))) == (
        "photos is the one path 'b.jpg'; it must be a list of paths",
        "Give a list of photos; for one use predict.",
    )


@pytest.mark.parametrize(
    ("photos", "message"),
    [
        (None, "photos is of the type NoneType; it must be a list of paths"),
        (3, "photos is of the type int; it must be a list of paths"),
        (["a.jpg", None], "photo is of the type NoneType; it must be the path of a file"),
    ],
)
def test_what_is_no_list_of_paths_is_refused(photos: Any, message: str, fitted: SmallFit) -> None:
    assert refusal(lambda: fitted.classifier.predict_all(photos)) == (message, "")


def test_many_photos_may_come_from_a_generator(fitted: SmallFit) -> None:
    found = fitted.classifier.predict_all(path for path in [fitted.photo, fitted.photo])
    assert [each.path for each in found] == [fitted.photo] * 2


@pytest.mark.parametrize(
    ("photo", "kind", "fix"),
    [(None, "NoneType", ""), (["a.jpg"], "list", "For several photos use predict_all.")],
)
def test_what_is_no_path_is_refused(photo: Any, kind: str, fix: str, fitted: SmallFit) -> None:
    says = f"photo is of the type {kind}; it must be the path of a file"
    assert refusal(lambda: fitted.classifier.predict(photo)) == (says, fix)
    assert refusal(lambda: fitted.classifier.explain(photo)) == (says, fix)


@pytest.mark.parametrize("top", ["2", 1.5, None, True])
def test_top_that_is_no_whole_number_is_refused(top: Any, fitted: SmallFit) -> None:
    says = (f"top is {top!r}; it must be a whole number", "")
    assert refusal(lambda: fitted.classifier.predict(fitted.photo, top=top)) == says
    assert refusal(lambda: fitted.classifier.predict_all([fitted.photo], top=top)) == says


def test_a_class_or_layer_that_is_no_name_is_refused(fitted: SmallFit) -> None:
    number: Any = 0
    assert refusal(lambda: fitted.classifier.explain(fitted.photo, target=number)) == (
        "target is 0; it must be the name of a class",
        "It may be ash, birch, cedar.",
    )
    assert refusal(lambda: fitted.classifier.explain(fitted.photo, layer=number)) == (
        "layer is 0; it must be the name of a layer",
        "",
    )


# Thresholds, and the nearest training photos


def test_a_threshold_is_checked_before_any_photo_is_read(fitted: SmallFit) -> None:
    says = ("threshold is 2; it must be from 0 to 1", "")
    assert refusal(lambda: fitted.classifier.predict("gone.jpg", threshold=2)) == says
    assert refusal(lambda: fitted.classifier.predict_all(["gone.jpg"], threshold=2)) == says


def test_below_the_threshold_one_photo_and_many_are_answered_unsure(fitted: SmallFit) -> None:
    for threshold, unsure in ((1.0, True), (0.0, False)):
        (many,) = fitted.classifier.predict_all([fitted.photo], threshold=threshold)
        for found in (many, fitted.classifier.predict(fitted.photo, threshold=threshold)):
            assert (found.unsure, found.threshold) == (unsure, threshold)
            assert found.answer == ("unsure" if unsure else found.label)


def test_predictions_of_many_photos_know_the_classes_of_the_model(fitted: SmallFit) -> None:
    assert fitted.classifier.predict_all([], top=1).classes == CLASSES


def test_a_photo_that_was_trained_on_is_its_own_nearest(fitted: SmallFit) -> None:
    data = kclass.ImageFolder(fitted.data).split(valid=0.2, seed=0)
    trained = [data.train.path(row) for row in range(len(data.train))]
    found = fitted.classifier.nearest(trained[4])
    assert len(found) == 3
    assert (found[0].path, found[0].label) == (trained[4], trained[4].parent.name)
    assert found[0].similarity == pytest.approx(1, abs=2e-3)
    assert {each.path for each in fitted.classifier.nearest(trained[4], number=99)} == set(trained)


def test_a_prediction_names_the_nearest_training_photos(fitted: SmallFit) -> None:
    found = fitted.classifier.nearest(fitted.photo)
    assert fitted.classifier.predict(fitted.photo).nearest == found
    (many,) = fitted.classifier.predict_all([fitted.photo])
    assert [each.path for each in many.nearest] == [each.path for each in found]


def test_the_nearest_are_those_by_the_features_themselves(fitted: SmallFit) -> None:
    data = kclass.ImageFolder(fitted.data).split(valid=0.2, seed=0)
    train, asked = (
        np.stack([fitted.classifier._features(each.path(row)) for row in range(len(each))])
        for each in (data.train, data.valid)
    )
    cosines = asked @ train.T / np.linalg.norm(asked, axis=1)[:, None] / np.linalg.norm(train, axis=1)
    for row, each in enumerate(cosines):
        found = fitted.classifier.nearest(data.valid.path(row), number=1)
        assert found[0].path == data.train.path(int(each.argmax()))
        assert found[0].similarity == pytest.approx(each.max(), abs=2e-3)


def test_a_run_knows_its_training_photos_and_a_model_given_away_does_not(
    fitted: SmallFit, tmp_path: Path
) -> None:
    for place in (fitted.run, fitted.model):
        assert kclass.load(place).nearest(fitted.photo) == fitted.classifier.nearest(fitted.photo)
    alone = kclass.load(fitted.classifier.save(tmp_path / "model.keras"))
    assert [each.name for each in tmp_path.iterdir()] == ["model.keras"]
    assert b"ash/0.png" not in (tmp_path / "model.keras").read_bytes()
    assert alone.predict(fitted.photo).nearest == ()
    with pytest.raises(kclass.ModelError) as raised:
        alone.nearest(fitted.photo)
    assert raised.value.message == (
        "the model does not know its training photos: training_photos.npz is not beside it"
    )
    assert raised.value.fix == "Load the folder of the run that made it."


def test_training_photos_that_are_damaged_are_refused_when_the_run_is_loaded(
    fitted: SmallFit, tmp_path: Path
) -> None:
    fitted.classifier.save(tmp_path / "model.keras")
    (tmp_path / "training_photos.npz").write_bytes(b"PK and no more")
    with pytest.raises(kclass.ModelError) as raised:
        kclass.load(tmp_path)
    assert raised.value.message.startswith(f"{tmp_path / 'training_photos.npz'} cannot be used: ")


def test_training_photos_of_another_model_are_not_taken(fitted: SmallFit, tmp_path: Path) -> None:
    other = replace(known := fitted.classifier.training_photos, network="another")
    fitted.classifier.save(tmp_path / "model.keras")
    for photos, there in ((other, False), (known, True)):
        write_training_photos(tmp_path / "training_photos.npz", photos)
        assert (kclass.load(tmp_path).training_photos is not None) is there


def test_features_are_those_of_the_photos_that_can_be_read(fitted: SmallFit, broken: Path) -> None:
    told: list[tuple[str, int, int]] = []
    named = [*photos(fitted, "cedar/1.png"), broken, fitted.photo]
    places, features = fitted.classifier.features_of(named, progress=lambda *step: told.append(step))
    assert places.tolist() == [0, 2]
    assert features.shape == (2, 1280)
    assert told[-1] == ("embedding", 3, 3)
    known = fitted.classifier.training_photos
    assert known is not None
    assert known.nearest(features[1], number=1)[0].path == fitted.photo
    nothing, none = fitted.classifier.features_of([broken])
    assert (len(nothing), len(none)) == (0, 0)


# Novelty


def test_a_screen_of_one_colour_is_unlike_the_training_photos(fitted: SmallFit, tmp_path: Path) -> None:
    flat = tmp_path / "flat.png"
    Image.new("RGB", (64, 64), "white").save(flat)
    alone, (of_many, known) = (
        fitted.classifier.predict(flat),
        fitted.classifier.predict_all([flat, fitted.photo]),
    )
    assert alone.novelty is not None
    assert known.novelty is not None
    assert alone.novel
    assert not known.novel
    assert alone.novelty == pytest.approx(of_many.novelty, rel=0.05)  # but for precision
    found = fitted.classifier.evaluate(samples(fitted, {str(flat): "ash", "ash/0.png": "ash"}))
    assert found.novelty is not None
    # What is evaluated is kept in half precision.
    assert found.novelty.tolist() == pytest.approx([of_many.novelty, known.novelty], rel=1e-3)
    assert found.novel == 1
    assert found.to_dict()["novel"] == 1


def test_without_a_score_nothing_is_said_of_novelty(fitted: SmallFit) -> None:
    bare = replace(fitted.classifier, novelty=None)
    assert bare.predict(fitted.photo).novelty is None
    found = bare.evaluate(samples(fitted, {"ash/0.png": "ash"}))
    assert (found.novelty, found.novel, found.to_dict()["novel"]) == (None, None, None)
    assert {row["novelty"] for row in prediction_rows("valid", found)} == {""}


# Evaluation


def test_a_whole_data_set_is_not_evaluated(fitted: SmallFit) -> None:
    data: Any = kclass.ImageFolder(fitted.data).split(valid=0.2, seed=0)
    assert refusal(lambda: fitted.classifier.evaluate(data)) == (
        "samples is a whole data set, and the model may have been trained on a part of it",
        "Give one of its splits, for instance data.valid.",
    )
    folder: Any = str(fitted.data)
    message, fix = refusal(lambda: fitted.classifier.evaluate(folder))
    assert message == "samples is of the type str; it must be the photos of a data set"
    assert fix.endswith("kclass.ImageFolder(PATH).split(valid=0.2).valid.")


def test_an_evaluation_compares_predictions_with_labels(fitted: SmallFit) -> None:
    # The same photo under each class: whatever is predicted, one of three is right.
    found = fitted.classifier.evaluate(samples(fitted, {"ash/0.png": "ash"}))
    (row,) = found.probabilities
    assert row.sum() == pytest.approx(1)
    wrong = {"ash": "birch", "birch": "cedar", "cedar": "ash"}
    truth = CLASSES[int(row.argmax())]
    for label, correct in ((truth, 1), (wrong[truth], 0)):
        metrics = fitted.classifier.evaluate(samples(fitted, {"ash/0.png": label})).metrics
        assert (metrics.photos, metrics.correct) == (1, correct)
        assert metrics.log_loss == pytest.approx(-np.log(row[CLASSES.index(label)]))
        assert metrics.classes == CLASSES


def test_the_evaluation_of_the_fit_can_be_repeated_from_its_split(fitted: SmallFit) -> None:
    data = kclass.ImageFolder(fitted.data).split(valid=0.2, seed=0)
    again = kclass.load(fitted.model).evaluate(data.valid)
    metrics = fitted.classifier.record.metrics["valid"]
    assert again.metrics.accuracy == metrics["accuracy"]
    assert again.metrics.log_loss == pytest.approx(metrics["log_loss"], abs=1e-9)
    assert again.metrics.photos == metrics["photos"]


def test_a_forged_conversion_in_a_file_spoils_no_features_in_the_cache(
    fitted: SmallFit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))
    honest = kclass.load(fitted.model)
    weights = bytearray(honest.network.weights)
    middle = len(weights) // 8 * 4
    weights[middle : middle + 4000] = np.ones(1000, np.float32).tobytes()
    forged = KeptNetwork(honest.network.xml, bytes(weights))
    write_model(tmp_path / "forged.keras", honest.archive, honest.record, forged)
    known = samples(fitted, {"ash/0.png": "ash", "cedar/1.png": "cedar"})
    first = kclass.load(tmp_path / "forged.keras").evaluate(known)
    assert np.array_equal(first.probabilities, honest.evaluate(known).probabilities)
    assert np.allclose(first.probabilities, fitted.classifier.evaluate(known).probabilities, atol=1e-6)


def test_labels_go_by_name_where_the_classes_have_another_order(fitted: SmallFit) -> None:
    labelled: dict[str, str | None] = {"ash/0.png": "ash", "cedar/1.png": "cedar", "birch/2.png": "cedar"}
    usual = fitted.classifier.evaluate(samples(fitted, labelled))
    for classes in (("cedar", "ash", "birch"), ("cedar", "ash"), ("oak", "cedar", "ash")):
        other = fitted.classifier.evaluate(samples(fitted, labelled, classes))
        assert other.metrics.to_dict() == usual.metrics.to_dict()
        assert np.array_equal(other.probabilities, usual.probabilities)


def test_photos_that_cannot_be_read_are_left_out_of_an_evaluation_and_named(
    fitted: SmallFit, broken: Path
) -> None:
    labelled: dict[str, str | None] = {"cedar/1.png": "cedar", str(broken): "ash", "ash/0.png": "ash"}
    found = fitted.classifier.evaluate(samples(fitted, labelled))
    assert found.samples.paths == ("cedar/1.png", "ash/0.png")
    assert found.samples.labels.tolist() == [2, 0]
    assert found.metrics.photos == len(found.probabilities) == 2
    (error,) = found.unreadable
    assert found.to_dict()["unreadable"] == [error.message]
    assert error.message.startswith(f"{broken} is truncated")


def test_an_evaluation_without_a_readable_photo_is_refused(fitted: SmallFit, broken: Path) -> None:
    with pytest.raises(kclass.DataError) as raised:
        fitted.classifier.evaluate(samples(fitted, {str(broken): "ash"}))
    assert raised.value.message == "none of the photos to evaluate can be read"
    assert raised.value.fix.startswith(f"The first: {broken} is truncated or broken: ")


def test_an_evaluation_of_nothing_is_refused(fitted: SmallFit) -> None:
    with pytest.raises(kclass.DataError, match="none of the photos to evaluate can be read"):
        fitted.classifier.evaluate(samples(fitted, {}))


def test_photos_without_a_label_cannot_be_evaluated(fitted: SmallFit) -> None:
    with pytest.raises(kclass.DataError) as raised:
        fitted.classifier.evaluate(
            samples(fitted, {"ash/0.png": None, "ash/1.png": "ash", "ash/2.png": None})
        )
    assert raised.value.message == "2 of the photos to evaluate have no label"
    assert raised.value.fix == "Evaluate photos that lie in class folders; predict the others."


def test_a_class_that_the_model_does_not_know_cannot_be_evaluated(fitted: SmallFit) -> None:
    with pytest.raises(kclass.DataError) as raised:
        fitted.classifier.evaluate(samples(fitted, {"ash/0.png": "oak"}, ("ash", "oak")))
    assert raised.value.message == "the model does not know the class oak"
    assert raised.value.fix == "It knows ash, birch, cedar."


def test_an_evaluation_shows_its_metrics(fitted: SmallFit) -> None:
    found = fitted.classifier.evaluate(samples(fitted, {"ash/0.png": "ash", "cedar/1.png": "cedar"}))
    metrics = evaluate(found.probabilities, np.array([0, 2], np.int32), CLASSES)
    assert repr(found) == repr(metrics)
    more = {"calibration": found.reliability.to_dict(), "novel": found.novel, "unreadable": []}
    assert found.to_dict() == {**metrics.to_dict(), **more}
    assert more["calibration"]["photos"] == 2


def test_evaluations_can_be_compared_and_kept_in_sets(fitted: SmallFit) -> None:
    found = fitted.classifier.evaluate(samples(fitted, {"ash/0.png": "ash", "cedar/1.png": "cedar"}))
    assert found != replace(found)
    assert len({found, found}) == 1


# Saving and loading


def test_the_folder_of_a_run_is_as_good_as_the_model_in_it(fitted: SmallFit) -> None:
    for folder in (fitted.run, str(fitted.run)):
        assert kclass.load(folder).record == kclass.load(fitted.model).record


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(kclass.ModelError) as raised:
        kclass.load(tmp_path)
    assert raised.value.message == f"there is no model.keras in the folder {tmp_path}"
    assert raised.value.fix == "Give the folder of a run of `kclass fit`, or the model.keras in it."


def test_a_model_is_loaded_from_a_path_alone() -> None:
    nothing: Any = None
    says = "path is of the type NoneType; it must be the path of a file"
    assert refusal(lambda: kclass.load(nothing)) == (says, "")


def test_a_name_that_keras_would_not_open_is_refused(fitted: SmallFit, tmp_path: Path) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        fitted.classifier.save(tmp_path / "model.h5")
    assert (
        raised.value.message == f"{tmp_path / 'model.h5'} does not end in .keras, so Keras would not open it"
    )
    assert list(tmp_path.iterdir()) == []


def test_saving_makes_folders_and_says_where_the_file_is(fitted: SmallFit, tmp_path: Path) -> None:
    path = fitted.classifier.save(str(tmp_path / "deep" / "model.keras"))
    assert path == tmp_path / "deep" / "model.keras"
    assert [each.name for each in path.parent.iterdir()] == ["model.keras"]


def test_a_model_that_cannot_be_written_is_an_error(fitted: SmallFit, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(kclass.OutputError, match="cannot write"):
        fitted.classifier.save(tmp_path / "file" / "model.keras")


def test_photos_are_brought_to_size_as_they_were_in_training(fitted: SmallFit, tmp_path: Path) -> None:
    # A wide photo whose sides alone are green: a crop of the middle, from 40 to 80, sees none of them.
    pixels = np.full((40, 120, 3), (150, 90, 70), np.uint8)
    pixels[:, :36] = pixels[:, 84:] = (90, 140, 90)
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    Image.fromarray(pixels[:, 40:80]).save(tmp_path / "middle.png")
    cropping = replace(fitted.classifier, record=replace(fitted.classifier.record, resize="crop"))

    def chances(classifier: kclass.Classifier, name: str) -> list[float]:
        top = classifier.predict(tmp_path / name).top
        return [guess.probability for guess in sorted(top, key=lambda guess: guess.index)]

    assert chances(cropping, "wide.png") == pytest.approx(chances(cropping, "middle.png"), abs=1e-6)
    squashed = chances(fitted.classifier, "wide.png")
    assert squashed != pytest.approx(chances(fitted.classifier, "middle.png"), abs=1e-3)
