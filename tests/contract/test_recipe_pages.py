"""The pages on recipes: their commands and their Python run, on a few photos, in the order of the page."""

import re
import shlex
import sys
from pathlib import Path

import pytest
from kclass_cli.main import main
from small_fits import write_photos

import kclass
from kclass.runs.recipes import RECIPES

PAGES = Path(__file__).parents[2] / "docs" / "recipes"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUICKER: dict[str, dict[str, object]] = {
    "fiat-ferrari": {"size": 32, "fine_tune": 1},
    "uffizi": {"size": 32, "fine_tune": 1, "unfreeze": "last-2"},
    "landmarks-scratch": {"size": 32, "epochs": 2},
    "landmarks-transfer": {"size": 32, "epochs": 2},
    "lakes": {"size": 32, "epochs": 1, "fine_tune": 1, "unfreeze": "last-2"},
}
"""What a recipe is given in the quick tests, beside what the page gives; the slow ones give nothing."""
TUNING = ("fine_tune", "unfreeze")
EVER = {
    "kclass sample cars": "kclass sample cars --per-class 8",
    "--backbone scratch ": "--backbone scratch --size 32 ",
}
STORY = "shortcut"
"""A page that follows no recipe."""
QUICKER_STORY = {"kclass sample ": "kclass sample --per-class 8 ", "kclass fit ": "kclass fit --size 64 "}

pytestmark = pytest.mark.filterwarnings(
    # Keras writes models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the photos that the pages speak of; no network is at hand."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    write_photos(tmp_path / "art", {"david": 8, "primavera": 8})
    landmarks = {"03.Dead_Sea": 8, "09.Golden_Gate_Bridge": 8, "16.Eiffel_Tower": 8}
    write_photos(tmp_path / "landmarks" / "train", landmarks)
    write_photos(tmp_path / "landmarks" / "test", dict.fromkeys(landmarks, 2), seed=1)
    write_photos(tmp_path / "lakes", {"como": 8, "garda": 8, "maggiore": 8})
    write_photos(tmp_path, {"unseen": 3}, seed=2)
    return tmp_path


def blocks_of(name: str) -> list[tuple[str, str]]:
    """The language and the text of each piece of a page that is to be run."""
    return BLOCK.findall((PAGES / f"{name}.md").read_text(encoding="utf-8"))


def commands_of(text: str) -> list[str]:
    """The commands in a block, one each, without the continuation of lines and without remarks."""
    lines = text.replace("\\\n", " ").splitlines()
    return [line.partition("  #")[0].strip() for line in lines if line.strip()]


def quicker(name: str, text: str) -> str:
    """A piece of a page with fewer epochs and smaller photos."""
    keywords = "".join(f", {option}={value!r}" for option, value in QUICKER[name].items())
    lines = text.replace(f'recipe="{name}"', f'recipe="{name}"{keywords}').splitlines()
    return "\n".join(_quicker_command(name, line) for line in lines)


def _quicker_command(name: str, line: str) -> str:
    frozen = "--fine-tune 0" in line
    options = {option: value for option, value in QUICKER[name].items() if not (frozen and option in TUNING)}
    flags = "".join(f" --{option.replace('_', '-')} {value}" for option, value in options.items())
    return line.replace(f"--recipe {name}", f"--recipe {name}{flags}")


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0, command


def follow(page: list[tuple[str, str]], here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run all pieces of a page, and see that what they name as output is there then."""
    names: dict[str, object] = {}
    for language, text in page:
        if language == "python":
            exec(compile(text, "page", "exec"), names)
            continue
        for command in commands_of(text):
            run(command, monkeypatch)
            named = re.findall(r"--(?:out|csv|grid|explain|html) (\S+)", command)
            assert all((here / place).exists() for place in named), command


def test_every_recipe_has_a_page_with_commands_and_python() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {*RECIPES, STORY}
    for name in RECIPES:
        text = "".join(text for _, text in blocks_of(name))
        assert {language for language, _ in blocks_of(name)} == {"sh", "python"}
        assert f"--recipe {name}" in text
        assert f'recipe="{name}"' in text


@pytest.mark.parametrize("name", RECIPES)
def test_a_page_shows_what_its_recipe_sets(name: str) -> None:
    followed = kclass.follow_recipe(name).recipe
    assert followed is not None
    shown = "\n".join(f"    {line}" for line in followed.lines[:2])
    assert f"\n{shown}\n" in (PAGES / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*RECIPES, STORY])
def test_the_pictures_of_a_page_are_there(name: str) -> None:
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert pictures
    assert all((PAGES / each).is_file() for each in pictures)


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_the_commands_and_the_python_of_a_page_run(
    name: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = [(language, quicker(name, text)) for language, text in blocks_of(name)]
    for was, shall_be in EVER.items():
        page = [(language, text.replace(was, shall_be)) for language, text in page]
    follow(page, here, monkeypatch)


@pytest.mark.slow
def test_the_commands_and_the_python_of_the_story_run(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = blocks_of(STORY)
    for was, shall_be in QUICKER_STORY.items():
        page = [(language, text.replace(was, shall_be)) for language, text in page]
    follow(page, here, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_a_page_runs_with_all_its_epochs(name: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    follow(blocks_of(name), here, monkeypatch)
