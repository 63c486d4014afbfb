import ast
from pathlib import Path

import pytest
from source_code import COMMAND_LINE, LIBRARY, ROOT, imported, module_of, roots, tree_of

import kclass

ROOMS = (
    "errors",
    "progress",
    "files",
    "parallel",
    "templates",
    "keras_import",
    "photos",
    "cache",
    "inspection",
    "dataset",
    "batches",
    "backbones",
    "engines",
    "features",
    "plots",
    "evaluation",
    "explanation",
    "training",
    "classifier",
    "audit",
    "reporting",
    "showing",
    "runs",
    "model_audit",
    "collecting",
    "drawing",
)
DRAWING_NEEDS = {"errors", "progress", "files"}
LIGHT_ROOMS = {"errors", "progress", "files", "parallel", "photos", "cache", "inspection", "dataset"}
HEAVY = {"tensorflow", "keras", "keras_cv"}
IMPORTING_HEAVY = {"kclass.keras_import", "kclass.batches", "kclass.backbones"}


def room_of(module: str) -> str:
    """`photos` for `kclass.photos.decoding`; empty for `kclass` itself."""
    return module.split(".")[1] if "." in module else ""


def rooms_imported(path: Path) -> set[str]:
    # `from kclass import X` gives `kclass.X`: a room if there is one of that name, else a public name.
    return {room_of(name) for name in imported(path) if name.startswith("kclass.")}


def test_every_module_lies_in_a_room_of_the_row_and_every_room_is_there() -> None:
    assert {room_of(module_of(path)) for path in LIBRARY} == {"", *ROOMS}


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_from_the_rooms_before_its_own_alone(path: Path) -> None:
    own = room_of(module_of(path))
    if not own:
        return  # kclass/__init__.py names what every room offers
    before = set(ROOMS[: ROOMS.index(own)])
    allowed = DRAWING_NEEDS if own == "drawing" else before
    assert rooms_imported(path) & set(ROOMS) <= allowed | {own}


def test_no_module_takes_a_public_name_from_the_package_whose_parts_it_is_one_of() -> None:
    # What `kclass/__init__.py` leads to may lie in any room, so the row could not be held.
    borrowed = {
        module_of(path): taken
        for path in LIBRARY
        if (taken := rooms_imported(path) - set(ROOMS)) and module_of(path) != "kclass"
    }
    assert borrowed == {}


def test_one_method_asks_for_a_public_name_when_it_is_called() -> None:
    # `data.show()` is what people look for; what shows photos needs rooms that come after data sets.
    # The others want the version.
    asking = {module_of(path) for path in LIBRARY if "kclass" in imported(path)}
    assert asking == {"kclass.dataset.dataset", "kclass.classifier.model_file", "kclass.collecting.hosts"}


def test_the_package_imports_every_room_lazily() -> None:
    at_top = [
        ast.unparse(node)
        for node in tree_of(ROOT / "kclass/__init__.py").body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert at_top == ["import importlib", "from typing import TYPE_CHECKING, Any"]


def test_the_library_knows_nothing_of_the_command_line() -> None:
    wrong = {
        module_of(path) for path in LIBRARY if roots(imported(path)) & {"cli", "kclass_cli", "click", "rich"}
    }
    assert wrong == set()


def test_errors_photos_and_data_sets_need_no_tensorflow() -> None:
    wrong = {
        module_of(path)
        for path in LIBRARY
        if room_of(module_of(path)) in LIGHT_ROOMS
        and (roots(imported(path)) & HEAVY or imported(path) & IMPORTING_HEAVY)
    }
    assert wrong == set()


def test_one_module_imports_tensorflow_and_keras_since_they_must_be_kept_out_of_the_home_folder() -> None:
    importing = {module_of(path) for path in LIBRARY if roots(imported(path)) & {"tensorflow", "keras"}}
    assert importing == {"kclass.keras_import"}


def test_two_modules_at_most_import_keras_cv() -> None:
    importing = {module_of(path) for path in LIBRARY if "keras_cv" in roots(imported(path))}
    assert "kclass.backbones.keras_cv_graph" in importing
    assert len(importing) <= 2


def test_one_module_imports_openvino_since_it_must_be_kept_from_phoning_home() -> None:
    importing = {module_of(path) for path in LIBRARY if "openvino" in roots(imported(path))}
    assert importing == {"kclass.engines.runtime"}


def test_the_command_line_uses_public_names_alone() -> None:
    # A type that only a checker sees may come from its own module.
    public = {f"kclass.{name}" for name in kclass.__all__} | {
        "kclass",
        "kclass.progress",
        "kclass.progress.Progress",
    }
    for path in COMMAND_LINE:
        ours = {name for name in imported(path) if name.partition(".")[0] == "kclass"}
        assert ours <= public, path


def test_the_command_line_imports_its_own_modules_relatively() -> None:
    # It is installed as kclass_cli and lies in cli/: either name would break the other.
    absolute = {path.name for path in COMMAND_LINE if "kclass_cli" in roots(imported(path))}
    assert absolute == set()
