"""A rough estimate of what a comparison will cost, from its sizes, before it starts."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

from unbraid._kernels.threads import workers
from unbraid.align._dense import check_memory
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._split import Split
from unbraid.comparison.controls._made import is_frozen
from unbraid.comparison.controls._rotation import rotation_size
from unbraid.comparison.controls._which import is_matching, is_prediction
from unbraid.comparison.controls._wide_expansion import widths
from unbraid.comparison.scores._score_all import AT_ONCE
from unbraid.interpret.judges.judge import HELD
from unbraid.sparse import ICA, PCA, Method, TopK
from unbraid.sparse._cost import (
    START,
    Cost,
    again_seconds,
    l0_seconds,
    learning_seconds,
    width_of,
)

# Seconds of one core at 2 GHz, measured at 200 to 2,000 stimuli and 16 to 256 units.
_SCORE, _SCORE_LATENT = 1e-3, 6e-5  # a metric's score or refit, and per latent
_SCORE_EACH = 2.5e-8  # the same, per code
_FLOP = 1.5e-11  # a floating point operation of a decomposition or a large product
# Operations of ridge with five folds: of all eigendecompositions, per cube of the stimuli (ten
# train on .6, five on .8, one on all); of errors on inner folds, per square of them and target
_EIGEN, _ERRORS = 57.0, 83.0
_ROTATION = 50.0  # of a rotation of Procrustes or a canonical correlation, per cube of its side
_ROTATED = frozenset(("procrustes", "cca", "svcca", "pwcca"))
_TURN_EACH = 4e-8  # a step of a rotation, per response, without its products
_KEPT = 2**27  # ridge keeps its decompositions up to this many numbers
# Numbers a thread holds while it scores, measured at 250 and 1,000 stimuli: ridge, per stimulus
# and unit of a wide expansion; per decomposition of the training sets, of their side and all
# stimuli; per stimulus and latent; Procrustes, per stimulus and latent, and per square of its side
_EXPANDED, _DECOMPOSED, _PREDICTED, _SPANNED, _TURNED = 4.0, 0.7, 15.0, 12.0, 16.0
# Numbers held per stimulus, measured at 40,000 and 200,000 stimuli x 64 units: of each latent, and
# of each active one: codes and controls of both sides, with copies that a score makes.
_WIDE, _CODES = 4, 32
_ACTIVE = 0.25  # of the latents that are active where a method does not say
_DENSE = (PCA, ICA)  # methods whose latents are all active


def cost_of(
    parts: Split, config: CompareConfig, given: tuple[int, int] | None = None, seeds: int = 0
) -> Cost:
    """Return what a comparison of this size will cost, within a factor of about three.

    ``given``: the latents of both sides, units where one has none, if dictionaries are given, one
    for each of ``seeds``.

    Raises
    ------
    InputError
        It would need more than 80 % of the memory that is free.
    """
    sizes = [side.shape for side in (parts.x_train, parts.y_train)]
    n = len(parts.rows)
    seeds = seeds or config.seeds
    latents = [width_of(config.method, *size) for size in sizes] if given is None else [*given]
    learning = 0.0
    for size, m in zip(sizes, latents, strict=True):
        if given is None:
            learning += learning_seconds(config.method, *size, m)
            learning += (seeds - 1) * again_seconds(config.method, *size, m)
        if is_frozen(config, parts, given is not None):
            learning += 3 * seeds * again_seconds(TopK(n_latents=m), *size, m)
        if config.by == "l0":  # the dictionary's, and random atoms'
            learning += 2 * seeds * l0_seconds(n, m)
    evaluations = 14 * seeds + 2 + 2 * config.permutations  # refits of units; alike codes need few
    n_units = [parts.x.shape[1], parts.y.shape[1]]
    widest = max(*latents, *n_units)
    numbers = 2 * (n + max(size[0] for size in sizes)) * sum(n_units)
    active = 0 if given is not None else max(map(partial(_active, config.method), latents))
    numbers += 2 * n**2 if n <= HELD else 0  # likeness of stimuli, to judge each side's latents
    numbers += n * max(_WIDE * widest, _CODES * active)
    wide = _predicting(parts, config, latents[0], seeds)
    numbers += _held(parts, config, latents, seeds)
    if {"one_to_one", "soft_matching"} & set(config.scored):
        numbers += 3 * n_units[0] * n_units[1]
    if "rsa" in config.scored:
        numbers += 6 * n**2
    turning = _turning(parts, config, seeds)
    each = evaluations * (_SCORE + _SCORE_LATENT * widest + _SCORE_EACH * n * widest)
    flops = _fitting(config, n, max(latents), max(n_units), seeds)
    cost = Cost(
        seconds=learning + wide + turning + len(config.scored) * each + _FLOP * flops,
        memory=START + 8.0 * numbers,
    )
    remedy = (
        "Use fewer stimuli (of a store: store.read(rows)), units or metrics: rsa grows with n^2, "
        "matchings with p q."
    )
    check_memory(cost.memory, f"A comparison of {n} stimuli and {widest} latents", remedy)
    return cost


def _active(method: Method, latents: int) -> float:
    """Return how many latents are active per stimulus, roughly."""
    if isinstance(method, _DENSE):
        return latents
    k = getattr(method, "k", None)
    return min(k, latents) if isinstance(k, int) else _ACTIVE * latents


def check_sizes(x: Any, y: Any, config: CompareConfig, *, learns: bool) -> None:
    """Refuse systems that memory cannot hold a comparison of, before any is read or copied.

    ``learns``: whether dictionaries are learned from part of them; else, and where they are sparse,
    they are checked once they are split.

    Raises
    ------
    InputError
        As ``cost_of``.
    """
    shapes: list[Any] = [getattr(side, "shape", ()) for side in (x, y)]
    sparse = any(hasattr(side, "nnz") for side in (x, y))
    if sparse or not learns or any(len(shape) != 2 for shape in shapes):
        return
    n = min(shape[0] for shape in shapes)
    learned = round((config.train_share or 0.5) * n)
    scored, train = (
        [SimpleNamespace(shape=(rows, shape[1])) for shape in shapes]
        for rows in (n - learned, learned)
    )
    parts: Any = SimpleNamespace(
        x=scored[0], y=scored[1], x_train=train[0], y_train=train[1],
        rows=range(n - learned), apart=True,
    )  # fmt: skip
    cost_of(parts, config)


def _fitting(config: CompareConfig, n: int, latents: int, units: int, seeds: int) -> float:
    """Return the operations of all decompositions and of the errors that choose penalties."""
    flops = 0.0
    for name in config.scored:
        if is_prediction(name):  # each source once; of codes 7 scores a seed, of units 4
            flops += (5 * seeds + 2) * _EIGEN * min(max(latents, units), n) ** 3
            flops += _ERRORS * n**2 * (7 * seeds * latents + (4 * seeds + 2) * units)
        if name in _ROTATED:
            of_codes, of_units = (min(0.8 * n, size) ** 3 for size in (latents, units))
            pairs = 6 * seeds * of_codes + (4 * seeds + 2) * of_units
            flops += (config.folds + 1) * _ROTATION * pairs
    return flops


def _predicting(parts: Split, config: CompareConfig, latents: int, seeds: int) -> float:
    """Return the seconds that wide expansions take."""
    metrics = sum(is_prediction(name) for name in config.scored)
    if not metrics:
        return 0.0
    metrics += is_prediction(config.scored[0])  # against codes, too, where it is the headline
    n, p = parts.x.shape
    fits = config.folds * (config.folds + 1) / 2 + 1
    found = widths(latents, n, p)
    flops = 2.0 * n * p * found[-1]
    for width in found:
        side = min(width, n)
        flops += _EIGEN * side**3 + _ERRORS * n**2 * parts.y.shape[1]
        flops += 2.0 * n * side * width * (fits if width < n else 1)
    return seeds * metrics * flops * _FLOP


def _held(parts: Split, config: CompareConfig, latents: list[int], seeds: int) -> float:
    """Return the numbers that all threads hold which score at a time."""
    n, p = parts.x.shape
    threads = 1 if config.device is not None else min(workers(), AT_ONCE, 6 * seeds)
    fits = config.folds * (config.folds + 1) / 2 + 1
    wide = narrow = 0.0
    if any(is_prediction(name) for name in config.scored):
        found, each = widths(latents[0], n, p), (max(*latents, p) + p) / 2
        wide = _EXPANDED * n * found[-1]
        for width in (*found, max(latents)):
            held = _DECOMPOSED * min(width, n) * n * (fits if fits * min(width, n) * n <= _KEPT
                                                     else 1)  # fmt: skip
            if width in found:
                wide += held
            narrow = max(narrow, held + _PREDICTED * n * each)
    if _ROTATED & set(config.scored):
        side = min(n, *latents)
        narrow = max(narrow, _SPANNED * n * max(latents) + _TURNED * side**2)
    of_wide = min(threads, seeds) if wide else 0
    return of_wide * max(wide, narrow) + (threads - of_wide) * narrow


def _turning(parts: Split, config: CompareConfig, seeds: int) -> float:
    """Return the seconds that rotations of both systems take at most."""
    if not any(is_matching(name) for name in config.scored):
        return 0.0
    return seeds * sum(
        steps * (_FLOP * 4.0 * rows * p**2 + _TURN_EACH * rows * p)
        for steps, rows, p in (
            rotation_size(*side.shape) for side in (parts.x_train, parts.y_train)
        )
    )
