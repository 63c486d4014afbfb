import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from made_up_classes import hundred_classes
from made_up_runs import MadeUp, write_run
from PIL import Image

from kclass.reporting.page import write_report

playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="the browser tests need Chromium: apt install chromium"
)
ALARM = "<script>alert(1)</script>"
WIDTHS = (1280, 375)
SCHEMES = ("light", "dark")


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run of three classes, one of which is called as an attack would be."""
    folder = tmp_path_factory.mktemp("small")
    paths = [f"{place}.png" for place in range(9)]
    for place, path in enumerate(paths):
        Image.new("RGB", (120, 80), (25 * place, 120, 60)).save(folder / path)
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2], np.int32)
    predicted = [0, 0, 1, 1, 1, 1, 0, 2, 2]
    probabilities = np.where(np.arange(3) == np.array(predicted)[:, None], 0.8, 0.1)
    splits = {"valid": MadeUp(paths, labels, probabilities)}
    return write_report(write_run(folder / "run", (ALARM, "birch", "cedar"), splits, root=folder))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run of a hundred classes."""
    return write_report(hundred_classes(tmp_path_factory.mktemp("large"), photos=200))


class Visit:
    """A page that is open, and what it did that it should not do."""

    def __init__(self, browser: "playwright.Browser", file: Path, *, width: int, scheme: str) -> None:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append("a dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self._note(request.url, file))
        self.page.goto(file.as_uri())

    def _note(self, url: str, file: Path) -> None:
        if url != file.as_uri() and not url.startswith("data:"):
            self.complaints.append(f"a request to {url}")

    def cell(self, label: int, predicted: int) -> "playwright.Locator":
        return self.page.locator(f'.matrix button[data-label="{label}"][data-predicted="{predicted}"]')

    def shown(self) -> list[str]:
        """The paths of the photos in the panel."""
        return self.page.locator("#panel figure .file").all_inner_texts()

    def names(self) -> list[str]:
        return self.page.locator("table[data-sorts] tbody td.name").all_inner_texts()


@pytest.fixture
def visit(browser: "playwright.Browser", small: Path) -> Iterator[Visit]:
    opened = Visit(browser, small, width=1280, scheme="light")
    yield opened
    assert opened.complaints == []
    opened.page.context.close()


@pytest.mark.parametrize("which", ["small", "large"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_page_fits_loads_nothing_and_has_no_errors(
    browser: "playwright.Browser", request: pytest.FixtureRequest, which: str, width: int, scheme: str
) -> None:
    opened = Visit(browser, request.getfixturevalue(which), width=width, scheme=scheme)
    assert opened.page.evaluate("document.documentElement.scrollWidth") == width
    back = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (back == "rgb(255, 255, 255)") is (scheme == "light")
    assert opened.page.locator("#panel figure img").count() > 0
    assert opened.complaints == []
    opened.page.context.close()


def test_the_worst_cell_is_open_at_first(visit: Visit) -> None:
    assert visit.page.locator("#panel-title").inner_text() == f"{ALARM}, taken for birch: 2 of 4 (50 %)"
    assert visit.shown() == ["2.png", "3.png"]


def test_a_click_on_a_cell_shows_its_photos(visit: Visit) -> None:
    visit.cell(1, 0).click()
    assert visit.page.locator("#panel-title").inner_text() == f"birch, taken for {ALARM}: 1 of 3 (33 %)"
    assert visit.shown() == ["6.png"]
    assert visit.page.locator("#panel figure img").evaluate("image => image.naturalWidth") == 120
    assert visit.cell(1, 0).get_attribute("aria-pressed") == "true"
    assert visit.page.locator('.matrix button[aria-pressed="true"]').count() == 1


def test_cells_are_reached_by_arrow_keys_and_opened_by_enter_and_space(visit: Visit) -> None:
    visit.cell(0, 1).focus()
    visit.page.keyboard.press("ArrowDown")
    visit.page.keyboard.press("Enter")
    assert visit.shown() == ["4.png", "5.png"]
    visit.page.keyboard.press("ArrowLeft")
    visit.page.keyboard.press("Space")
    assert visit.shown() == ["6.png"]
    assert visit.page.locator('.matrix button[tabindex="0"]').count() == 1


def test_a_cell_can_be_tapped_on_a_phone(browser: "playwright.Browser", large: Path) -> None:
    opened = Visit(browser, large, width=375, scheme="dark")
    cell = opened.page.locator(".matrix button.r").first
    cell.click()
    assert opened.page.locator("#panel-title").inner_text() == cell.get_attribute("aria-label")
    assert opened.complaints == []
    opened.page.context.close()


def test_cells_tell_photos_or_shares(visit: Visit) -> None:
    assert visit.cell(0, 1).inner_text() == "2"
    visit.page.get_by_role("button", name="% of the row").click()
    assert visit.cell(0, 1).inner_text() == "50"


def test_the_table_of_classes_sorts_by_any_column_both_ways(visit: Visit) -> None:
    # F1 of 4/7, 4/7 and 1.
    assert visit.names() == [ALARM, "birch", "cedar"]
    head = visit.page.locator("table[data-sorts] thead")
    head.get_by_role("button", name="Photos").click()
    assert visit.names() == [ALARM, "birch", "cedar"]
    head.get_by_role("button", name="Photos").click()
    assert visit.names() == ["cedar", "birch", ALARM]
    assert head.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    head.get_by_role("button", name="Class").focus()
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Enter")
    assert visit.names()[-1] == ALARM
    assert head.locator("th[aria-sort]").count() == 1


def test_a_class_called_like_a_script_stays_text(visit: Visit) -> None:
    assert visit.page.locator(".row-name").first.inner_text() == ALARM
    assert visit.page.locator("script").count() == 2
    visit.cell(0, 0).click()
    assert ALARM in visit.page.locator("#panel figcaption").first.inner_text()


def test_a_class_without_photos_stays_last_whichever_way_figures_are_sorted(
    browser: "playwright.Browser", tmp_path: Path
) -> None:
    shares = np.array([[0.9, 0.05, 0.05], [0.4, 0.5, 0.1], [0.1, 0.7, 0.2]])
    three = MadeUp(("a", "b", "c"), np.array([0, 0, 1], np.int32), shares)
    page = write_report(write_run(tmp_path / "run", ("ash", "birch", "elm"), {"valid": three}))
    opened = Visit(browser, page, width=1280, scheme="light")
    head = opened.page.locator("table[data-sorts] thead")
    found = []
    for figure in ("Recall", "Recall", "Precision", "Precision", "Photos"):
        head.get_by_role("button", name=figure).click()
        found.append(opened.names())
    up, down = ["ash", "birch", "elm"], ["birch", "ash", "elm"]
    # Recall is 1/2 and 1, precision 1 and 1/2.
    assert found == [up, down, down, up, up]
    assert opened.complaints == []
    opened.page.context.close()
