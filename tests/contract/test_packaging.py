import importlib.metadata
import tomllib
from typing import Any

import pytest
from source_code import LIBRARY, ROOT

import kclass


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_package_on_disk_is_packed_and_no_other(project: dict[str, Any]) -> None:
    folders = {path.parent for path in LIBRARY}
    on_disk = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert project["tool"]["setuptools"]["packages"] == [*sorted(on_disk), "kclass_cli"]
    assert all((folder / "__init__.py").is_file() for folder in folders)


def test_every_file_that_is_no_python_is_packed(project: dict[str, Any]) -> None:
    patterns = project["tool"]["setuptools"]["package-data"]["kclass"]
    packed = {path for pattern in patterns for path in (ROOT / "kclass").glob(pattern)}
    others = {
        path for path in (ROOT / "kclass").rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert others == packed


def test_the_version_stands_in_one_place(project: dict[str, Any]) -> None:
    assert "version" not in project["project"]
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "kclass.__version__"}
    quoted = [path for path in LIBRARY if f'"{kclass.__version__}"' in path.read_text(encoding="utf-8")]
    assert quoted == [ROOT / "kclass/__init__.py"]


def test_the_installed_version_is_that_of_the_code() -> None:
    assert importlib.metadata.version("kclass") == kclass.__version__


def test_the_command_line_is_installed_as_the_command_kclass() -> None:
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="kclass")
    assert command.value == "kclass_cli.main:main"
