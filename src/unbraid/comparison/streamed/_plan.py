"""What a comparison by stream can score, and what each of its passes sums within its memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unbraid.align._dense import check_memory
from unbraid.comparison._config import CompareConfig
from unbraid.comparison.streamed._pass import PassPlan
from unbraid.comparison.streamed._scores import STREAMED, PassScores
from unbraid.comparison.streamed._split import RowSplit
from unbraid.comparison.streamed._systems import RowSource
from unbraid.errors import InputError
from unbraid.stats._group_moments import deletion_groups

_GROUPS = (10, 5, 2)  # of a fold: the most whose sums stay within _SUMS
_SUMS = 2.0**30  # bytes of the sums of a worker, beside which a block and a dictionary are small
_REMEDY = "Use fewer latents or units, or fewer metrics."


def check_streamed(given: dict[str, Any], config: CompareConfig) -> None:
    """Refuse what is for systems in memory."""
    named = [name for name, value in given.items() if value is not None]
    named += ["device"] if config.device is not None else []
    if named:
        raise InputError(
            f"{', '.join(named)} cannot be used with on, which reads x and y alone: leave on out, "
            "and give what fits into memory, store.read(rows)."
        )


def checked(config: CompareConfig) -> tuple[CompareConfig, tuple[str, ...]]:
    """Return the options without the metrics that moments cannot give, and the names of these."""
    if config.protocol != "unbraid":
        raise InputError(
            f"on needs protocol='unbraid', got {config.protocol!r}: give some rows without on, "
            "store.read(rows)."
        )
    if config.frozen:
        raise InputError("frozen controls are not computed on workers: leave frozen or on out.")
    if config.fold_kind == "contiguous":
        raise InputError("on needs shuffled or grouped folds: leave fold_kind or on out.")
    out = tuple(name for name in config.metrics if name not in STREAMED)
    kept = tuple(name for name in config.metrics if name in STREAMED)
    if out and ("metrics" in config.model_fields_set or not kept):
        raise InputError(
            f"metrics {', '.join(out)} need single stimuli, which workers do not send: leave them "
            f"out (there are {', '.join(STREAMED)}), or give some rows without on, "
            "store.read(rows)."
        )
    if any(name in ("ridge", "ridge_r2") for name in kept) and config.folds < 3:
        raise InputError(f"ridge needs at least 3 folds, got {config.folds}.")
    unscored = tuple(f"the metric {name}, which needs single stimuli" for name in out)
    return config.model_copy(update={"metrics": kept}), unscored


def plans_of(
    systems: tuple[RowSource, RowSource], rows: RowSplit, passes: Sequence[PassScores],
    config: CompareConfig, way: str, rng: np.random.Generator,
) -> tuple[list[PassPlan], np.ndarray]:  # fmt: skip
    """Return what each pass sums, by as many groups as its memory allows; the groups' folds."""
    plans: list[PassPlan] = []
    seed = int(rng.integers(2**31))
    for per_fold in _GROUPS:
        group, fold = deletion_groups(rows.folds, per_fold, np.random.default_rng(seed))
        labels = rows.labels(len(systems[0]), group)
        plans = [
            PassPlan(
                systems, labels, tuple(one.codings[key] for key in one.keys), one.within(way),
                one.pairs, len(fold), tuple(_width(one, key, systems) for key in one.keys),
            )
            for one in passes
        ]  # fmt: skip
        largest = max(plans, key=lambda plan: plan.n_bytes)
        if largest.n_bytes <= _SUMS:
            break
    copies = 2 + largest.under_way
    what = (
        f"Moments of {len(largest.widths)} sides of up to {max(largest.widths)} columns in "
        f"{len(fold)} groups, here and of {largest.under_way} calls under way,"
    )
    check_memory(copies * largest.n_bytes, what, _REMEDY)
    if any(name in ("ridge", "ridge_r2") for name in config.scored):
        least = len(rows.rows) - int(np.bincount(np.asarray(rows.folds)).max())
        widest = max(max(plan.widths) for plan in plans)
        if widest > least:
            raise InputError(
                f"ridge from moments needs at least as many training stimuli as columns, got "
                f"{least} and {widest}: leave ridge out of metrics, use fewer latents, or give the "
                "systems without on."
            )
    return plans, fold


def _width(one: PassScores, key: Any, systems: tuple[RowSource, RowSource]) -> int:
    coding = one.codings[key]
    if coding.dictionary is None:
        return systems[coding.system].shape[1]
    return int(coding.dictionary.atoms.shape[0])
