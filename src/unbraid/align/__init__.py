"""How alike two systems answer: one metric a file, each ``align.<metric>(x, y) -> Score``."""

from unbraid.align._catalogue import METRICS, Metric
from unbraid.align._cka import cka, cka_debiased
from unbraid.align._one_to_one import one_to_one
from unbraid.align._procrustes import procrustes
from unbraid.align._ridge import ridge, ridge_r2
from unbraid.align._rsa import rsa
from unbraid.align._score import Score
from unbraid.align._semi_matching import semi_matching
from unbraid.align._soft_matching import soft_matching

__all__ = [
    "METRICS",
    "Metric",
    "Score",
    "cka",
    "cka_debiased",
    "one_to_one",
    "procrustes",
    "ridge",
    "ridge_r2",
    "rsa",
    "semi_matching",
    "soft_matching",
]
