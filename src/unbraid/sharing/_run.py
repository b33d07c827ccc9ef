"""The second main job: what several systems tell together that none can tell alone."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from unbraid import _validate, sparse
from unbraid._answers import made_with, sha256_of
from unbraid._config import configured
from unbraid._kernels.device import computing_on
from unbraid._kernels.threads import is_small, one_thread
from unbraid._progress import Progress, part, progress_to
from unbraid.errors import InputError
from unbraid.responses import Codes
from unbraid.sharing._beside import Beside, alone, beside
from unbraid.sharing._config import JointConfig
from unbraid.sharing._cost import cost_of
from unbraid.sharing._joint import Joint
from unbraid.sharing._verdict import bounds_of, verdict_of
from unbraid.sharing._warn import lines_of, warnings_of_order, warnings_of_systems
from unbraid.sharing.evidence._evidence import JointEvidence, evidence_of
from unbraid.sharing.evidence._latents import UNDECIDED, Count, stability
from unbraid.sharing.evidence._pairings import pairings
from unbraid.sharing.evidence._wrong import expected_shared
from unbraid.sharing.learning._learn import LearnedTogether, learn
from unbraid.sharing.learning._values import correlation_of_values, values_by_system
from unbraid.sharing.systems._scales import scales_of
from unbraid.sharing.systems._split import JointSplit, split
from unbraid.sharing.systems._stack import matched
from unbraid.sparse._method import check_device_of

_LEARNING, _REFITS = 0.6, 0.85  # shares of the work that are behind after learning, and refits


def joint(
    systems: Any,
    config: JointConfig | None = None,
    *,
    groups: Any = None,
    rng: int | np.random.Generator | None = 0,
    progress: bool | None | Progress = None,
    **options: Any,
) -> Joint:
    """One dictionary of several systems that answered the same stimuli, and what they share.

    Systems that encode the same sparse features in different mixtures are one set of measurements
    of one code: recovery needs ``K ln(N/K)`` units *in all*, so that systems that are too small to
    be separated alone can be separable together. Which latents are shared is tested on stimuli that
    nothing was learned from, against wrong pairings of stimuli.

    Parameters
    ----------
    systems : mapping of names to Responses, arrays of shape (n, p) or CSR
        Two or more. Rows are matched by stimulus id where all have ids, and may then be missing in
        some of them; else all have the same number of rows, in the same order.
    config : JointConfig, optional
        All options; or give them one by one as keywords, e.g. ``method=SparseCoding(), seeds=1``.
    groups : sequence of length n, or a pandas Series of the ids', optional
        Name of a group for each stimulus, where stimuli are not independent: repeats of one, frames
        of a video, views of an object. Groups are set aside, and paired wrongly, as wholes. By
        default rows with ids ``STIMULUS@NUMBER`` (positions, tokens) are grouped by stimulus.
    rng : int, Generator or None
        Seed of the split, the dictionaries and the wrong pairings; an int is kept as the seed.
    progress : bool or callable, optional
        Show progress on stderr, or report it to ``progress(message, share)``. By default it is
        shown where stderr is a terminal, and in notebooks.
    **options
        Options of ``JointConfig``, in place of ``config``.

    Returns
    -------
    Joint
        Latents with their kinds and evidence, counts, contrast, comparisons with each system alone,
        verdict.

    Raises
    ------
    InputError
        One system alone; rows that cannot be matched; fewer than 60 stimuli, or
        ten groups, that all answered.

    Notes
    -----
    *Scaling.* Means are subtracted; each system is divided by one number, so that all have power 1.
    *Evidence.* A quarter of a system's units at a time (an eighth of fewer than 32) is left out and
    predicted from the code of all other units, of this system and the others. Wrong pairings rotate
    the others' stimuli within random blocks of five, a group of pairings, so that p-values are
    exact. Explained variance is no evidence: wrongly paired systems are explained as well. Cost:
    ``seeds + refits`` trainings, one per system for the comparisons, and five inferences of each
    held-out stimulus for each group of units; reported before it starts.

    References
    ----------
    Lindsey et al. (2024), crosscoders; Minder et al. (2025, arXiv 2504.02922), latent scaling.

    Examples
    --------
    >>> import numpy as np
    >>> import unbraid as ub
    >>> rng = np.random.default_rng(0)
    >>> z = rng.random((900, 8)) * (rng.random((900, 8)) < 0.2)
    >>> x, y = z @ rng.normal(size=(8, 5)), z @ rng.normal(size=(8, 5))
    >>> method = ub.SparseCoding(n_latents=8)
    >>> found = ub.joint({"a": x, "b": y}, method=method, seeds=1, refits=0, baselines=False)
    >>> found.counts["shared"].value > 5, found.encode({"b": y}).shape
    (True, (900, 8))
    """
    if config is not None and not isinstance(config, JointConfig | Mapping):
        raise InputError(
            f"joint takes all systems as one mapping, joint({{'a': x, 'b': y}}), and then a "
            f"JointConfig or options by name; got {type(config).__name__} as its second argument."
        )
    config = configured(JointConfig, config, options)
    seed = rng if isinstance(rng, int) else None
    rng = _validate.as_rng(rng)
    started = time.perf_counter()
    split_rng, learn_rng, pair_rng, wrong_rng, alone_rng = rng.spawn(5)
    check_device_of(config.method, config.device)
    with (
        computing_on(config.device),
        warnings.catch_warnings(record=True) as caught,
        progress_to(progress) as tell,
    ):
        warnings.simplefilter("always", RuntimeWarning)
        both = matched(systems, groups)
        parts = split(both, config.evidence_share, config.order, split_rng)
        tell(str(cost_of(both.sizes, len(parts.train), len(parts.held), config)), 0.0)
        with one_thread(when=is_small(parts.train.values.shape)):
            found = _learn_all(parts, config, learn_rng, pair_rng, part(tell, 0.0, _LEARNING))
            learned, seen = min(found, key=lambda each: _error(each[0]))
            wrong = expected_shared(
                parts, learned, config, wrong_rng, part(tell, _LEARNING, _REFITS)
            )
            beside_it = _beside(parts, found, learned, seen, config, alone_rng, tell)
            result = _conclude(parts, config, found, learned, seen, wrong, beside_it)
        tell("done", 1.0)
    provenance = {**_provenance(parts, learned, config), "seed": seed}
    provenance["seconds"] = round(time.perf_counter() - started, 1)
    result = replace(result, joint_rows=len(both.complete), provenance=provenance)
    return result.with_warnings(lines_of(caught))


def _error(learned: LearnedTogether) -> float:
    return learned.error if np.isfinite(learned.error) else np.inf


def _learn_all(
    parts: JointSplit,
    config: JointConfig,
    rng: np.random.Generator,
    pair_rng: np.random.Generator,
    tell: Progress,
) -> list[tuple[LearnedTogether, JointEvidence]]:
    """Learn a dictionary from each seed, and take the evidence for it."""
    pairs = pairings(len(parts.held), parts.order, pair_rng, parts.held.groups)
    method: sparse.Method = config.method
    hidden = [each.few_units for each in scales_of(parts.train)]
    found = []
    for number, seeded in enumerate(rng.spawn(config.seeds)):
        start, stop = number / config.seeds, (number + 1) / config.seeds
        own = part(tell, start, stop, f"dictionary {number + 1} of {config.seeds}: ")
        learned = learn(parts.train, method, seeded, part(own, 0.0, 0.8), config.order)
        method = learned.dictionary.method  # the other seeds use what "auto" chose
        evidence = evidence_of(
            parts.held,
            learned,
            pairs,
            hidden=hidden,
            level=config.level,
            permutations=config.permutations,
            rng=pair_rng,
            tell=part(own, 0.8, 1.0),
        )
        found.append((learned, evidence))
    return found


def _beside(
    parts: JointSplit,
    found: list[tuple[LearnedTogether, JointEvidence]],
    learned: LearnedTogether,
    seen: JointEvidence,
    config: JointConfig,
    rng: np.random.Generator,
    tell: Progress,
) -> tuple[Beside, ...]:
    if not config.baselines:
        return ()
    again = [each.codes for other, each in found if other is not learned]
    half = (_REFITS + 1) / 2
    separate = alone(
        parts.train, parts.held, learned, learned.dictionary.method, rng,
        part(tell, _REFITS, half), config.order,
    )  # fmt: skip
    order = "time" if parts.order.in_time else "exchangeable"
    return beside(parts.held, learned, seen, separate, again, order, part(tell, half, 1.0))


def _conclude(
    parts: JointSplit,
    config: JointConfig,
    found: list[tuple[LearnedTogether, JointEvidence]],
    learned: LearnedTogether,
    seen: JointEvidence,
    wrong: float,
    numbers: tuple[Beside, ...],
) -> Joint:
    names = parts.train.names
    others = [each.coder.atoms for each, _ in found if each is not learned]
    steady = stability(learned.coder.atoms, others, learned.coder.signed)
    counts = [each.latents.count(names) for _, each in found]
    own = seen.latents.count(names)
    kinds = {
        kind: Count(
            value=value,
            low=min(count.get(kind, 0) for count in counts),
            high=max(count.get(kind, 0) for count in counts)
            + (own[UNDECIDED] if kind != UNDECIDED else 0),
        )
        for kind, value in own.items()
    }
    bounds = bounds_of(seen, parts.train)
    doubt, lines = warnings_of_order(parts)
    held = parts.held
    ids = held.stimuli if held.stimuli is not None else np.arange(len(held)).astype(str)
    verdict = verdict_of(
        seen, own, wrong, bounds, numbers, learned.error, level=config.level, doubt=doubt
    )
    return Joint(
        config=config,
        names=names,
        sizes=parts.train.sizes,
        evidence=replace(seen.latents, stability=steady),
        counts=kinds,
        expected_shared=wrong,
        contrast=seen.contrast,
        beside=numbers,
        bounds=bounds,
        variance=dict(zip(names, map(float, seen.variance), strict=True)),
        carried=dict(zip(names, map(float, seen.carried), strict=True)),
        values_r=_values_r(parts, learned, seen, config),
        verdict=verdict,
        warnings=tuple(lines + warnings_of_systems(learned, seen, parts.train, held)),
        coder=learned.coder,
        scale=learned.scale,
        joint_rows=0,
        held_stimuli=ids,
        codes=Codes(seen.codes, stimuli=ids),
        provenance={},
    )


def _values_r(
    parts: JointSplit, learned: LearnedTogether, seen: JointEvidence, config: JointConfig
) -> np.ndarray:
    if config.values == "shared":
        return np.full(len(learned.coder.atoms), np.nan)
    x = learned.scale.apply(parts.held.values).astype(learned.coder.atoms.dtype, copy=False)
    coder = learned.coder
    values = [
        values_by_system(x[:, own], seen.codes, coder.atoms[:, own], coder.offset[own],
                         signed=coder.signed)
        for own in map(parts.held.columns, range(len(parts.held.sizes)))
    ]  # fmt: skip
    return correlation_of_values(values, seen.latents.lies, seen.codes)


def _groups(parts: JointSplit) -> dict[str, int]:
    """Return how many groups were learned from, and set aside, where stimuli have groups."""
    sides = {"groups_train": parts.train.groups, "groups_held_out": parts.held.groups}
    return {name: len(np.unique(of)) for name, of in sides.items() if of is not None}


def _provenance(parts: JointSplit, learned: LearnedTogether, config: JointConfig) -> dict[str, Any]:
    train = parts.train
    return made_with(config) | {
        "n_train": len(train),
        "n_held_out": len(parts.held),
        **_groups(parts),
        "method": learned.dictionary.method.describe(),
        "systems": {
            name: {"sha256": sha256_of(train.only(number)), **train.made_by[number]}
            for number, name in enumerate(train.names)
        },
    }
