"""`kclass explain --audit`: whether a model looks at the subject or takes a shortcut."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from .command import print_json, print_result
from .photo_paths import STDIN
from .predict_outputs import PhotoPlaces, check_files, refuse
from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import ModelAudit

AUDIT_ALONE: Final = ("split", "seed", "html")
"""Options that mean nothing without --audit."""

NOT_WITH_AUDIT: Final = {
    "target": "class",
    "actual": "actual",
    "top": "top",
    "method": "method",
    "layer": "layer",
    "flips": "flips",
    "out": "out",
    "sheet": "sheet",
    "faithfulness": "faithfulness",
}
"""Options that mean nothing with it, by parameter, as the command line calls them."""


def check_audit(*, audit: bool) -> None:
    """Refuse options that have no meaning with an audit, or without.

    Args:
        audit: whether one is asked for.
    """
    from kclass import OptionError

    if audit:
        given = [option for name, option in NOT_WITH_AUDIT.items() if _given(name)]
        if given:
            raise OptionError(
                f"{' and '.join(given)} cannot be given with audit",
                fix="It explains every class by Grad-CAM, and draws into the page of --html alone.",
            )
        return
    given = [name for name in AUDIT_ALONE if _given(name)]
    if given:
        verb = "are" if given[1:] else "is"
        raise OptionError(f"{' and '.join(given)} {verb} of use with audit alone", fix="Give --audit, too.")


def tell_audit(
    paths: Sequence[str],
    terminal: Terminal,
    *,
    html: Path | None,
    as_json: bool,
    strict: bool,
    **how: Any,
) -> int:
    """Audit a model, print what came of it, and write the page.

    Args:
        paths: of labelled photos; one alone.
        terminal: for what is no result.
        html: the page, if any.
        as_json: whether one JSON document is printed.
        strict: whether a shortcut ends the command with 1.
        how: options of `audit_model`.

    Returns:
        What the command ends with.
    """
    from kclass import audit_model

    data = _one_place(paths)
    _check_html(html, data)
    with terminal.progress() as progress:
        audit = audit_model(data, progress=progress, **how)
    if as_json:
        print_json(audit.to_dict())
    else:
        print_result(repr(audit))
    # After the result: a page that cannot be written does not cost what took so long.
    if html is not None:
        audit.write_page(html)
    _tell(audit, terminal)
    if html is not None:
        terminal.say(f"Page: {html}")
    return int(strict and audit.takes_shortcut)


def _given(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is ParameterSource.COMMANDLINE


def _one_place(paths: Sequence[str]) -> Path:
    from kclass import OptionError

    if len(paths) > 1 or paths[0] == STDIN:
        what = "paths on stdin" if STDIN in paths else f"{len(paths)} paths"
        raise OptionError(
            f"an audit looks at one data set; received {what}",
            fix="Name the folder, table or archive that holds the labelled photos.",
        )
    return Path(paths[0])


def _check_html(html: Path | None, data: Path) -> None:
    check_files({"--html": html}, [])
    if html is not None:
        among = PhotoPlaces.of([], [str(data)]).lie_around(html.parent)
        refuse("--html", html.parent, among, "elsewhere")


def _tell(audit: "ModelAudit", terminal: Terminal) -> None:
    for error in audit.unreadable:
        terminal.complain(f"not looked at: {error.message}")
    for path in audit.unmasked:
        terminal.complain(f"no mask, or none of the subject in it: {path}")
