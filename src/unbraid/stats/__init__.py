"""Folds, bootstrap, permutation, noise ceilings, false discovery: how certain a score is."""

from unbraid.stats._arrangement import FoldsInOrder, arrangement, order_of_groups
from unbraid.stats._bootstrap import (
    Difference,
    Interval,
    bootstrap_weights,
    interval,
    paired_difference,
)
from unbraid.stats._ceiling import NoiseCeiling, noise_ceiling
from unbraid.stats._false_discovery import benjamini_hochberg
from unbraid.stats._folds import (
    Folds,
    as_folds,
    contiguous_folds,
    grouped_folds,
    shuffled_folds,
)
from unbraid.stats._group_moments import GroupMoments
from unbraid.stats._independent import independent_units
from unbraid.stats._jackknife import (
    Refits,
    Spread,
    jackknife_spread,
    student_interval,
    student_replicates,
    student_steps,
)
from unbraid.stats._moments import FoldMoments, Moments
from unbraid.stats._order import SerialDependence, rows_to_test, serial_dependence
from unbraid.stats._period import shared_period
from unbraid.stats._permutation import Permutations, permutation_p, permuted_rows
from unbraid.stats._scales import dominating_units
from unbraid.stats._stream import fold_moments, group_moments
from unbraid.stats._time import (
    DRIFT,
    EXCHANGEABLE,
    IGNORED,
    PERIOD,
    TIME,
    UNTESTED,
    Order,
    check_order,
    order_of,
)

__all__ = [
    "DRIFT",
    "EXCHANGEABLE",
    "IGNORED",
    "PERIOD",
    "TIME",
    "UNTESTED",
    "FoldsInOrder",
    "Difference",
    "FoldMoments",
    "Folds",
    "GroupMoments",
    "Interval",
    "Moments",
    "NoiseCeiling",
    "Order",
    "Permutations",
    "Refits",
    "SerialDependence",
    "Spread",
    "arrangement",
    "as_folds",
    "benjamini_hochberg",
    "bootstrap_weights",
    "check_order",
    "contiguous_folds",
    "dominating_units",
    "fold_moments",
    "group_moments",
    "grouped_folds",
    "independent_units",
    "interval",
    "jackknife_spread",
    "noise_ceiling",
    "order_of",
    "order_of_groups",
    "paired_difference",
    "permutation_p",
    "permuted_rows",
    "rows_to_test",
    "serial_dependence",
    "shared_period",
    "shuffled_folds",
    "student_interval",
    "student_replicates",
    "student_steps",
]
