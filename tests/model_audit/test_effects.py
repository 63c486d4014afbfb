import numpy as np
import pytest
from networks import RednessNetwork, middle

from kclass.model_audit.effects import DONORS, LEAST_DONORS, Effect, log_odds, outside_share, swap_effect
from kclass.model_audit.swapping import in_surroundings, without_outer_part

SIZE = 20
COVER = without_outer_part(SIZE)


def photos(number: int, *, inside: float, outside: float, seed: int) -> np.ndarray:
    """Photos that are so red in the middle and around it, a little more or less."""
    rng = np.random.default_rng(seed)
    part = middle(SIZE, 0.15)[None, ..., None]
    shades = rng.normal(0, 4, (2, number, 1, 1, 1))
    red = part * (inside + shades[0]) + (1 - part) * (outside + shades[1])
    return np.repeat(red.clip(0, 255), 3, axis=3).astype(np.uint8)


def effect_of(network: RednessNetwork, *, inside: tuple[int, int], outside: tuple[int, int]):  # type: ignore[no-untyped-def]
    """Of the outer part, where class 1 is so red inside and outside and the others likewise."""
    own, others = (photos(12, inside=inside[side], outside=outside[side], seed=side) for side in range(2))
    return swap_effect(
        network,
        (own, others),
        (own[::-1], others[::-1]),
        target=1,
        change=lambda photo, donor: in_surroundings(photo, donor, COVER),
    )


def test_log_odds_are_those_against_all_other_classes() -> None:
    # Odds of 6 to 1 + 2; of 1 to 2 + 6.
    logits = np.log(np.array([[1, 2, 6]], np.float32))
    assert log_odds(logits, 2).tolist() == pytest.approx([np.log(2)])
    assert log_odds(logits, 0).tolist() == pytest.approx([np.log(1 / 8)])
    assert np.isfinite(log_odds(np.array([[1e4, 0, 0]], np.float32), 0)).all()


def test_a_network_that_looks_at_the_border_is_moved_by_borders_alone() -> None:
    network = RednessNetwork((1 - middle(SIZE, 0.15)) / 1000)
    found = effect_of(network, inside=(200, 50), outside=(200, 50))
    # Pixels 10 to 15 % from the border, which the seam keeps in part, carry what is left.
    ring = ((1 - COVER[..., 0]) * (1 - middle(SIZE, 0.15))).sum() / (1 - middle(SIZE, 0.15)).sum()
    assert found is not None
    assert found.share == pytest.approx(ring, abs=0.02)
    assert found.low < found.share < found.high
    assert found.low > 0.5


def test_a_network_that_looks_at_the_middle_is_not_moved_by_borders() -> None:
    found = effect_of(RednessNetwork(middle(SIZE, 0.15) / 1000), inside=(200, 50), outside=(200, 50))
    assert found is not None
    assert found.share == 0


def test_borders_that_are_alike_in_all_classes_carry_nothing() -> None:
    found = effect_of(RednessNetwork(np.full((SIZE, SIZE), 1e-3)), inside=(200, 50), outside=(100, 100))
    assert found is not None
    assert abs(found.share) < 0.02


def test_borders_that_speak_against_the_class_count_below_nothing() -> None:
    found = effect_of(RednessNetwork(np.full((SIZE, SIZE), 1e-3)), inside=(250, 50), outside=(50, 100))
    assert found is not None
    assert found.high < 0


def test_nothing_is_said_of_a_network_that_does_not_tell_the_class() -> None:
    assert effect_of(RednessNetwork(np.zeros((SIZE, SIZE))), inside=(200, 50), outside=(200, 50)) is None
    # Or takes it for the others.
    assert effect_of(RednessNetwork(np.full((SIZE, SIZE), -1e-3)), inside=(200, 50), outside=(9, 9)) is None


