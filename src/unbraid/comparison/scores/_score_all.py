"""Which side is scored against which: before, after, and every control on the same targets."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from unbraid import align, stats
from unbraid._kernels.side_by_side import side_by_side
from unbraid._kernels.threads import one_thread
from unbraid._progress import Progress
from unbraid.align import Score
from unbraid.align._source import keeping_the_last_source
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._split import Split
from unbraid.comparison.controls._which import BOTH_SIDES, CONTROLS, LABELS, applies
from unbraid.comparison.controls._wide_expansion import WideExpansion
from unbraid.comparison.dictionaries._system import Pair, forward
from unbraid.responses import Responses, as_responses

# Elsewhere the null shows the chance level: fits are kept, or where that cannot be, one is made
_KEPT = stats.Permutations(1, fits="kept")

AT_ONCE = 4  # sources scored side by side at most: each thread holds what one needs


class ScoreJob(NamedTuple):
    """One source against one target, under every requested metric."""

    source: str
    target: str
    systems: str
    seed: int | None
    values: tuple[Any, Any]


def base_jobs(parts: Split) -> Iterator[ScoreJob]:
    """Yield the units of both systems against each other: scores that need no learning."""
    yield ScoreJob("base", "base", "x->y", None, (parts.x, parts.y))
    yield ScoreJob("base", "base", "y->x", None, (parts.y, parts.x))


def jobs(parts: Split, lifted: Sequence[Pair], truth: Responses | None) -> Iterator[ScoreJob]:
    """Yield every pair of sides with codes, in the order in which a report shows them."""
    way = forward(lifted)
    turned = way == "y->x"
    units = parts.x if turned else parts.y
    for seed, pair in enumerate(lifted):
        source, target = pair[::-1] if turned else pair
        if source is None:
            continue
        if target is not None:
            yield ScoreJob("codes", "codes", "x->y", seed, (source.codes, target.codes))
            yield ScoreJob("codes", "codes", "y->x", seed, (target.codes, source.codes))
        yield ScoreJob("codes", "base", way, seed, (source.codes, units))
        for name, control in source.controls.items():
            if target is not None:
                yield ScoreJob(name, "codes", way, seed, (control, target.codes))
            yield ScoreJob(name, "base", way, seed, (control, units))
            # both systems expanded or turned: what that alone can do
            if target is not None and name in BOTH_SIDES and name in target.controls:
                yield ScoreJob(name, name, way, seed, (control, target.controls[name]))
    for seed in range(1, len(lifted)):  # the same system under two dictionaries: does it repeat?
        for side, system in enumerate("xy"):
            first, other = lifted[0][side], lifted[seed][side]
            if first is not None and other is not None and first is not other:
                yield ScoreJob(
                    "codes", "codes", f"{system}->{system}", seed, (first.codes, other.codes)
                )
    if truth is not None:
        yield from _against_truth(parts, lifted, truth)


def metrics_of(job: ScoreJob, config: CompareConfig, way: str = "x->y") -> tuple[str, ...]:
    """Return the metrics worth computing for a job: all, or those that a reader would ask of it."""
    if job.source in CONTROLS:
        asked = config.scored[:1] if job.target == "features" else config.scored
        return tuple(
            name
            for name in asked
            if applies(job.source, job.target, name, headline=name == config.scored[0])
        )
    if job.systems in ("x->x", "y->y") or job.target == "features":
        return config.scored[:1]
    if job.systems != way:
        return tuple(name for name in config.scored if not align.METRICS[name].symmetric)
    return config.scored


def score_all(
    found: Iterable[ScoreJob],
    parts: Split,
    config: CompareConfig,
    drawn: tuple[int, str, int],
    tell: Progress,
) -> tuple[Score, ...]:
    """Score every job under each of its metrics.

    ``drawn``: seed, the headline's direction, and threads, each of which takes one source after
    another with all its targets, so that what depends on a source alone is computed once. Scores do
    not depend on the number of threads.
    """
    seed, way, threads = drawn
    pending = [(job, name) for job in found for name in metrics_of(job, config, way)]
    of_source: dict[int, list[int]] = {}
    for i, (job, _) in enumerate(pending):
        of_source.setdefault(id(job.values[0]), []).append(i)

    def score_of(i: int) -> Score:
        job, metric = pending[i]
        return score(job, metric, parts, config, seed, way)

    def message(i: int) -> str:
        job, metric = pending[i]
        return f"scoring {LABELS[job.source]} against {LABELS[job.target]} ({metric})"

    # the widest first: no thread is left alone with them in the end
    order = sorted(of_source.values(), key=lambda some: -_width(pending[some[0]][0].values[0]))
    at_once = 1 if config.device is not None else min(threads, AT_ONCE)
    scores: dict[int, Score] = {}
    with one_thread():
        for i, answer in side_by_side(score_of, order, at_once, keeping_the_last_source):
            if answer is None:
                tell(message(i), len(scores) / len(pending))
            else:
                scores[i] = answer
    tell("scored", 1.0)
    return tuple(scores[i] for i in range(len(pending)))


def _width(source: Any) -> int:
    return source.widths[-1] if isinstance(source, WideExpansion) else int(source.shape[1])


def score(
    job: ScoreJob, metric: str, parts: Split, config: CompareConfig, seed: int, way: str = "x->y"
) -> Score:
    """Score one job under one metric; folds and resamples are the same for all jobs.

    Only the scores that a verdict rests on get every permutation and a p-value: the base units',
    and the first seed's codes' from x to y or to the truth; no control's.
    """
    first = not job.seed and job.systems not in {"x->y", "y->x"} - {way}
    in_full = job.source == "base" or (first and job.source == "codes")
    permutations: Any = config.permutations
    if permutations and not in_full:
        permutations = _KEPT
    compute: Callable[..., Score] = align.METRICS[metric].compute
    source, target = job.values
    options: dict[str, Any] = {}
    if isinstance(source, WideExpansion):
        source, options = _widened(source, metric, config, parts)
    if config.device is not None and _has_device(compute, source, target, config):
        options["device"] = config.device
    answer = compute(
        source,
        target,
        protocol=config.protocol,
        folds=parts.folds if config.protocol == "unbraid" else 5,  # the other fixes its own
        permutations=permutations,
        resamples=config.resamples,
        rng=np.random.default_rng(seed),
        order="exchangeable",  # the order of the stimuli was tested once, for all jobs
        **options,
    )
    answer = answer if in_full and parts.line.has_null else replace(answer, p_value=float("nan"))
    mixed = float("nan")
    if in_full and parts.mixed is not None:
        bare = {"permutations": 0, "resamples": 0, "order": "exchangeable"}
        mixed = compute(source, target, folds=parts.mixed, rng=0, **bare).value
    answer = replace(answer, order=parts.line.kind, shuffled=mixed)
    return answer.named(job.source, job.target, job.systems, job.seed)


def _has_device(compute: Callable[..., Score], x: Any, y: Any, config: CompareConfig) -> bool:
    """Whether a metric can compute a score on a device: of dense responses, by our protocol."""
    dense = not any(as_responses(side).is_sparse for side in (x, y))
    has = "device" in inspect.signature(compute).parameters
    return dense and has and config.protocol == "unbraid"


def _widened(
    source: WideExpansion, metric: str, config: CompareConfig, parts: Split
) -> tuple[Responses, dict[str, Any]]:
    """Return a wide expansion as the metric can take it, and the option that chooses its width."""
    values = source.expanded()
    if config.protocol != "unbraid":
        fewest = len(parts.rows) - -(-len(parts.rows) // 5)  # training stimuli of its five folds
        width = max([m for m in source.widths if m < fewest], default=source.widths[0])
        return Responses(values.toarray()[:, :width], stimuli=values.stimuli), {}
    if metric in ("ridge", "ridge_r2"):
        return values, {"leading": source.widths}
    return values, {}


def _against_truth(parts: Split, lifted: Sequence[Pair], truth: Responses) -> Iterator[ScoreJob]:
    for side, (name, base) in enumerate((("x", parts.x), ("y", parts.y))):
        systems = f"{name}->truth"
        yield ScoreJob("base", "features", systems, None, (base, truth))
        for seed, pair in enumerate(lifted):
            of_side = pair[side]
            if of_side is None:
                continue
            yield ScoreJob("codes", "features", systems, seed, (of_side.codes, truth))
            for control in BOTH_SIDES:
                if control in of_side.controls:
                    values = (of_side.controls[control], truth)
                    yield ScoreJob(control, "features", systems, seed, values)
