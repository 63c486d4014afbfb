import itertools
import random
import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance
from scenes import HEIGHT, WIDTH, encoded, inspected, lying, part, scene, thumbnails

from kclass.errors import OptionError, PhotoError
from kclass.inspection.comparing import LARGE_GROUP
from kclass.inspection.inspecting import inspect_bytes
from kclass.inspection.inspection import Inspection
from kclass.inspection.matching import Match, groups_of, near_identical
from kclass.photos.orientation import turned_upright

UNREADABLE = PhotoError("x.jpg is truncated or broken: no end")


def near_groups(photos: Sequence[Inspection | PhotoError]) -> NDArray[np.int64]:
    return groups_of(near_identical(photos), len(photos))


def only_match(*inspections: Inspection | PhotoError) -> Match:
    (match,) = near_identical(inspections)
    return match


def difference(one: Image.Image, other: Image.Image) -> float:
    pixels = (np.asarray(each.convert("RGB").resize((90, 90)), dtype=float) for each in (one, other))
    return float(np.abs(np.subtract(*pixels)).mean())


def test_identical_files_match() -> None:
    data = encoded(scene(1))
    one, other = (inspect_bytes(data, name=name) for name in ("one", "other"))
    assert only_match(one, inspected(scene(2)), other) == Match(0, 2, "identical", 1, 1.0)


@pytest.mark.parametrize(
    ("kind", "scale", "quality"),
    [("JPEG", 1.0, 30), ("JPEG", 0.3, 60), ("JPEG", 1.7, 90), ("WEBP", 0.5, 40), ("PNG", 0.9, 0)],
)
def test_a_copy_of_another_size_or_format_matches(kind: str, scale: float, quality: int) -> None:
    copy = scene(1).resize((round(scale * WIDTH), round(scale * HEIGHT)))
    match = only_match(inspected(scene(1)), inspected(scene(2)), inspected(copy, kind, quality))
    assert (match.first, match.second, match.kind, match.orientation) == (0, 2, "copy", 1)
    assert 0.95 < match.similarity <= 1


def test_a_copy_with_slightly_other_light_and_colours_matches() -> None:
    warmer = np.clip(np.asarray(scene(1)) * [1.15, 1.08, 1.0] + 8, 0, 255).astype(np.uint8)
    harder = ImageEnhance.Contrast(scene(1)).enhance(1.25)
    grey = scene(1).convert("L").convert("RGB")
    for edited in (Image.fromarray(warmer), harder, grey):
        assert only_match(inspected(scene(1)), inspected(edited)).kind == "copy"


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turned_copy_matches_and_its_orientation_turns_it_back(orientation: int) -> None:
    upright, turned = scene(3), lying(scene(3), orientation).resize((200, 200))
    match = only_match(inspected(upright), inspected(turned))
    assert (match.kind, match.orientation) == ("turned", orientation)
    assert difference(turned_upright(turned, match.orientation), upright) < 5
    back = only_match(inspected(turned), inspected(upright))
    assert difference(turned_upright(upright, back.orientation), turned) < 5


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_crop_matches_in_every_orientation_whichever_comes_first(orientation: int) -> None:
    whole = scene(4)
    crop = part(whole, 0.05, 0.2, 0.85, 0.98)
    lain = lying(crop, orientation)
    match = only_match(inspected(whole), inspected(lain, quality=70))
    assert (match.kind, match.orientation) == ("crop", orientation)
    back = only_match(inspected(lain, quality=70), inspected(whole))
    assert back.kind == "crop"
    # What was cut away turns with the rest.
    assert difference(turned_upright(lying(crop, orientation), orientation), crop) == 0
    assert difference(lying(crop, orientation), turned_upright(crop, back.orientation)) == 0


@pytest.mark.parametrize(
    "box",
    [(0, 0, 0.75, 0.75), (0.25, 0.25, 1, 1), (0.1, 0, 0.9, 1), (0, 0.05, 1, 0.95), (0.1, 0.15, 0.9, 1)],
)
def test_crops_of_a_large_part_are_found(box: tuple[float, float, float, float]) -> None:
    assert only_match(inspected(scene(5)), inspected(part(scene(5), *box))).kind == "crop"


def test_a_crop_of_half_of_each_side_is_found_among_candidates_alone() -> None:
    photos = [inspected(scene(6)), inspected(scene(7)), inspected(part(scene(6), 0.3, 0.2, 0.82, 0.74))]
    assert near_identical(photos) == ()
    (match,) = near_identical(photos, candidates=np.array([[2, 1], [2, 0]]))
    assert (match.first, match.second, match.kind) == (0, 2, "crop")


