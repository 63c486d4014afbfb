"""`kclass explain --faithfulness`: whether the maps show what the network goes by."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .command import print_json, print_result
from .overlays import FreePlaces
from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import Classifier, Faithfulness


def check_faithfulness(*, faithfulness: bool, masks: Path | None, others: Mapping[str, bool]) -> None:
    """Refuse options that have no meaning with each other.

    Args:
        faithfulness: whether it is to be measured.
        masks: the folder of masks, if any.
        others: whether options are given that say what to explain, or what to draw of it, by name.
    """
    from kclass import OptionError

    if masks is not None and not faithfulness:
        raise OptionError(
            "masks are of use with faithfulness and audit alone", fix="Give --faithfulness or --audit, too."
        )
    given = [name for name, value in others.items() if value]
    if faithfulness and given:
        raise OptionError(
            f"{' and '.join(given)} cannot be given with faithfulness",
            fix="It is measured for the most probable class of each photo, and draws no photos.",
        )


def tell_faithfulness(
    classifier: "Classifier",
    photos: Sequence[Path],
    terminal: Terminal,
    *,
    masks: Path | None,
    out: Path,
    as_json: bool,
    **how: Any,
) -> tuple[int, int]:
    """Measure how faithful maps are, print it, and draw the curves into a folder.

    Returns:
        How many photos were measured, and how many were not or had no mask though masks were given.
    """
    from kclass import faithfulness

    with terminal.progress() as progress:
        found = faithfulness(classifier, photos, masks=masks, progress=progress, **how)
    place = FreePlaces(out).take(Path("faithfulness"), how["method"])
    content = {**found.to_dict(), "plot": str(place)}
    if as_json:
        print_json(content)
    else:
        print_result(repr(found))
    # After the result: a folder that cannot be written does not cost what took so long.
    _draw(found, place)
    _tell(found, len(photos), terminal)
    terminal.say(f"Curves: {place}")
    return len(found.photos), len(found.unreadable) + len(found.unmasked)


def _draw(found: "Faithfulness", place: Path) -> None:
    from kclass import save_png

    save_png(found.plot(), place)


def _tell(found: "Faithfulness", photos: int, terminal: Terminal) -> None:
    for error in found.unreadable:
        terminal.complain(f"not measured: {error.message}")
    for path in found.unmasked:
        terminal.complain(f"no mask, or none of the subject in it: {path}")
    tried = len(found.photos) + len(found.unreadable)
    if tried < photos:
        terminal.say(f"Measured on {tried} of {photos} photos, drawn by lot")
