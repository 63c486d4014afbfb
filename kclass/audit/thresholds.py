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

TINY_ORIGIN: Final = ""
NEARLY_UNIFORM_ORIGIN: Final = ""
DARK_ORIGIN: Final = ""
BRIGHT_ORIGIN: Final = ""
BLURRED_ORIGIN: Final = ""