def test_candidates_that_are_different_photos_do_not_match() -> None:
    photos = [inspected(scene(seed)) for seed in range(12)]
    pairs = np.array(list(itertools.combinations(range(12), 2)))
    assert near_identical(photos, candidates=pairs) == ()


def test_candidates_may_name_unreadable_and_identical_photos() -> None:
    photo, small = inspected(scene(6)), inspected(part(scene(6), 0.3, 0.2, 0.82, 0.74))
    found = near_identical(
        [photo, UNREADABLE, photo, small], candidates=np.array([[0, 1], [0, 2], [3, 2], [3, 3]])
    )
    assert [(match.first, match.second, match.kind) for match in found] == [
        (0, 2, "identical"),
        (0, 3, "crop"),
    ]


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        (np.zeros((2, 3), np.int64), r"candidates has the shape \(2, 3\); it must be \(pairs, 2\)"),
        (np.array([[0, 2]]), "candidates has places outside 0 to 1, those of the photos"),
        (np.array([[-1, 0]]), "candidates has places outside 0 to 1, those of the photos"),
    ],
)
def test_candidates_that_cannot_be_are_refused(candidates: np.ndarray, message: str) -> None:
    photos = thumbnails(2, seed=0)
    with pytest.raises(OptionError, match=message):
        near_identical(photos, candidates=candidates)


