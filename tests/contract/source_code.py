"""The source of kclass and of its command line, as syntax trees."""

import ast
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIBRARY = tuple(sorted((ROOT / "kclass").rglob("*.py")))
COMMAND_LINE = tuple(sorted((ROOT / "cli").rglob("*.py")))


def module_of(path: Path) -> str:
    """`kclass.photos.decoding` for `kclass/photos/decoding.py`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def imported(path: Path) -> frozenset[str]:
    """Every module that a file imports anywhere: at the top, in functions and for types alone.

    `from a.b import c` gives `a.b` and `a.b.c`, as the name may be a module's.
    """
    return frozenset(name for node in ast.walk(tree_of(path)) for name in _names(node, module_of(path)))


def _names(node: ast.AST, importer: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = importer.rpartition(".")[0] if node.level else ""
        source = ".".join(filter(None, (package, node.module or "")))
        yield source
        yield from (f"{source}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
        yield from (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant))


def roots(modules: Iterable[str]) -> set[str]:
    """The packages that modules belong to."""
    return {name.partition(".")[0] for name in modules}
