"""Templates of pages, which lie beside the modules that fill them."""

import importlib.resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


def template(name: str) -> "Template":
    """A template that escapes whatever it is given, and refuses what it is not given.

    Args:
        name: the file, from the package on: `audit/page.html`. It may include others by such names.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(source),
    )
    return environment.get_template(name)


def source(name: str) -> str:
    """The text of a template as it is."""
    return importlib.resources.files("kclass").joinpath(name).read_text(encoding="utf-8")
