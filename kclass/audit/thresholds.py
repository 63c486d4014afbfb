"""The thresholds of the audit, and where each comes from."""

from typing import Final

SAME_PICTURE_ORIGIN: Final = (
    "Identical files are the same byte for byte. Others are of one picture if what both show agrees when "
    "they are laid on each other, in any of the eight orientations: how closely, was fixed on hymenoptera "
    "(`kclass/inspection/verification.py`, `benchmarks/match_thresholds.py`)."
)

LABEL_SUSPECT_ORIGIN: Final = (
    "As many labels as the confident joint counts for wrong, in the order of self-confidence: C. Northcutt, "
    "L. Jiang, I. Chuang, Confident Learning, Journal of Artificial Intelligence Research 70 (2021). Only "
    "among classes that the classifiers tell from the rest better than by guessing: the lower end of the "
    "95 % interval of Cohen's kappa is above 0."
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

_MEASURED = "(`benchmarks/photo_quality.py`: hymenoptera; as they are, the default head gets 93.5 %)"

SMALLEST_SIDE: Final = 64
"""Pixels of the shorter side."""

TINY_ORIGIN: Final = (
    f"A side of less than {SMALLEST_SIDE} pixels. Reduced to 96 pixels, 85.6 % are predicted right, to "
    f"{SMALLEST_SIDE} pixels 81.0 %, to 32 pixels 72.5 % {_MEASURED}."
)

LEAST_SPREAD: Final = 24.0
"""Levels of luma between which nine tenths of the pixels lie."""

SHARE_OF_LIGHT: Final = 0.5
"""A spread above this share of all the light there is, is that of a dark or pale photo, not of none."""

NEARLY_UNIFORM_ORIGIN: Final = (
    f"Nine tenths of the pixels lie within less than {LEAST_SPREAD:.0f} of 255 levels. With the contrast "
    "taken down to 32 levels in the median, 87.6 % are predicted right, to 25 levels 81.7 %, to 16 levels "
    f"75.8 % {_MEASURED}. Set on plain ground at a quarter of their width and height, nearly all lie below, "
    "and 59.5 % are predicted right: guessing gets half. Of that set's own photos, one lies below: a "
    "placeholder for a photo not found, with 14; the next has 38."
)

DARKEST: Final = 32.0
"""Luma below which 99 % of a very dark photo lies."""

DARK_ORIGIN: Final = (
    f"99 % of the pixels are darker than {DARKEST:.0f} of 255. Darkened to 45 in the median, 87.6 % are "
    f"predicted right, to 34 83.0 %, to 22 76.5 % {_MEASURED}. None of that set's own photos is below 117."
)

BRIGHTEST: Final = 210.0
"""Luma above which 99 % of a very bright photo lies."""

BRIGHT_ORIGIN: Final = (
    f"99 % of the pixels are brighter than {BRIGHTEST:.0f} of 255. Bleached to 184 in the median, 89.5 % are "
    f"predicted right, to 208 83.7 %, to 219 80.4 % {_MEASURED}. None of that set's own photos is above 111."
)

LEAST_SHARPNESS: Final = 0.36
"""As `kclass.inspection.sharpness` measures it."""

BLURRED_ORIGIN: Final = (
    f"Sharpness, how steep the steepest edges are, is less than {LEAST_SHARPNESS}. With a Gaussian blur of "
    "0.5 % of the shorter side it is 0.58 in the median and 88.9 % are predicted right; with 1 % 0.40 and "
    f"83.7 %; with 1.5 % 0.33 and 81.7 % {_MEASURED}. None of that set's own photos is below 0.52."
)