def framed(image: Image.Image) -> Image.Image:
    frame = Image.new("RGB", (WIDTH, HEIGHT), "white")
    frame.paste(image.resize((WIDTH // 2, HEIGHT // 2)), (WIDTH // 4, HEIGHT // 4))
    return frame


def with_subject(background: Image.Image, subject: Image.Image, share: float) -> Image.Image:
    size = round(share * WIDTH), round(share * HEIGHT)
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).ellipse((0, 0, size[0] - 1, size[1] - 1), fill=255)
    photo = background.copy()
    photo.paste(subject.resize(size), ((WIDTH - size[0]) // 2, (HEIGHT - size[1]) // 2), mask)
    return photo


def test_photos_with_the_same_frame_do_not_match() -> None:
    assert near_identical([inspected(framed(scene(seed))) for seed in range(20)]) == ()


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_another_subject_before_the_same_background_does_not_match(share: float) -> None:
    photos = [with_subject(scene(50), scene(seed), share) for seed in range(12)]
    assert near_identical([inspected(photo) for photo in photos]) == ()


def test_photos_in_other_hues_do_not_match() -> None:
    red, green, blue = scene(8).split()
    strong = Image.merge("RGB", (red.point(lambda value: value // 2 + 120), green, blue))
    other = Image.merge("RGB", (strong.getchannel(2), strong.getchannel(1), strong.getchannel(0)))
    one, swapped = inspected(strong), inspected(other)
    grey = inspected(strong.convert("L").convert("RGB"))
    assert near_identical([one, swapped]) == ()
    assert only_match(one, grey).kind == "copy"


def noisy(picture: np.ndarray, seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).normal(0, 3, (HEIGHT, WIDTH, 3))
    return Image.fromarray(np.clip(picture[..., None] + noise, 0, 255).astype(np.uint8))


def test_nearly_uniform_photos_do_not_match() -> None:
    flat = [noisy(np.full((HEIGHT, WIDTH), 20.0 * level), level) for level in range(1, 12)]
    slope = np.linspace(0, 1, HEIGHT)[:, None] * np.ones(WIDTH)
    skies = [noisy(100 + 8 * level * slope, level) for level in range(1, 12)]
    assert near_identical([inspected(photo) for photo in flat + skies]) == ()


def test_single_spots_before_plain_skies_are_no_crops_of_each_other() -> None:
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    photos = []
    for place, size in itertools.product((90, 120, 150, 180), (9, 13, 20)):
        spot = ((down - place) / size) ** 2 + ((across - place) / size) ** 2 < 1
        photos.append(noisy(150 + 0.2 * down - 100 * spot, place + size))
    assert near_identical([inspected(photo) for photo in photos]) == ()


def test_a_picture_that_is_its_own_mirror_image_is_a_copy_and_not_turned() -> None:
    half = np.asarray(scene(9))[:, : WIDTH // 2]
    image = Image.fromarray(np.concatenate([half, half[:, ::-1]], axis=1))
    for quality in (30, 50, 70, 85):
        assert only_match(inspected(image), inspected(image, quality=quality)).kind == "copy"


def test_photos_that_cannot_be_read_are_alone() -> None:
    photos = [UNREADABLE, inspected(scene(1)), UNREADABLE, inspected(scene(1), quality=50)]
    assert [(match.first, match.second) for match in near_identical(photos)] == [(1, 3)]
    assert near_groups(photos).tolist() == [0, 1, 2, 1]


@pytest.mark.parametrize("photos", [[], [UNREADABLE], thumbnails(1, seed=0)])
def test_without_two_photos_there_is_nothing_to_match(photos: list[Inspection | PhotoError]) -> None:
    assert near_identical(photos) == ()
    groups = near_groups(photos)
    assert (groups.dtype, groups.tolist()) == (np.int64, list(range(len(photos))))


def test_of_identical_files_the_first_alone_is_compared_with_others() -> None:
    photo, copy = inspected(scene(1)), inspected(scene(1), quality=40)
    pairs = [(match.first, match.second, match.kind) for match in near_identical([photo, copy, photo, copy])]
    assert pairs == [(0, 1, "copy"), (0, 2, "identical"), (1, 3, "identical")]


MIXED: list[Inspection | PhotoError] = [
    inspected(scene(1)),
    inspected(scene(1), quality=40),
    inspected(lying(scene(1), 6)),
    inspected(part(scene(1), 0.1, 0, 0.9, 0.9)),
    inspected(scene(2)),
    inspected(scene(2)),
    inspected(lying(part(scene(3), 0, 0.1, 0.9, 1), 2)),
    inspected(scene(3)),
    inspected(scene(4)),
    UNREADABLE,
]
GROUPS = [{0, 1, 2, 3}, {4, 5}, {6, 7}, {8}, {9}]


@given(st.permutations(range(len(MIXED))))
def test_groups_are_an_equivalence_named_by_their_first_photo_in_any_order(order: Sequence[int]) -> None:
    groups = near_groups([MIXED[place] for place in order])
    assert np.array_equal(groups[groups], groups)
    assert (groups <= np.arange(len(order))).all()
    found = [{order[place] for place in np.flatnonzero(groups == first)} for first in np.unique(groups)]
    assert sorted(found, key=min) == GROUPS


@given(st.permutations(range(len(MIXED))))
def test_what_matches_does_not_hang_on_the_order(order: Sequence[int]) -> None:
    def found(order: Sequence[int]) -> set[tuple[frozenset[int], str, float]]:
        matches = near_identical([MIXED[place] for place in order])
        pairs = [(match.first, match.second) for match in matches]
        assert pairs == sorted(pairs)
        assert all(first < second for first, second in pairs)
        return {
            (frozenset({order[each.first], order[each.second]}), each.kind, each.similarity)
            for each in matches
        }

    assert found(order) == found(range(len(MIXED)))


def test_a_large_group_is_joined_without_naming_every_pair() -> None:
    count = 3 * LARGE_GROUP
    photos = thumbnails(count, seed=1, same=True)
    assert near_groups(photos).tolist() == [0] * count
    matches = near_identical(photos)
    assert count - 1 <= len(matches) < count * LARGE_GROUP
    few = photos[: LARGE_GROUP // 2]
    assert len(near_identical(few)) == len(few) * (len(few) - 1) // 2


def peak(photos: Sequence[Inspection]) -> int:
    tracemalloc.start()
    near_identical(photos)
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


@pytest.mark.parametrize("same", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_memory_grows_with_the_photos_and_not_with_the_pairs(same: bool) -> None:
    photos = thumbnails(800, seed=2, same=same)
    near_identical(photos[:2])
    # Twice the photos, four times the pairs; how much of a time threads hold at once varies a little.
    assert peak(photos) < 3 * peak(photos[:400])


def test_progress_counts_the_photos_compared() -> None:
    said: list[tuple[str, int, int]] = []
    near_identical(thumbnails(11, seed=3), progress=lambda *words: said.append(words))
    assert said == [("matching", done, 11) for done in range(12)]


def test_many_photos_in_random_order_are_matched_with_their_copies_alone() -> None:
    photos = [inspected(scene(seed)) for seed in range(100, 140)]
    copies = [inspected(scene(seed).resize((150, 110)), quality=60) for seed in range(100, 140)]
    order = random.Random(0).sample(range(80), 80)
    both = [(photos + copies)[place] for place in order]
    found = {frozenset({order[each.first] % 40, order[each.second] % 40}) for each in near_identical(both)}
    assert found == {frozenset({number}) for number in range(40)}
