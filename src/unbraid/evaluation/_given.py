"""What an evaluation is given: dictionaries, training stimuli, and what is known of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from unbraid import interpret, sparse
from unbraid._progress import Progress
from unbraid.errors import InputError
from unbraid.evaluation._config import EvaluateConfig
from unbraid.evaluation._measures import Known
from unbraid.responses import Responses, as_responses, as_training, follow, parts_of

_FEWEST = 40  # with fewer stimuli no measure has an interval


def known_of(
    x: Responses, embeddings: Any, judge: Any, labels: Any, features: Any, parents: Any
) -> Known:
    """Return what is known of the stimuli, in the order of ``x``."""
    if embeddings is not None and judge is not None:
        raise InputError("Give embeddings or a judge, not both.")
    of_labels = None if labels is None else _in_order(x, interpret.as_judge(labels), "labels")
    concepts = None if features is None else follow(x, features, "features")
    if judge is not None:
        chosen = interpret.as_judge(judge)
    elif embeddings is not None:
        chosen = interpret.embeddings(embeddings)
    elif of_labels is not None:
        chosen = of_labels
    elif concepts is not None:
        chosen = interpret.embeddings(concepts, name="features")
    else:
        raise InputError(
            "Something must say which stimuli are alike: give embeddings of another system, a "
            "judge, labels or features."
        )
    if parents is not None and concepts is None:
        raise InputError("parents are parents of features: give features too.")
    above = None if parents is None else np.asarray(parents)
    return Known(
        judge=_in_order(x, chosen, "embeddings"),
        labels=of_labels,
        concepts=concepts,
        parents=above,
    )


def _in_order(x: Responses, judge: interpret.Judge, name: str) -> interpret.Judge:
    numbers = Responses(np.arange(len(judge))[:, None], stimuli=judge.stimuli)
    rows = follow(x, numbers, name).toarray()[:, 0].astype(int)
    return replace(judge.take(rows), stimuli=x.stimuli)


def known_at(known: Known, rows: np.ndarray) -> Known:
    return replace(
        known,
        judge=known.judge.take(rows),
        labels=None if known.labels is None else known.labels.take(rows),
        concepts=None if known.concepts is None else known.concepts.take(rows),
    )


def split(
    x: Responses, x_train: Any, config: EvaluateConfig, rng: np.random.Generator
) -> tuple[Responses, np.ndarray]:
    """Return the training responses, and the rows of ``x`` that are scored."""
    n = len(x)
    if x_train is not None:
        train, rows = as_training(as_responses(x_train, "x_train"), x, "x"), np.arange(n)
    else:
        parts = parts_of(x.stimuli)
        whole = np.arange(n) if parts is None else parts.whole  # parts of a stimulus stay together
        order = rng.permutation(whole.max() + 1)
        learned = np.isin(whole, order[: round(config.train_share * len(order))])
        train, rows = x.take(np.flatnonzero(learned)), np.flatnonzero(~learned)
    if len(rows) < _FEWEST:
        raise InputError(
            f"At least {_FEWEST} stimuli must be left to score, got {len(rows)}; give more, or "
            "training responses of their own (x_train)."
        )
    return train, rows


def untrained_of(
    x: Responses, x_untrained: Any, rows: np.ndarray, apart: bool
) -> tuple[Responses, ...]:
    """Return an untrained copy's responses to learn from and to the scored stimuli, if given.

    ``apart``: training responses were given, so that every row of ``x`` is scored.
    """
    if x_untrained is None:
        return ()
    copy = follow(x, x_untrained, "x_untrained")
    scored = copy.take(rows)
    return scored if apart else copy.take(np.setdiff1d(np.arange(len(x)), rows)), scored


def dictionaries_of(
    learned: Any,
    train: Responses,
    config: EvaluateConfig,
    rng: np.random.Generator,
    tell: Progress,
) -> list[sparse.Dictionary]:
    """Return the dictionaries given, and those of further seeds."""
    found: list[sparse.Dictionary] = []
    if isinstance(learned, sparse.Method):
        method, count = learned, config.seeds or 3
    else:
        given = [learned] if isinstance(learned, sparse.Dictionary) else learned
        several = isinstance(given, Sequence) and len(given) > 0
        if not several or not all(isinstance(each, sparse.Dictionary) for each in given):
            raise InputError(
                f"learned must be a Dictionary, several of them, or a method, got "
                f"{type(learned).__name__}."
            )
        found += given
        method, count = found[0].method, config.seeds or len(found)
    missing = count - len(found)
    for seed, own in enumerate(rng.spawn(max(missing, 0))):
        tell(f"dictionary {len(found) + 1} of {count}", seed / missing)
        found.append(sparse.fit(train, method, rng=own))
        method = found[-1].method  # the other seeds use what "auto" chose
    return [each.prepared(train, config.by) for each in found]
