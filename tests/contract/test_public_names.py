import ast
import importlib
import inspect
import pkgutil
import types

import pytest
from source_code import ROOT, tree_of

import kclass

FUNCTIONS = {
    "follow_recipe",
    "with_weights_at_hand",
    "audit_model",
    "cache_contents",
    "check",
    "clear_cache",
    "collect",
    "compare",
    "contact_sheet",
    "cross_validate",
    "draw_sample",
    "evaluate",
    "explain",
    "faithfulness",
    "find_photos",
    "fit",
    "from_csv",
    "from_frame",
    "from_lists",
    "from_name_func",
    "from_name_regex",
    "latest_model",
    "learning_curve",
    "list_backbones",
    "list_fixed",
    "load",
    "lr_find",
    "move_bad",
    "open_data",
    "resume_fit",
    "run_fit",
    "run_lr_find",
    "save_png",
    "show",
    "undo_moves",
    "write_page",
    "write_report",
}


def names_for_type_checkers() -> dict[str, str]:
    """What the `if TYPE_CHECKING` block imports: the module by public name."""
    (block,) = (
        node
        for node in tree_of(ROOT / "kclass/__init__.py").body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    found = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        (alias,) = node.names
        # `import X as X` is what type checkers take for a name that is handed on.
        assert alias.asname == alias.name
        assert node.module is not None
        found[alias.name] = node.module
    return found


def import_every_module() -> list[types.ModuleType]:
    modules = pkgutil.walk_packages(kclass.__path__, "kclass.")
    return [importlib.import_module(module.name) for module in modules]


def test_the_names_are_sorted_and_each_is_there_once() -> None:
    version, *names = kclass.__all__
    assert version == "__version__"
    assert names == sorted(set(names))


def test_type_checkers_see_the_same_names_in_the_same_places() -> None:
    seen = names_for_type_checkers()
    assert sorted(seen) == kclass.__all__[1:]
    assert {name: getattr(kclass, name).__module__ for name in seen} == seen


def test_every_name_is_what_it_was_once_every_module_is_imported() -> None:
    # With a room of a public function's name, importing the room would put it in the function's place.
    before = {name: getattr(kclass, name) for name in kclass.__all__}
    modules = import_every_module()
    assert len(modules) > 60
    assert {name: getattr(kclass, name) for name in kclass.__all__} == before
    assert not {module.__name__.split(".")[1] for module in modules} & set(kclass.__all__)


def test_the_functions_can_be_called_and_all_else_is_a_class() -> None:
    import_every_module()
    public = {name: getattr(kclass, name) for name in kclass.__all__[1:]}
    assert {name for name, value in public.items() if inspect.isfunction(value)} == FUNCTIONS
    assert all(inspect.isclass(value) for name, value in public.items() if name not in FUNCTIONS)


def test_every_public_name_says_what_it_is_for() -> None:
    assert [name for name in kclass.__all__[1:] if not inspect.getdoc(getattr(kclass, name))] == []


def test_dir_lists_the_public_names() -> None:
    assert dir(kclass) == sorted(kclass.__all__)


def test_a_star_import_brings_all_of_them() -> None:
    space: dict[str, object] = {}
    exec("from kclass import *", space)
    assert set(kclass.__all__) <= set(space)


def test_an_unknown_name_is_an_attribute_error_as_for_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'kclass' has no attribute 'predict'"):
        kclass.predict  # noqa: B018


def test_every_kind_of_error_is_public_and_narrower_ones_are_caught_by_it() -> None:
    import_every_module()
    kinds = kclass.KClassError.__subclasses__()
    assert {each.__name__ for each in (kclass.KClassError, *kinds)} <= set(kclass.__all__)
