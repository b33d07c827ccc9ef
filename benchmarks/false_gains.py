"""Stimuli that stand in time: what is claimed of systems that share nothing, and of those that do.

Claims: `compare` calls at most 5 % of slow worlds without a relation a gain, neither in its verdict
nor in its sentence on regression; metrics reject at most .075 of stationary slow ones at .05, and
none that drift; of shuffled stimuli fewer than one in 1,000 is taken for a series; slow signals
that both systems hold are found.

    python benchmarks/false_gains.py    # each part: --only gains|null|shuffled|shared|periods
"""

from __future__ import annotations

import argparse
import json
import platform
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np

import unbraid as ub
from unbraid import align, stats

Draw = Callable[[np.random.Generator, int, int], np.ndarray]


def autoregressive(rng, n, p, rho=0.9):
    """Draw first-order processes of unit variance."""
    z = rng.normal(size=(n, p))
    for t in range(1, n):
        z[t] = rho * z[t - 1] + np.sqrt(1 - rho**2) * z[t]
    return z


def drifting(rng, n, p):
    """Draw noise about straight lines of random slopes."""
    return np.linspace(-1.7, 1.7, n)[:, None] * rng.normal(size=p) + rng.normal(size=(n, p))


def walking(rng, n, p):
    """Draw random walks."""
    return rng.normal(size=(n, p)).cumsum(axis=0)


