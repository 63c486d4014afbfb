"""Which photos validate and test, as the options of a fit say."""

from pathlib import Path

from kclass.dataset.dataset import Dataset
from kclass.dataset.dividing import rows_to_deal
from kclass.dataset.opening import open_data
from kclass.errors import OptionError
from kclass.runs.options import DEFAULT_VALID, FitOptions


def planned(data: Dataset, options: FitOptions) -> Dataset:
    """The data set with what a manifest or other folders say of its splits.

    Raises:
        OptionError: options that contradict each other, or what the data set is already.
        DataError: the manifest or a folder cannot be used.
    """
    if options.manifest is not None:
        return data.with_split(options.manifest)
    # Test photos first: a data set that has validation photos besides is split, and none is dealt out.
    if isinstance(options.test, Path):
        data = data.with_test(open_data(options.test))
    if isinstance(options.valid, Path):
        data = data.with_valid(open_data(options.valid))
    for name in ("valid", "test"):
        if data.is_split and isinstance(getattr(options, name), int | float):
            raise OptionError(
                f"{name} is a fraction, but {data.name} is split already",
                fix=f"Leave --{name} out, or give a data set without splits.",
            )
    return data


def fractions_to_deal(data: Dataset, options: FitOptions) -> dict[str, float]:
    """What fractions `Dataset.split` is to deal out; none if the data set is split.

    Raises:
        DataError: it cannot be split, as can be told without looking at a photo.
        OptionError: no photo would validate.
    """
    if data.is_split:
        return {}
    valid = DEFAULT_VALID if options.valid is None else options.valid
    if valid == 0:
        raise OptionError("valid is 0; without validation photos nobody knows how good the result is")
    fractions = {
        name: float(value) if isinstance(value, int | float) else 0.0
        for name, value in (("valid", valid), ("test", options.test))
    }
    rows_to_deal(data.name, data.samples, test=fractions["test"])
    return fractions
