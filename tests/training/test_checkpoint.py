import io
import json
import math
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kclass.errors import ModelError, OutputError
from kclass.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from kclass.training.epochs import START, EpochResult, PhaseState


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


STATE = PhaseState(
    history=(
        EpochResult(START, 4, None, None, 0.7, 0.5, 0.01),
        EpochResult("fine-tuning", 5, 1 / 3, 0.1 + 0.2, 0.6931471805599453, 0.25, 1.5),
    ),
    weights=(numbers(3, 4), numbers(4, seed=1), numbers(2, 2, 1, 3, seed=2)),
    optimizer=(
        np.array(17, np.int64),
        np.array(1e-3, np.float32),
        *(numbers(2, seed=place) for place in range(11)),
    ),
    best=(numbers(3, 4, seed=3), numbers(4, seed=4), numbers(2, 2, 1, 3, seed=5)),
    best_epoch=5,
)
EARLIER = (EpochResult("head", 1, 0.01, 0.9, 0.8, 0.5, 2.0),)
CHECKPOINT = Checkpoint(1, STATE, EARLIER, 1, "5eed")


def assert_equal(one: Checkpoint, other: Checkpoint) -> None:
    assert (one.phase, one.earlier, one.earlier_best) == (other.phase, other.earlier, other.earlier_best)
    assert one.basis == other.basis
    assert (one.state.history, one.state.best_epoch) == (other.state.history, other.state.best_epoch)
    for part in ("weights", "optimizer", "best"):
        pairs = zip(getattr(one.state, part), getattr(other.state, part), strict=True)
        for array, twin in pairs:
            assert array.dtype == twin.dtype
            assert array.shape == twin.shape
            assert array.tobytes() == twin.tobytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint.npz"


def written(path: Path, checkpoint: Checkpoint = CHECKPOINT) -> Path:
    write_checkpoint(path, checkpoint)
    return path


def test_a_checkpoint_comes_back_to_the_last_bit(path: Path) -> None:
    found = read_checkpoint(written(path))
    assert_equal(found, CHECKPOINT)
    assert not found.state.interrupted


def test_the_first_phase_has_nothing_before_it(path: Path) -> None:
    first = Checkpoint(0, STATE)
    found = read_checkpoint(written(path, first))
    assert (found.phase, found.earlier, found.earlier_best) == (0, (), None)


@given(st.tuples(*[st.floats(allow_nan=True, allow_infinity=True)] * 4), st.integers(0, 2**31), st.booleans())
def test_all_numbers_of_the_history_come_back(
    tmp_path_factory: pytest.TempPathFactory, values: tuple[float, ...], epoch: int, start: bool
) -> None:
    rate, loss, held_out, seconds = values
    result = EpochResult(
        "head", epoch, None if start else rate, None if start else loss, held_out, 0.5, seconds
    )
    path = tmp_path_factory.getbasetemp() / "history.npz"
    (found,) = read_checkpoint(written(path, Checkpoint(0, replace(STATE, history=(result,))))).state.history
    for one, other in zip(astuple(found), astuple(result), strict=True):
        assert one == other or (math.isnan(one) and math.isnan(other))


def test_weights_that_are_not_finite_come_back(path: Path) -> None:
    odd = np.array([np.nan, np.inf, -np.inf, -0.0], np.float32)
    found = read_checkpoint(written(path, Checkpoint(0, replace(STATE, weights=(odd,)))))
    assert found.state.weights[0].tobytes() == odd.tobytes()


def test_more_than_ten_arrays_keep_their_order(path: Path) -> None:
    assert len(STATE.optimizer) == 13
    found = read_checkpoint(written(path)).state.optimizer
    assert [array.shape for array in found] == [array.shape for array in STATE.optimizer]
    assert found[12].tobytes() == STATE.optimizer[12].tobytes()


def test_a_checkpoint_takes_the_place_of_the_one_before_and_nothing_else_is_left(path: Path) -> None:
    written(path, Checkpoint(0, STATE))
    written(path)
    assert read_checkpoint(path).phase == 1
    assert [*path.parent.iterdir()] == [path]


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(path: Path) -> None:
    written(path)
    with pytest.raises(AttributeError):
        write_checkpoint(path, Checkpoint(0, None))  # type: ignore[arg-type]
    assert_equal(read_checkpoint(path), CHECKPOINT)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        written(tmp_path / "file" / "checkpoint.npz")


# Files that are none


