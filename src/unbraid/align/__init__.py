"""How alike two systems answer: one metric a file, each ``align.<metric>(x, y) -> Score``."""

from unbraid.align import streamed
from unbraid.align._catalogue import METRICS, Metric
from unbraid.align._score import Score
from unbraid.align.around._axis_test import AxisTest, axis_test
from unbraid.align.around._best_of import Selection, best_of
from unbraid.align.around._difference import difference
from unbraid.align.around._nuisance import without_nuisance
from unbraid.align.around._sharedness import Sharedness, sharedness
from unbraid.align.around._subjects import SubjectCeiling, rsa_ceiling, subject_ceiling
from unbraid.align.geometry._canonical import cca, pwcca, svcca
from unbraid.align.geometry._cka import cka, cka_debiased
from unbraid.align.geometry._distances import shape_distance, soft_matching_distance
from unbraid.align.geometry._kernel_cka import kernel_cka
from unbraid.align.geometry._neighbours import cknna, mutual_knn
from unbraid.align.geometry._procrustes import procrustes
from unbraid.align.geometry._rsa import rsa
from unbraid.align.geometry._weighted_rsa import weighted_rsa
from unbraid.align.matching._jaccard import jaccard
from unbraid.align.matching._max_pairwise import max_pairwise
from unbraid.align.matching._mutual_best import mutual_best
from unbraid.align.matching._mutual_partners import MutualPartners, mutual_partners
from unbraid.align.matching._one_to_one import one_to_one
from unbraid.align.matching._semi_matching import semi_matching
from unbraid.align.matching._shared_pairs import SharedPairs, shared_pairs
from unbraid.align.matching._soft_matching import soft_matching
from unbraid.align.matching._wmppc import wmppc
from unbraid.align.regression._bands import VariancePartition, variance_partition
from unbraid.align.regression._pls import pls
from unbraid.align.regression._ridge import ridge
from unbraid.align.regression._ridge_r2 import ridge_r2
from unbraid.align.regression._target_recovery import TargetRecovery, target_recovery

__all__ = [
    "METRICS",
    "AxisTest",
    "Metric",
    "MutualPartners",
    "Score",
    "Selection",
    "SharedPairs",
    "Sharedness",
    "SubjectCeiling",
    "TargetRecovery",
    "VariancePartition",
    "axis_test",
    "best_of",
    "cca",
    "cka",
    "cka_debiased",
    "cknna",
    "difference",
    "jaccard",
    "kernel_cka",
    "max_pairwise",
    "mutual_best",
    "mutual_knn",
    "mutual_partners",
    "one_to_one",
    "pls",
    "procrustes",
    "pwcca",
    "ridge",
    "ridge_r2",
    "rsa",
    "rsa_ceiling",
    "semi_matching",
    "shape_distance",
    "shared_pairs",
    "sharedness",
    "soft_matching",
    "soft_matching_distance",
    "streamed",
    "subject_ceiling",
    "svcca",
    "target_recovery",
    "variance_partition",
    "weighted_rsa",
    "without_nuisance",
    "wmppc",
]
