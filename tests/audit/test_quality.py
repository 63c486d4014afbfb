from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up import SOUND, inspection

from kclass.audit.findings import Finding
from kclass.audit.quality import quality_findings
from kclass.audit.thresholds import BRIGHTEST, DARKEST, LEAST_SHARPNESS, LEAST_SPREAD, SMALLEST_SIDE
from kclass.dataset.samples import Samples
from kclass.inspection.inspection import PERCENTS


def found(*changes: dict[str, Any]) -> tuple[Finding, ...]:
    """The findings of sound photos with these changes."""
    photos = len(changes)
    samples = Samples(
        tuple(f"{row}.jpg" for row in range(photos)), np.zeros(photos), ("cat",), Path("/photos")
    )
    return quality_findings(samples, {row: inspection(**each) for row, each in enumerate(changes)})


def kinds(**changes: Any) -> set[str]:
    return {finding.kind for finding in found(changes)}


def light(**percent: float) -> dict[str, tuple[float, ...]]:
    """Percentiles of a sound photo, but for some: p1 to p99."""
    sound = dict(zip(PERCENTS, SOUND["percentiles"], strict=True))
    return {"percentiles": tuple(percent.get(f"p{each}", sound[each]) for each in PERCENTS)}


def test_nothing_is_wrong_with_a_sound_photo() -> None:
    assert found({}) == ()


@pytest.mark.parametrize(
    ("side", "tiny"), [(SMALLEST_SIDE - 1, True), (SMALLEST_SIDE, False), (SMALLEST_SIDE + 1, False)]
)
def test_a_photo_is_tiny_by_its_shorter_side(side: int, tiny: bool) -> None:
    assert ("tiny" in kinds(width=side)) is tiny
    assert ("tiny" in kinds(height=side)) is tiny


@pytest.mark.parametrize(("level", "dark"), [(DARKEST - 1, True), (DARKEST, False)])
def test_a_photo_is_dark_if_nearly_nothing_in_it_is_brighter(level: float, dark: bool) -> None:
    assert ("dark" in kinds(**light(p1=0, p5=1, p25=2, p50=3, p75=4, p95=25, p99=level))) is dark


@pytest.mark.parametrize(("level", "bright"), [(BRIGHTEST + 1, True), (BRIGHTEST, False)])
def test_a_photo_is_bright_if_nearly_nothing_in_it_is_darker(level: float, bright: bool) -> None:
    assert (
        "bright" in kinds(**light(p1=level, p5=215, p25=230, p50=250, p75=253, p95=254, p99=255))
    ) is bright


@pytest.mark.parametrize(("spread", "uniform"), [(LEAST_SPREAD - 1, True), (LEAST_SPREAD, False)])
def test_a_photo_is_nearly_uniform_if_most_of_it_lies_within_few_levels(spread: float, uniform: bool) -> None:
    # The letters of a placeholder are black, and 1 % of it.
    levels = light(p1=0, p5=100, p25=101, p50=102, p75=103, p95=100 + spread, p99=255)
    assert ("nearly-uniform" in kinds(**levels)) is uniform


def test_a_dark_photo_of_something_is_not_nearly_uniform_but_a_black_one_is() -> None:
    assert kinds(**light(p1=1, p5=2, p25=5, p50=9, p75=13, p95=19, p99=22)) == {"dark"}
    assert kinds(**light(p1=0, p5=0, p25=0, p50=0, p75=0, p95=0, p99=0)) == {"nearly-uniform"}


def test_a_pale_photo_of_something_is_not_nearly_uniform_but_a_white_one_is() -> None:
    assert kinds(**light(p1=233, p5=236, p25=242, p50=246, p75=250, p95=253, p99=254)) == {"bright"}
    assert kinds(**light(**{f"p{each}": 255 for each in PERCENTS})) == {"nearly-uniform"}


@pytest.mark.parametrize(("sharpness", "blurred"), [(LEAST_SHARPNESS - 0.01, True), (LEAST_SHARPNESS, False)])
def test_a_photo_is_blurred_if_its_edges_are_not_steep(sharpness: float, blurred: bool) -> None:
    assert ("blurred" in kinds(sharpness=sharpness)) is blurred


def test_a_photo_with_little_to_see_is_not_asked_for_its_edges() -> None:
    assert kinds(sharpness=0.0, width=20) == {"tiny"}
    assert kinds(sharpness=0.0, **light(p5=100, p95=101)) == {"nearly-uniform"}


def test_a_photo_is_named_once_however_much_is_wrong_with_it() -> None:
    black = {f"p{each}": 0.0 for each in PERCENTS}
    assert [
        finding.kind for finding in found({"width": 1, "height": 1, "sharpness": 0.0} | light(**black))
    ] == ["tiny"]


def test_the_worst_comes_first_with_its_row_and_figures() -> None:
    first, second = found({}, {"width": 50, "height": 40}, {"width": 30})
    assert (first.rows, second.rows) == ((2,), (1,))
    assert (first.score, second.score) == (30, 40)
    assert first.detail == "2.jpg: 30 × 480 pixels"  # noqa: RUF001
    assert first.remove == ()


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        (light(p1=0, p5=1, p95=20, p99=30), "0.jpg: 99 % of it is no brighter than 30 of 255"),
        (light(p1=220, p5=221, p95=254, p99=255), "0.jpg: 99 % of it is no darker than 220 of 255"),
        (light(p5=100, p95=107), "0.jpg: nine tenths of it lie within 7 of 255 levels of brightness"),
        ({"sharpness": 0.266}, "0.jpg: sharpness 0.27"),
    ],
)
def test_each_finding_says_the_figure_it_is_based_on(changes: dict[str, Any], detail: str) -> None:
    (finding,) = found(changes)
    assert finding.detail == detail
