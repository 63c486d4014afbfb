import json
from pathlib import Path

import pytest
from processes import python, run
from small_fits import SmallFit, write_photos

HEAVY = {"tensorflow", "keras", "keras_cv", "matplotlib", "sklearn", "scipy"}
HEAVIER_THAN_A_PHOTO = {"tensorflow", "keras", "keras_cv", "matplotlib"}

OPTIONS = """
import sys, json, kclass
kclass.FitOptions(hidden=8, fine_tune=2, unfreeze="stage4", optimizer="sgd", augment="lakes")
print(json.dumps(sorted(sys.modules)))
"""
IMPORT = "import sys, json, kclass; print(json.dumps(sorted(sys.modules)))"
# The installed command in this very process, which then lists what has been imported.
COMMAND = """
import importlib.metadata, json, sys
(entry,) = importlib.metadata.entry_points(group="console_scripts", name="kclass")
sys.argv = ["kclass", *sys.argv[1:]]
try:
    entry.load()()
except SystemExit as ended:
    code = ended.code
print("MODULES", json.dumps([code, sorted(sys.modules)]))
"""


def packages(modules: list[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def packages_after(*arguments: str, cwd: Path) -> set[str]:
    """What the command imports; it must succeed."""
    ended = run(*python(COMMAND, *arguments), cwd=cwd)
    assert ended.stderr == ""
    code, modules = json.loads(ended.stdout.rpartition("MODULES ")[2])
    assert code == 0
    return packages(modules)


def test_importing_kclass_imports_nothing_but_itself(tmp_path: Path) -> None:
    ended = run(*python(IMPORT), cwd=tmp_path)
    assert ended.stderr == ""
    modules = json.loads(ended.stdout)
    assert [name for name in modules if name.partition(".")[0] == "kclass"] == ["kclass"]
    assert packages(modules) & (HEAVY | {"numpy", "PIL", "openvino", "h5py", "click"}) == set()


def test_options_are_checked_before_anything_heavy_is_imported(tmp_path: Path) -> None:
    ended = run(*python(OPTIONS), cwd=tmp_path)
    assert ended.stderr == ""
    assert packages(json.loads(ended.stdout)) & {*HEAVIER_THAN_A_PHOTO, "sklearn", "openvino"} == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["backbones", "-h"],
        ["cache", "-h"],
        ["check", "--help"],
        ["evaluate", "-h"],
        ["explain", "-h"],
        ["fit", "-h"],
        ["lr-find", "-h"],
        ["predict", "--help"],
        ["report", "-h"],
        ["sample", "-h"],
        ["show", "-h"],
    ],
)
def test_help_needs_none_of_the_heavy_libraries(arguments: list[str], tmp_path: Path) -> None:
    loaded = packages_after(*arguments, cwd=tmp_path)
    assert "kclass_cli" in loaded
    assert loaded & (HEAVY | {"numpy", "PIL", "openvino", "h5py"}) == set()


@pytest.mark.parametrize("augment", ["none", "light"])
def test_photos_are_shown_without_tensorflow_unless_layers_need_it(
    augment: str, fitted: SmallFit, tmp_path: Path
) -> None:
    loaded = packages_after("show", str(fitted.data), "--augment", augment, "--json", cwd=tmp_path)
    assert "matplotlib" in loaded
    assert loaded & {"tensorflow", "keras", "keras_cv", "openvino", "sklearn"} == set()


@pytest.mark.parametrize("arguments", [[], ["--json"], ["resnet50"]])
def test_backbones_are_listed_without_building_any(arguments: list[str], tmp_path: Path) -> None:
    loaded = packages_after("backbones", *arguments, "--quiet", cwd=tmp_path)
    assert "numpy" in loaded
    assert loaded & {*HEAVY, "PIL", "openvino", "h5py"} == set()


def test_a_check_without_features_needs_none_of_the_heavy_libraries(fitted: SmallFit, tmp_path: Path) -> None:
    loaded = packages_after("check", str(fitted.data), "--html", "audit.html", "--quiet", cwd=tmp_path)
    assert {"PIL", "numpy", "jinja2"} <= loaded
    assert loaded & {*HEAVIER_THAN_A_PHOTO, "sklearn", "openvino", "h5py"} == set()


def test_a_page_of_a_run_needs_no_tensorflow(fitted: SmallFit, tmp_path: Path) -> None:
    loaded = packages_after("report", str(fitted.run), "--out", "page.html", "--quiet", cwd=tmp_path)
    assert {"jinja2", "openvino"} <= loaded
    assert loaded & {"tensorflow", "keras", "keras_cv", "sklearn"} == set()


def test_predicting_a_photo_needs_neither_tensorflow_nor_matplotlib(fitted: SmallFit, tmp_path: Path) -> None:
    loaded = packages_after("predict", str(fitted.photo), "--model", str(fitted.model), cwd=tmp_path)
    assert "openvino" in loaded
    assert loaded & HEAVIER_THAN_A_PHOTO == set()


@pytest.mark.parametrize("options", [[], ["--top", "2", "--sheet", "sheet.png"], ["--actual", "--json"]])
def test_photos_are_explained_without_tensorflow(
    options: list[str], fitted: SmallFit, tmp_path: Path
) -> None:
    model = ["--model", str(fitted.model), "--quiet"]
    loaded = packages_after("explain", str(fitted.photo), *model, *options, cwd=tmp_path)
    assert {"openvino", "matplotlib"} <= loaded
    assert loaded & {"tensorflow", "keras", "keras_cv", "sklearn", "scipy"} == set()


def test_a_page_and_copies_need_neither_tensorflow_nor_matplotlib(fitted: SmallFit, tmp_path: Path) -> None:
    options = ["--model", str(fitted.model), "--html", "page.html", "--copy-into", "sorted", "--quiet"]
    loaded = packages_after("predict", str(fitted.photo), *options, cwd=tmp_path)
    assert {"openvino", "jinja2"} <= loaded
    assert loaded & HEAVIER_THAN_A_PHOTO == set()


def test_a_grid_of_predictions_needs_no_tensorflow(fitted: SmallFit, tmp_path: Path) -> None:
    options = ["--model", str(fitted.model), "--grid", "grid.png", "--quiet"]
    loaded = packages_after("predict", str(fitted.photo), *options, cwd=tmp_path)
    assert "matplotlib" in loaded
    assert loaded & {"tensorflow", "keras", "keras_cv", "sklearn", "scipy"} == set()


def test_a_fit_on_a_frozen_backbone_needs_neither_tensorflow_nor_scipy(
    fitted: SmallFit, tmp_path: Path
) -> None:
    loaded = packages_after("fit", str(fitted.data), "--out", "run", "--quiet", cwd=tmp_path)
    assert "matplotlib" in loaded
    assert loaded & {"tensorflow", "keras", "keras_cv", "scipy", "sklearn"} == set()


@pytest.mark.parametrize("option", ["--model", "--folds", "--learning-curve"])
def test_scores_are_told_without_tensorflow_and_matplotlib(
    option: str, fitted: SmallFit, tmp_path: Path
) -> None:
    values = {"--model": [str(fitted.run)], "--folds": ["2"], "--learning-curve": ["--size", "64"]}
    data = write_photos(tmp_path / "trees", {"ash": 16, "birch": 16}, seed=1)
    loaded = packages_after("evaluate", str(data), option, *values[option], "--quiet", cwd=tmp_path)
    assert "numpy" in loaded
    assert loaded & {"tensorflow", "keras", "keras_cv", "matplotlib", "sklearn"} == set()
