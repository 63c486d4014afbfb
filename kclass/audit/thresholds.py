"""The thresholds of the audit, and where each comes from."""

from typing import Final

LABEL_SUSPECT_ORIGIN: Final = (
    "The confident joint: another class is at least as probable as that class is, in the mean, for the "
    "photos labelled as it. C. Northcutt, L. Jiang, I. Chuang, Confident Learning, Journal of "
    "Artificial Intelligence Research 70 (2021)."
)

SUBSTANTIAL_KAPPA: Final = 0.61
"""Cohen's kappa from which agreement is "substantial" (Landis and Koch, 1977)."""

SHORTCUT_ORIGIN: Final = (
    f"The lower end of a 95 % interval of Cohen's kappa, out of fold, is {SUBSTANTIAL_KAPPA} or more: "
    '"substantial" agreement in J. R. Landis, G. G. Koch, Biometrics 33 (1977).'
)

LARGEST_RATIO: Final = 9
"""Photos of the largest class for one of the smallest above which a set is highly imbalanced."""

FEWEST_PHOTOS: Final = 10
"""Of a class: five folds then hold out two each, and a validation fifth has two."""

IMBALANCE_ORIGIN: Final = (
    f"More than {LARGEST_RATIO} photos of the largest class for one of the smallest: the bound of the "
    "highly imbalanced sets of the KEEL repository (A. Fernández et al., Fuzzy Sets and Systems 159, "
    f"2008). Fewer than {FEWEST_PHOTOS} photos in a class: a fold or a validation fifth has less than two."
)

_MEASURED = "(`benchmarks/photo_quality.py`: hymenoptera, the default head trained on sound photos, 94 %)"

SMALLEST_SIDE: Final = 64
"""Pixels of the shorter side."""

TINY_ORIGIN: Final = (
    f"A side of less than {SMALLEST_SIDE} pixels. Reduced to 96 pixels, 86 % are predicted right, to "
    f"{SMALLEST_SIDE} pixels 82 %, to 32 pixels 74 % {_MEASURED}."
)

LEAST_SPREAD: Final = 32.0
"""Levels of luma between which nine tenths of the pixels lie: an eighth of the scale."""

SHARE_OF_LIGHT: Final = 0.5
"""A spread above this share of all the light there is, is that of a dark or pale photo, not of none."""

NEARLY_UNIFORM_ORIGIN: Final = (
    f"Nine tenths of the pixels lie within less than {LEAST_SPREAD:.0f} of 255 levels. With the contrast "
    "taken down to 32 levels in the median, 89 % are predicted right, to 24 levels 83 %, to 16 levels "
    f"77 % {_MEASURED}. Of that set's own photos one lies below: a placeholder for a photo not found."
)

DARKEST: Final = 32.0
"""Luma below which 99 % of a very dark photo lies."""

DARK_ORIGIN: Final = (
    f"99 % of the pixels are darker than {DARKEST:.0f} of 255. Darkened to 45 in the median, 88 % are "
    f"predicted right, to 33 84 %, to 22 79 % {_MEASURED}. None of that set's own photos is below 113."
)

BRIGHTEST: Final = 210.0
"""Luma above which 99 % of a very bright photo lies."""

BRIGHT_ORIGIN: Final = (
    f"99 % of the pixels are brighter than {BRIGHTEST:.0f} of 255. Bleached to 185 in the median, 89 % are "
    f"predicted right, to 208 83 %, to 220 82 % {_MEASURED}. None of that set's own photos is above 112."
)

LEAST_SHARPNESS: Final = 0.35
"""As `kclass.inspection.sharpness` measures it."""

BLURRED_ORIGIN: Final = (
    f"The steepest edges are less than {LEAST_SHARPNESS} times as steep as those four times coarser. With a "
    "Gaussian blur of 0.5 % of the shorter side, sharpness is 0.52 in the median and 90 % are predicted "
    f"right; with 1 % 0.37 and 85 %; with 1.5 % 0.31 and 83 % {_MEASURED}. None of that set's own photos "
    "is below 0.5."
)