def test_each_photo_is_changed_by_donors_of_both_kinds() -> None:
    asked = []

    def change(photo: np.ndarray, donor: np.ndarray) -> np.ndarray:
        asked.append((int(photo[0, 0, 0]), int(donor[0, 0, 0])))
        return photo

    own, others = (np.full((2, 4, 4, 3), red, np.uint8) for red in (200, 50))
    own[1], others[1] = 201, 51
    donors = [
        np.stack([np.full((4, 4, 3), red + place, np.uint8) for place in range(6)]) for red in (150, 90)
    ]
    network = RednessNetwork(np.ones((4, 4)))
    swap_effect(network, (own, others), (donors[0], donors[1]), target=1, change=change)
    # Donors take turns, two of a kind for each of four photos: after the sixth, the first.
    first, second, third = ((150, 151, 90, 91), (152, 153, 92, 93), (154, 155, 94, 95))
    assert DONORS == 2
    assert asked == [
        (photo, donor)
        for photo, turn in zip((200, 201, 50, 51), (first, second, third, first), strict=True)
        for donor in turn
    ]


def test_no_photo_gets_anything_from_itself() -> None:
    def change(photo: np.ndarray, donor: np.ndarray) -> np.ndarray:
        assert not np.array_equal(photo, donor)
        return photo

    own, others = (photos(12, inside=shade, outside=shade, seed=shade) for shade in (200, 50))
    network = RednessNetwork(np.full((SIZE, SIZE), 1e-3))
    assert swap_effect(network, (own, others), (own, others), target=1, change=change) is not None


def test_few_donors_tell_of_themselves() -> None:
    network = RednessNetwork((1 - middle(SIZE, 0.15)) / 1000)
    own, others = (photos(12, inside=shade, outside=shade, seed=shade) for shade in (200, 50))

    def effect(donors: int) -> Effect | None:
        return swap_effect(
            network,
            (own, others),
            (own[:donors], others[:donors]),
            target=1,
            change=lambda photo, donor: in_surroundings(photo, donor, COVER),
        )

    assert effect(LEAST_DONORS - 1) is None
    assert effect(LEAST_DONORS) is not None


def test_the_interval_holds_what_other_donors_would_have_given() -> None:
    # Borders vary much from donor to donor, and the network looks at them alone.
    network = RednessNetwork((1 - middle(SIZE, 0.15)) / 1000)
    rng = np.random.default_rng(4)
    own, others = (photos(12, inside=100, outside=shade, seed=shade) for shade in (140, 60))

    def effect() -> Effect:
        donors = [
            np.concatenate([photos(1, inside=100, outside=int(red), seed=0) for red in reds])
            for reds in (rng.normal(140, 40, 8).clip(0, 255), rng.normal(60, 40, 8).clip(0, 255))
        ]
        found = swap_effect(
            network,
            (own, others),
            (donors[0], donors[1]),
            target=1,
            change=lambda photo, donor: in_surroundings(photo, donor, COVER),
        )
        assert found is not None
        return found

    found = [effect() for _ in range(60)]
    true = np.mean([each.share for each in found])
    held = np.mean([each.low <= true <= each.high for each in found])
    assert held >= 0.88


def outside_of(subject_weight: float, around_weight: float, *, number: int = 12) -> float | None:
    """Of a network whose score is a subject's number and a surrounding's number, weighted."""
    rng = np.random.default_rng(3)
    subjects, surroundings = rng.uniform(50, 200, (2, 2 * number))
    network = RednessNetwork(np.array([[subject_weight, around_weight]]) / 100)

    def mix(subject: int, around: int) -> np.ndarray:
        return np.array([[[subjects[subject]] * 3, [surroundings[around]] * 3]]).astype(np.uint8)

    return outside_share(network, number, number, mix=mix, target=1, rng=np.random.default_rng(0))


def test_the_variation_from_outside_is_a_share_of_variances() -> None:
    assert outside_of(1, 0) == pytest.approx(0, abs=1e-6)
    assert outside_of(0, 1) == pytest.approx(1, abs=1e-6)
    found = outside_of(2, 1)
    # Weights of 2 and 1 have variances of 4 and 1: a fifth, but for the draw of the numbers.
    assert found == pytest.approx(0.2, abs=0.06)


def test_nothing_is_said_of_too_few_masks_or_of_what_never_varies() -> None:
    assert outside_of(1, 1, number=5) is None
    assert outside_of(0, 0) is None
