"""Single values of a table, as lists, CSV files and data frames hold them."""

from numbers import Real

_MISSING_TYPES = frozenset({"NAType", "NaTType"})
"""What pandas fills gaps with; it is told by name, since kclass does not import it."""


def is_missing(value: object) -> bool:
    """Whether a value stands for none: None, NaN, pandas's NA and NaT, or text without a letter."""
    if isinstance(value, str):
        return not value or value.isspace()
    if isinstance(value, Real):
        return bool(value != value)  # NaN alone differs from itself
    return value is None or type(value).__name__ in _MISSING_TYPES
