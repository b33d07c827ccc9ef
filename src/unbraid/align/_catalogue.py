"""What each metric promises: one table, from which tests and documentation are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from unbraid._documented import documented_choice
from unbraid.align._score import Score
from unbraid.align.geometry._canonical import cca, pwcca, svcca
from unbraid.align.geometry._cka import cka, cka_debiased
from unbraid.align.geometry._kernel_cka import kernel_cka
from unbraid.align.geometry._neighbours import cknna, mutual_knn
from unbraid.align.geometry._procrustes import procrustes
from unbraid.align.geometry._rsa import rsa
from unbraid.align.geometry._weighted_rsa import weighted_rsa
from unbraid.align.matching._jaccard import jaccard
from unbraid.align.matching._max_pairwise import max_pairwise
from unbraid.align.matching._mutual_best import mutual_best
from unbraid.align.matching._one_to_one import one_to_one
from unbraid.align.matching._semi_matching import semi_matching
from unbraid.align.matching._soft_matching import soft_matching
from unbraid.align.matching._wmppc import wmppc
from unbraid.align.published._longon2025 import PUBLISHED
from unbraid.align.regression._pls import pls
from unbraid.align.regression._ridge import ridge
from unbraid.align.regression._ridge_r2 import ridge_r2

UNITS = frozenset({"permutation", "unit_scaling", "common_scaling", "shift"})
"""Maps that keep each unit's tuning: matching metrics ignore them."""
SPACE = frozenset({"permutation", "common_scaling", "shift", "rotation", "sign_flip"})
"""Maps that keep the geometry: metrics of spaces ignore them."""
LINEAR = SPACE | {"linear", "unit_scaling"}
"""Invertible linear maps: canonical correlations ignore them."""
TARGETS = frozenset({"permutation", "unit_scaling", "common_scaling", "shift", "sign_flip"})


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric and its promises."""

    compute: Callable[..., Score]
    """The function, ``(x, y, **options) -> Score``."""
    summary: str
    """The quantity in one line, for tables."""
    low: float
    """Least possible value."""
    high: float
    """Largest possible value."""
    invariant_to: frozenset[str]
    """Maps of the source that change nothing."""
    target_invariant_to: frozenset[str]
    """Maps of the target that change nothing."""
    changes_under: frozenset[str]
    """Maps of the source that must change the value; ``shuffle`` permutes its rows."""
    symmetric: bool
    """Whether x -> y equals y -> x."""
    held_out: bool
    """Whether the value is taken on stimuli that nothing was fitted on."""
    cost: str
    """Operations, by n stimuli, p and q units."""
    protocols: tuple[str, ...] = ("unbraid",)
    """Protocols that the metric has."""


METRICS: dict[str, Metric] = {
    "semi_matching": Metric(
        compute=semi_matching,
        summary="correlation of each target unit with its best source unit",
        low=-1, high=1, symmetric=False, held_out=True, cost="n p q",
        invariant_to=UNITS, target_invariant_to=UNITS,
        changes_under=frozenset({"rotation", "sign_flip", "shuffle"}),
        protocols=("unbraid", *PUBLISHED),
    ),
    "one_to_one": Metric(
        compute=one_to_one,
        summary="correlation of units paired one to one",
        low=-1, high=1, symmetric=False, held_out=True, cost="n p q + min(p,q)^2 max(p,q)",
        invariant_to=UNITS, target_invariant_to=UNITS,
        changes_under=frozenset({"rotation", "sign_flip", "shuffle"}),
    ),
    "soft_matching": Metric(
        compute=soft_matching,
        summary="correlation under the optimal transport plan between units",
        low=-1, high=1, symmetric=False, held_out=True, cost="n p q + transport(p, q)",
        invariant_to=UNITS, target_invariant_to=UNITS,
        changes_under=frozenset({"rotation", "sign_flip", "shuffle"}),
        protocols=("unbraid", *PUBLISHED),
    ),
    "ridge": Metric(
        compute=ridge,
        summary="correlation of each target unit with its linear prediction",
        low=-1, high=1, symmetric=False, held_out=True, cost="n p min(n,p) + n q min(n,p)",
        invariant_to=SPACE, target_invariant_to=TARGETS,
        changes_under=frozenset({"shuffle"}),
        protocols=("unbraid", *PUBLISHED),
    ),
    "ridge_r2": Metric(
        compute=ridge_r2,
        summary="fraction of each target unit's variance that is predicted linearly",
        low=float("-inf"), high=1, symmetric=False, held_out=True,
        cost="n p min(n,p) + n q min(n,p)",
        invariant_to=SPACE, target_invariant_to=TARGETS,
        changes_under=frozenset({"shuffle"}),
    ),
    "pls": Metric(
        compute=pls,
        summary="correlation of each target unit with its partial least squares prediction",
        low=-1, high=1, symmetric=False, held_out=True,
        cost="n p q + components (n + p) q",
        invariant_to=SPACE, target_invariant_to=TARGETS,
        changes_under=frozenset({"shuffle"}),
    ),
    "cka": Metric(
        compute=cka,
        summary="similarity of the spaces' covariance, biased upwards for few stimuli",
        low=0, high=1, symmetric=True, held_out=False, cost="n p q or n^2 (p + q)",
        invariant_to=SPACE, target_invariant_to=SPACE,
        changes_under=frozenset({"unit_scaling", "shuffle"}),
    ),
    "cka_debiased": Metric(
        compute=cka_debiased,
        summary="the same without bias: 0 on average for unrelated systems",
        low=-1, high=1, symmetric=True, held_out=False, cost="n p q or n^2 (p + q)",
        invariant_to=SPACE, target_invariant_to=SPACE,
        changes_under=frozenset({"unit_scaling", "shuffle"}),
    ),
    "rsa": Metric(
        compute=rsa,
        summary="correlation of the dissimilarities of all pairs of stimuli",
        low=-1, high=1, symmetric=True, held_out=False, cost="n^2 (p + q)",
        invariant_to=SPACE, target_invariant_to=SPACE,
        changes_under=frozenset({"unit_scaling", "shuffle"}),
        protocols=("unbraid", *PUBLISHED),
    ),
    "weighted_rsa": Metric(
        compute=weighted_rsa,
        summary="correlation of dissimilarities, each source unit with a fitted weight",
        low=-1, high=1, symmetric=False, held_out=True, cost="n^2 p + n p^2 + p^3 log p",
        invariant_to=frozenset({"permutation", "common_scaling", "shift", "sign_flip"}),
        target_invariant_to=SPACE,
        changes_under=frozenset({"rotation", "shuffle"}),
    ),
    "procrustes": Metric(
        compute=procrustes,
        summary="cosine between the target and the best rotation of the source",
        low=-1, high=1, symmetric=True, held_out=True, cost="n p q + min(n, max(p,q))^3",
        invariant_to=SPACE, target_invariant_to=SPACE,
        changes_under=frozenset({"unit_scaling", "shuffle"}),
    ),
    "cca": Metric(
        compute=cca,
        summary="mean canonical correlation",
        low=-1, high=1, symmetric=True, held_out=True, cost="n p^2 + n q^2",
        invariant_to=LINEAR, target_invariant_to=LINEAR,
        changes_under=frozenset({"shuffle"}),
    ),
    "svcca": Metric(
        compute=svcca,
        summary="mean canonical correlation of the leading principal components",
        low=-1, high=1, symmetric=True, held_out=True, cost="n p^2 + n q^2",
        invariant_to=SPACE, target_invariant_to=SPACE,
        changes_under=frozenset({"shuffle"}),
    ),
    "pwcca": Metric(
        compute=pwcca,
        summary="canonical correlation weighted by what each direction carries of the source",
        low=-1, high=1, symmetric=False, held_out=True, cost="n p^2 + n q^2",
        invariant_to=frozenset({"permutation", "common_scaling", "shift", "sign_flip"}),
        target_invariant_to=LINEAR,
        changes_under=frozenset({"shuffle"}),
    ),
    "kernel_cka": Metric(
        compute=kernel_cka,
        summary="alignment of Gaussian kernels, debiased",
        low=-1, high=1, symmetric=True, held_out=False, cost="n^2 (p + q)",
        invariant_to=SPACE, target_invariant_to=SPACE,
        changes_under=frozenset({"unit_scaling", "shuffle"}),
    ),
    "mutual_knn": Metric(
        compute=mutual_knn,
        summary="share of nearest neighbours that both systems agree on",
        low=0, high=1, symmetric=True, held_out=False, cost="n^2 (p + q)",
        invariant_to=SPACE, target_invariant_to=SPACE,
        changes_under=frozenset({"shuffle"}),
    ),
    "cknna": Metric(
        compute=cknna,
        summary="kernel alignment over mutual neighbours",
        low=-1, high=1, symmetric=True, held_out=False, cost="n^2 (p + q)",
        invariant_to=SPACE, target_invariant_to=SPACE,
        changes_under=frozenset({"shuffle"}),
    ),
    "jaccard": Metric(
        compute=jaccard,
        summary="overlap of the stimuli on which matched units are active",
        low=0, high=1, symmetric=False, held_out=True, cost="n p q",
        invariant_to=frozenset({"permutation", "unit_scaling", "common_scaling"}),
        target_invariant_to=frozenset({"permutation", "unit_scaling", "common_scaling"}),
        changes_under=frozenset({"rotation", "sign_flip", "shuffle"}),
    ),
    "mutual_best": Metric(
        compute=mutual_best,
        summary="correlation of units that choose each other, the others counting as 0",
        low=-1, high=1, symmetric=False, held_out=True, cost="n p q",
        invariant_to=UNITS, target_invariant_to=UNITS,
        changes_under=frozenset({"rotation", "sign_flip", "shuffle"}),
    ),
    "wmppc": Metric(
        compute=wmppc,
        summary="correlation of each target with its best source, weighted by the target's size",
        low=-1, high=1, symmetric=False, held_out=True, cost="n p q",
        invariant_to=UNITS, target_invariant_to=frozenset({"permutation", "common_scaling"}),
        changes_under=frozenset({"rotation", "sign_flip", "shuffle"}),
    ),
    "max_pairwise": Metric(
        compute=max_pairwise,
        summary="largest correlation of each target with any source, not held out",
        low=-1, high=1, symmetric=False, held_out=False, cost="n p q",
        invariant_to=UNITS, target_invariant_to=UNITS,
        changes_under=frozenset({"rotation", "sign_flip", "shuffle"}),
    ),
}  # fmt: skip
