import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kclass.classifier.prediction import Guess, Prediction
from kclass.classifier.predictions import Predictions
from kclass.classifier.training_photos import Neighbour
from kclass.errors import PhotoError

playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="the browser tests need Chromium: apt install chromium"
)
ALARM = "<script>alert(1)</script>"
LONG = "Ünglaublichlangerklassennameohnejedeslücke" * 2
CLASSES = (ALARM, LONG, "03.蜜蜂", *(f"class {place}" for place in range(97)))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of photos of a hundred classes, some of whose names are hard on a page."""
    folder = tmp_path_factory.mktemp("page")
    found = []
    for place in range(120):
        path = folder / f"{'long' * 20}-{place}.png"
        Image.fromarray(np.full((60, 90, 3), place, np.uint8)).save(path)
        index = place % 100
        guesses = tuple(Guess(CLASSES[(index + more) % 100], (index + more) % 100, 0.3) for more in range(3))
        near = tuple(Neighbour(path, CLASSES[more], 0.9) for more in range(3))
        found.append(Prediction(path, guesses, novelty=place / 60, threshold=0.2, nearest=near))
    errors = (PhotoError(f"{ALARM} is empty"),)
    return Predictions(tuple(found), errors, CLASSES).write_page(folder / "page.html")


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_the_page_fits_shows_every_picture_and_asks_for_nothing(
    width: int, scheme: str, browser: "playwright.Browser", file: Path
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append("a dialog"), dialog.dismiss()))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith(("data:", "file:")) else complaints.append(request.url)
        ),
    )
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].every((each) => each.complete && each.naturalWidth > 0)")
    overflowing = (
        "[...document.querySelectorAll('figure, li, h2')].filter((e) => e.scrollWidth > e.clientWidth + 1)"
    )
    assert page.evaluate(f"{overflowing}.length") == 0
    assert page.locator("h2", has_text=ALARM).count() == 1
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (back == "rgb(255, 255, 255)") is (scheme == "light")
    assert complaints == []
    assert set(asked) <= {"file", "data"}
    context.close()


def test_an_answer_in_the_list_leads_to_its_photos(browser: "playwright.Browser", file: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(file.as_uri())
    page.get_by_role("link", name="蜜蜂").click()
    heading = page.locator("h2", has_text="蜜蜂")
    assert heading.evaluate("(each) => Math.abs(each.getBoundingClientRect().top) < 100")
    page.close()