def blocked(rng, n, p, length=15):
    """Draw one condition a block, the blocks of all systems being the same."""
    return 1.5 * np.repeat(rng.normal(size=(-(-n // length), p)), length, axis=0)[:n] + rng.normal(
        size=(n, p)
    )


def in_bouts(rng, n, p):
    """Draw states that last about 14 stimuli and come rarely, mixed."""
    on, state = np.zeros((n, 4)), rng.random(4) < 0.3
    for t in range(n):
        state = np.where(state, rng.random(4) < 0.93, rng.random(4) < 0.03)
        on[t] = state
    return 1.5 * on @ rng.normal(size=(4, p)) + 0.5 * rng.normal(size=(n, p))


def periodic(rng, n, p, period=12):
    """Draw waves of one period and its harmonics, at random phases."""
    turns = np.arange(n)[:, None] / period * rng.integers(1, 4, size=p)
    return np.sin(2 * np.pi * (turns + rng.random(p))) + 0.7 * rng.normal(size=(n, p))


def noise(rng, n, p):
    """Draw exchangeable stimuli."""
    return rng.normal(size=(n, p))


def features_in_time(rng, n, p, rho=0.9):
    """Draw mixtures of sparse features that stay for a while."""
    active = autoregressive(rng, n, 2 * p, rho) > 1.3
    return (active * rng.uniform(0.5, 1.5, (n, 2 * p))) @ rng.normal(size=(2 * p, p))


STATIONARY: dict[str, Draw] = {
    **{f"AR {rho}": partial(autoregressive, rho=rho) for rho in (0.5, 0.8, 0.9, 0.95, 0.98)},
    "bouts": in_bouts, "sparse features": features_in_time,
}  # fmt: skip
OTHERS: dict[str, Draw] = {
    "drift": drifting, "walk": walking, "blocks": blocked, "periodic": periodic,
}  # fmt: skip
METRICS = (
    "semi_matching", "one_to_one", "soft_matching", "ridge", "pls", "cka_debiased", "rsa",
    "procrustes", "cca", "mutual_knn", "cknna", "kernel_cka", "jaccard",
)  # fmt: skip


def quietly(compute: Callable[..., Any], *sides: Any, **options: Any) -> Any:
    """Run without warnings: they are counted elsewhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compute(*sides, **options)


def gains(worlds: int, n: int, methods: dict[str, tuple[Any, int]]) -> dict[str, Any]:
    """Count verdicts and sentences that call something a gain, over worlds without a relation."""
    kinds = {name: (draw, draw) for name, draw in (STATIONARY | OTHERS).items()}
    kinds |= {"one side slow": (STATIONARY["AR 0.95"], noise)}
    answer: dict[str, Any] = {}
    for method, (make, share) in methods.items():
        for name, draws in kinds.items():
            for seed in range(max(1, worlds // share)):
                rng = np.random.default_rng([seed, len(answer)])
                x, y = (draw(rng, n, 12) for draw in draws)
                found = quietly(
                    ub.compare, x, y, method=make, seeds=1, metrics=("semi_matching", "ridge"),
                    resamples=50, rng=seed,
                )  # fmt: skip
                raised = [line for line in found.verdict.reasons if "Unbraiding raises" in line]
                answer[f"{method}, {name}, {seed}"] = {
                    "gain": found.verdict.tone == "gain",
                    "ridge": bool(raised),
                    "order": found.scores[0].order,
                }
                print(f"{method}, {name}, {seed}: {found.verdict.tone}", flush=True)
    print(f"false gains: {share_of(answer, 'gain')} and, in regression, {share_of(answer, 'ridge')}"
          f" of {len(answer)} worlds")  # fmt: skip
    return answer


def share_of(answer: dict[str, Any], key: str) -> float:
    """Share of the worlds of which something is true."""
    return round(float(np.mean([each[key] for each in answer.values()])), 3)


def rejections(worlds: int, n: int) -> dict[str, Any]:
    """Share of unrelated slow worlds that each metric rejects at .05, and that have a p-value."""
    answer: dict[str, Any] = {}
    for name, draw in (STATIONARY | OTHERS).items():
        for metric in METRICS:
            compute, p = align.METRICS[metric].compute, []
            for seed in range(worlds):
                rng = np.random.default_rng(seed)
                x, y = draw(rng, n, 6), draw(rng, n, 6)
                score = quietly(compute, x, y, permutations=19, resamples=0, rng=seed)
                p.append(score.p_value)
            known = np.isfinite(p)
            answer[f"{name}, {metric}"] = [
                float(np.mean(known & (np.array(p) <= 0.05))), float(known.mean())
            ]  # fmt: skip
        cells = [f"{metric} {answer[f'{name}, {metric}'][0]:.3f}" for metric in METRICS]
        print(f"{name} (p-value given: {known.mean():.2f}): {', '.join(cells)}", flush=True)
    stationary = [answer[f"{name}, {metric}"][0] for name in STATIONARY for metric in METRICS]
    print(f"rejected of stationary worlds: {np.mean(stationary):.3f}, most {max(stationary):.3f}")
    return answer


def shuffled(draws: int) -> dict[str, float]:
    """Share of exchangeable draws of each kind that are taken for a series on one side."""
    kinds: dict[str, Draw] = {
        "normal": noise,
        "Cauchy": lambda rng, n, p: rng.standard_cauchy(size=(n, p)),
        "sparse": lambda rng, n, p: (rng.random((n, p)) < 0.03) * rng.exponential(size=(n, p)),
        "counts": lambda rng, n, p: rng.poisson(0.3, size=(n, p)).astype(float),
        "kinds": lambda rng, n, p: np.eye(p)[rng.integers(p, size=n)],
        **{name: partial(mixed, draw=draw) for name, draw in (STATIONARY | OTHERS).items()},
    }
    answer = {}
    for name, draw in kinds.items():
        found = 0
        for seed in range(draws):
            rng = np.random.default_rng(seed)
            found += stats.serial_dependence(draw(rng, (30, 100, 300)[seed % 3], 12)).found
        answer[name] = found / draws
    print(f"shuffled stimuli taken for a series: {np.mean(list(answer.values())):.5f}")
    return answer


def mixed(rng, n, p, draw):
    """Draw a series and shuffle it."""
    return rng.permutation(draw(rng, n, p))


def waving(rng, n, p, share, period=12.37):
    """Draw waves of one period at random phases: a share of each unit's variance."""
    turns = np.arange(n)[:, None] / period + rng.random(p)
    return (2 * share) ** 0.5 * np.sin(2 * np.pi * turns) + (1 - share) ** 0.5 * rng.normal(
        size=(n, p)
    )


def periods(worlds: int) -> dict[str, Any]:
    """Share of unrelated worlds of one period that ridge rejects, and in how many it is found."""
    answer = {}
    for share in (1 / 2, 1 / 3, 1 / 5, 1 / 9):
        for n, order in ((60, "auto"), (60, "time"), (120, "auto"), (120, "time")):
            rejected = found = 0
            for seed in range(worlds):
                rng = np.random.default_rng(seed)
                x, y = waving(rng, n, 6, share), waving(rng, n, 6, share)
                score = quietly(
                    align.ridge, x, y, permutations=19, resamples=0, rng=seed, order=order
                )
                rejected += bool(score.p_value <= 0.05)
                found += score.order in ("period", "drift")
            answer[f"{share:.2f}, {n}, {order}"] = [rejected / worlds, found / worlds]
            said = f"rejected {rejected / worlds:.2f}, found in {found / worlds:.2f}"
            print(f"waves of {share:.2f}, {n} stimuli, order={order}: {said}", flush=True)
    return answer


def shared(worlds: int, n: int) -> dict[str, Any]:
    """Score mixtures of the same slow features: held out in time, and by `compare`."""
    answer: dict[str, Any] = {}
    for rho in (0.8, 0.9, 0.95):
        for seed in range(worlds):
            rng = np.random.default_rng([seed, int(100 * rho)])
            active = autoregressive(rng, n, 20, rho) > 1.3
            z = active * rng.uniform(0.5, 1.5, active.shape)
            x, y = z @ rng.normal(size=(20, 12)), z @ rng.normal(size=(20, 12))
            score = quietly(align.ridge, x, y)
            found = quietly(
                ub.compare, x, y, method=ub.sparse.SparseCoding(n_latents=20), seeds=1,
                metrics=("semi_matching", "ridge"), resamples=50, rng=seed,
            )  # fmt: skip
            before, after = (found.find("semi_matching", side, side)[0].value
                             for side in ("base", "codes"))  # fmt: skip
            answer[f"AR {rho}, {seed}"] = {
                "ridge": score.value, "order": score.order, "p": score.p_value,
                "before": before, "after": after, "gain": found.verdict.tone == "gain",
            }  # fmt: skip
            print(f"AR {rho}, {seed}: ridge {score.value:.2f}, {before:.2f} to {after:.2f}, "
                  f"{found.verdict.tone}", flush=True)  # fmt: skip
    return answer


def main() -> None:
    """Run the parts, and print all numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=5, help="of each kind, for compare")
    parser.add_argument("--nulls", type=int, default=200, help="of each kind, for the metrics")
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--only", choices=("gains", "null", "shuffled", "shared", "periods"))
    parser.add_argument("--fast", action="store_true", help="few worlds: runs, proves nothing")
    given = parser.parse_args()
    top = ub.TopK(n_latents=24, k=3)
    methods: dict[str, tuple[Any, int]] = {
        "TopK": (top, 1),
        "SparseCoding": (ub.sparse.SparseCoding(n_latents=24), 5),
        "Auto": ("auto", 5),
    }
    if given.fast:
        given.worlds, given.nulls, given.draws = 1, 3, 30
        methods = {"TopK": (ub.TopK(n_latents=12, k=2), 1)}
    parts = {
        "gains": lambda: gains(given.worlds, given.n, methods),
        "null": lambda: rejections(given.nulls, min(given.n, 120)),
        "shuffled": lambda: shuffled(given.draws),
        "shared": lambda: shared(given.worlds, given.n),
        "periods": lambda: periods(max(3, given.nulls // 2)),
    }
    answer = {name: run() for name, run in parts.items() if given.only in (None, name)}
    machine = {"numpy": version("numpy"), "machine": platform.machine()}
    print(json.dumps({**vars(given), **machine, **answer}, default=str))


if __name__ == "__main__":
    main()