def with_story(change: Callable[[dict[str, Any]], object]) -> bytes:
    story: dict[str, Any] = {
        "format": 2,
        "phase": 0,
        "best_epoch": 1,
        "history": [],
        "earlier": [],
        "earlier_best": None,
    }
    story |= {"basis": "", "arrays": {"weights": 0, "optimizer": 0, "best": 0}}
    change(story)
    file = io.BytesIO()
    np.savez(file, story=np.frombuffer(json.dumps(story).encode(), np.uint8))
    return file.getvalue()


def zip_of(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def array_file(array: Any, *, allow_pickle: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=allow_pickle)
    return file.getvalue()


FOREIGN = {
    "nothing": b"",
    "text": b"epoch 3 of 20",
    "one array": array_file(np.zeros(3)),
    "a pickle": pickle.dumps([1, 2]),
    "another zip": zip_of(**{"config.json": b"{}"}),
    "arrays without a story": zip_of(**{"weights0.npy": array_file(np.zeros(3))}),
    "a story that is no JSON": zip_of(**{"story.npy": array_file(np.frombuffer(b"epoch 3", np.uint8))}),
    "a story that is a list": zip_of(**{"story.npy": array_file(np.frombuffer(b"[1]", np.uint8))}),
    "a story without a phase": with_story(lambda story: story.pop("phase")),
    "a story without a format": with_story(lambda story: story.pop("format")),
    "an epoch with another field": with_story(lambda story: story.update(history=[{"colour": 1}])),
    "an epoch that is a number": with_story(lambda story: story.update(history=[1])),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_that_is_no_checkpoint_is_refused(kind: str, path: Path) -> None:
    path.write_bytes(FOREIGN[kind])
    with pytest.raises(ModelError) as caught:
        read_checkpoint(path)
    assert caught.value.message.startswith(f"{path} is no checkpoint that can be gone on with (")
    assert caught.value.fix == "Start again with `kclass fit DATA`."
    assert caught.value.__cause__ is not None


def test_the_files_that_are_refused_lack_nothing_else(path: Path) -> None:
    path.write_bytes(with_story(lambda story: None))
    assert read_checkpoint(path).state.best_epoch == 1


def test_a_checkpoint_of_another_version_says_so(path: Path) -> None:
    path.write_bytes(with_story(lambda story: story.update(format=3)))
    with pytest.raises(ModelError) as caught:
        read_checkpoint(path)
    assert caught.value.message == (
        f"{path} is no checkpoint that can be gone on with (its format is 3, and not 2)"
    )


def test_a_checkpoint_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(ModelError, match="is no checkpoint that can be gone on with"):
        read_checkpoint(path)


class Harm:
    """Leaves a trace if it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("member", ["story", "weights0", "best0"])
def test_nothing_in_a_checkpoint_is_run(member: str, path: Path) -> None:
    trace = path.parent / "trace"
    harmful = array_file(np.array([Harm(trace)], object), allow_pickle=True)
    with zipfile.ZipFile(written(path)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    path.write_bytes(zip_of(**{**members, f"{member}.npy": harmful}))
    with pytest.raises(ModelError, match="Object arrays cannot be loaded"):
        read_checkpoint(path)
    assert not trace.exists()
    np.load(path, allow_pickle=True)[member]
    assert trace.exists()


def test_a_checkpoint_that_was_cut_off_is_refused(path: Path) -> None:
    content = written(path).read_bytes()
    for end in range(0, len(content), 97):
        path.write_bytes(content[:end])
        with pytest.raises(ModelError):
            read_checkpoint(path)


def test_an_array_whose_name_is_damaged_is_missed(path: Path) -> None:
    content = bytearray(written(path).read_bytes())
    # The last of the names in the zip's directory, which no checksum covers.
    content[content.rindex(b"optimizer12.npy") + 9] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="optimizer12 is not a file in the archive"):
        read_checkpoint(path)


@given(st.data())
def test_a_damaged_checkpoint_is_refused_or_holds_what_it_held(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = written(tmp_path_factory.getbasetemp() / "damaged.npz")
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        found = read_checkpoint(path)
    except ModelError as error:
        assert "is no checkpoint that can be gone on with" in error.message
    else:
        assert_equal(found, CHECKPOINT)


@pytest.mark.parametrize("damage", ["encrypted", "packed in an unusual way"])
def test_damage_that_zip_files_have_errors_of_their_own_for_is_told_too(damage: str, path: Path) -> None:
    content = bytearray(written(path).read_bytes())
    # In the central directory, flags lie 8 bytes and the method of packing 10 after the signature.
    entry = content.index(b"PK\x01\x02")
    content[entry + (8 if damage == "encrypted" else 10)] = 1 if damage == "encrypted" else 99
    path.write_bytes(content)
    with pytest.raises(ModelError, match="encrypted" if damage == "encrypted" else "not supported"):
        read_checkpoint(path)
