"""A rough estimate of what a comparison will cost, from its sizes, before it starts."""

from __future__ import annotations

from unbraid.align._dense import check_memory
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._split import Split
from unbraid.comparison.controls._made import is_frozen
from unbraid.comparison.controls._rotation import rotation_size
from unbraid.comparison.controls._which import is_matching, is_prediction
from unbraid.comparison.controls._wide_expansion import widths
from unbraid.sparse import TopK
from unbraid.sparse._cost import START, Cost, again_seconds, learning_seconds, width_of

# Seconds of one core at 2 GHz, measured at 200 to 2,000 stimuli and 16 to 256 units.
_SCORE, _SCORE_LATENT = 6e-3, 7e-5  # a metric's score or refit, and per latent
_SCORE_EACH, _REFIT_EACH = 2e-7, 1e-7  # a metric's score and each refit, per code
_FLOP = 1.5e-11  # a floating point operation of a decomposition or a large product
_TURN_EACH = 4e-8  # a step of a rotation, per response, without its products
_KEPT = 2**27  # ridge keeps its decompositions up to this many numbers


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
    n_scores = 14 * seeds + 2
    refits = n_scores + 2 * config.permutations  # of units; alike codes need few
    evaluations = n_scores * _SCORE_EACH + refits * _REFIT_EACH
    n_units = [parts.x.shape[1], parts.y.shape[1]]
    widest = max(*latents, *n_units)
    numbers = 2 * (n + max(size[0] for size in sizes)) * sum(n_units) + 4 * n * widest
    wide, kept = _predicting(parts, config, latents[0], seeds)
    numbers += kept
    if {"one_to_one", "soft_matching"} & set(config.scored):
        numbers += 3 * n_units[0] * n_units[1]
    if "rsa" in config.scored:
        numbers += 6 * n**2
    turning = _turning(parts, config, seeds)
    each = (n_scores + refits) * (_SCORE + _SCORE_LATENT * widest) + evaluations * n * widest
    cost = Cost(
        seconds=learning + wide + turning + len(config.scored) * each,
        memory=START + 8.0 * numbers,
    )
    remedy = "Use fewer stimuli, units or metrics: rsa grows with n^2, matchings with p q."
    check_memory(cost.memory, f"A comparison of {n} stimuli and {widest} latents", remedy)
    return cost


def _predicting(
    parts: Split, config: CompareConfig, latents: int, seeds: int
) -> tuple[float, float]:
    """Return the seconds that wide expansions take, and the numbers they hold at a time."""
    metrics = sum(is_prediction(name) for name in config.scored)
    if not metrics:
        return 0.0, 0.0
    metrics += is_prediction(config.scored[0])  # against codes, too, where it is the headline
    n, p = parts.x.shape
    fits = config.folds * (config.folds + 1) / 2 + 1
    found = widths(latents, n, p)
    flops, kept = 2.0 * n * p * found[-1], 3.0 * n * found[-1]
    for width in found:
        side = min(width, n)
        flops += fits * (10.0 * side**3 + 2.0 * n * side * width)
        kept += side * n * (fits if fits * side * n <= _KEPT else 1)
    return seeds * metrics * flops * _FLOP, kept


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
