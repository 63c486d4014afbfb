import ast
from pathlib import Path

import pytest
from source_code import COMMAND_LINE, LIBRARY, ROOT, tree_of

LONGEST_FILE = 350
LONGEST_FUNCTION = 60


@pytest.mark.parametrize("path", LIBRARY + COMMAND_LINE, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short_enough_to_be_read_at_once(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    lengths = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}
