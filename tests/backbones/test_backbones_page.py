import re
import runpy
from pathlib import Path

import pytest

import kclass

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "backbones.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """What stands under a heading of the second rank."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> str:
    return "\n".join(line.split(" | ")[0] for line in text.splitlines() if line.startswith("| "))


def test_the_table_is_current() -> None:
    # If not: python docs/backbones_table.py
    assert runpy.run_path(str(DOCS / "backbones_table.py"))["page"](PAGE) == PAGE


def test_the_table_is_the_same_wherever_the_weights_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for each in kclass.list_backbones():
        if each.weights_path:
            Path(each.weights_path).parent.mkdir(exist_ok=True)
            Path(each.weights_path).touch()
    assert runpy.run_path(str(DOCS / "backbones_table.py"))["table"]() in PAGE


def test_every_scaling_is_explained() -> None:
    explained = set(re.findall(r"`(.+?)`", first_cells(section("Scaling"))))
    assert explained == {each.scaling for each in kclass.list_backbones()}


def test_every_key_of_the_document_is_explained() -> None:
    explained = re.findall(r"`(.+?)`", first_cells(section("As JSON")))
    assert sorted(explained) == sorted(kclass.list_backbones()[0].to_dict())


def test_what_it_says_of_stages_is_so() -> None:
    stages = {each.name: len(each.stages) for each in kclass.list_backbones()}
    assert {name: number for name, number in stages.items() if number not in (4, 5)} == {
        "nasnet_mobile": 2,
        "nasnet_large": 2,
    }
