"""The main job: what two systems share, before and after unbraiding."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid._answers import made_with, sha256_of
from unbraid._config import configured
from unbraid._kernels.device import computing_on
from unbraid._kernels.threads import is_small, one_thread, workers
from unbraid._progress import Progress, part, progress_to
from unbraid.comparison._comparison import Comparison
from unbraid.comparison._conclude import concluded
from unbraid.comparison._config import CompareConfig, checked_names
from unbraid.comparison._cost import check_sizes, cost_of
from unbraid.comparison._split import Split, split
from unbraid.comparison.dictionaries._both import lift_all, sides_of
from unbraid.comparison.dictionaries._given import (
    Given,
    check_given,
    check_no_dictionaries,
    given_of,
    warnings_of_given,
)
from unbraid.comparison.dictionaries._system import Pair, side_of
from unbraid.comparison.dictionaries._truth import truth_of
from unbraid.comparison.scores._interpretability import interpretability, judges_of
from unbraid.comparison.scores._score_all import base_jobs, jobs, score_all
from unbraid.comparison.streamed._plan import check_streamed
from unbraid.comparison.streamed._run import streamed_comparison
from unbraid.comparison.verdict._one_system import (
    correspondences,
)
from unbraid.comparison.verdict._so_far import so_far
from unbraid.sparse._cost import Cost
from unbraid.sparse._method import check_device_of

_BASE, _LEARNING = 0.02, 0.6  # shares of the work that scoring the units, and learning, stand for


def compare(
    x: Any,
    y: Any,
    config: CompareConfig | None = None,
    *,
    x_train: Any = None,
    y_train: Any = None,
    dictionaries: Any = None,
    x_untrained: Any = None,
    y_untrained: Any = None,
    features: Any = None,
    features_train: Any = None,
    groups: Any = None,
    judge: Any = None,
    names: tuple[str, str] = ("x", "y"),
    rng: int | np.random.Generator | None = 0,
    progress: bool | None | Progress = None,
    on: Any = None,
    **options: Any,
) -> Comparison:
    """Alignment of two systems before and after unbraiding, beside the controls.

    Each system's dictionary is learned on training stimuli; every score is taken on others. Base
    units against base units, codes against codes, codes against base units; and against the same
    targets controls: the method never trained, a random expansion of equal width and density, the
    codes with each latent shuffled over stimuli; beside matchings a rotation of the units, and
    beside predictions random ReLU units up to 16 times as many as latents, at least 1,024.

    Parameters
    ----------
    x, y : Responses, arrays of shape (n, p) and (n, q), or CSR
        Rows are matched by stimulus id where both have ids.
    config : CompareConfig, optional
        All options; or give them one by one as keywords, e.g. ``method=TopK(k=8), seeds=3``.
    x_train, y_train : Responses or arrays of shape (n_x, p) and (n_y, q), optional
        Responses to learn the dictionaries from. Without them ``train_share`` of the stimuli is
        set aside for it. Training stimuli are never alignment stimuli.
    dictionaries : pair, optional
        Dictionaries of ``x`` and of ``y`` in place of learned ones: each a ``Dictionary``, the path
        of one (ours, or any layout that ``load_foreign`` reads), a sequence of them (seeds, or
        sizes), or None (units only). Controls then have that dictionary's rule and width. Without
        ``x_train`` and ``train_share`` all stimuli are scored, and there is no frozen control.
    x_untrained, y_untrained : Responses or arrays of shape (n, .), optional
        What untrained copies of the systems answer, row by row as ``x``. A dictionary of them,
        learned by the same method (for given dictionaries: TopK of equal width and l0), is a
        control. Without separate stimuli it learns from the scored ones, which favours it.
    features : Responses or array of shape (n, N), optional
        The true features of each stimulus, where they are known; codes are scored against them.
    features_train : Responses or array of shape (n_x, N), optional
        The true features of the stimuli of ``x_train`` and ``y_train``, if both saw the same: what
        theory needs to predict the scores. Without ``x_train`` they are among ``features``.
    groups : sequence of length n, optional
        Stimuli of one group stay in one fold, and on one side of the split.
    judge : Judge, embeddings of shape (n, d) or labels of shape (n,), optional
        What says which stimuli of ``x`` are alike, for how interpretable each latent is
        (``interpret.intrusion``). By default the other system's units, if there are two systems.
    names : pair of str
        What the report calls the two systems.
    rng : int, Generator or None
        Seed of the split, the dictionaries, the folds and the intervals; an int is kept as the
        seed.
    progress : bool or callable, optional
        Show progress on stderr, or report it to ``progress(message, share)``. By default it is
        shown where stderr is a terminal, and in notebooks.
    on : object with ``submit(f, *args) -> future``, optional
        Workers, such as a dask ``Client`` or a ``ProcessPoolExecutor``, that read ``x`` and ``y``
        (stores, which need not fit into memory, or arrays) block by block, encode and sum them.
        The same split, folds and, where training stimuli fit, dictionaries as without; the answer
        does not depend on who works. See Notes for what it lacks.
    **options
        Options of ``CompareConfig``, in place of ``config``.

    Returns
    -------
    Comparison
        Scores, paired differences with intervals, verdict, warnings, dictionaries, provenance.

    Raises
    ------
    InputError
        Rows that cannot be matched; training stimuli among the alignment stimuli; an unknown
        option; fewer than ten alignment stimuli; more memory needed than is free.

    Notes
    -----
    Cost: ``2 * seeds`` trainings, and about ``20 * seeds`` scores per metric; those of base units
    and of the first seed's codes are refitted ``permutations`` times for their null, the others
    not. Intervals are for other stimuli and, where there are several, other dictionary seeds.

    With ``on`` scores come from the moments of one pass per seed (``stats.group_moments``):
    intervals by deleting groups of stimuli, p-values by the exact mean and variance over all orders
    of the held-out stimuli. Autoencoders learn from all training stimuli; other methods, controls
    and floors from a random sample of 2^23 numbers. Metrics that need single stimuli, the wide
    expansion, separate training responses, untrained copies, features and judges are refused, or
    named in ``streamed.left_out``. A worker holds at most ten groups per fold of every product, a
    GiB in all where two per fold fit, and a block of 128 MiB.

    References
    ----------
    Superposition disentanglement of neural representations reveals hidden alignment
    (arXiv 2510.03186); the controls that it lacks are those of the Notes.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.sparse import ICA
    >>> rng = np.random.default_rng(0)
    >>> features = rng.random((200, 8)) * (rng.random((200, 8)) < 0.25)
    >>> x, y = features @ rng.normal(size=(8, 6)), features @ rng.normal(size=(8, 6))
    >>> few = {"metrics": ("semi_matching",), "seeds": 1, "permutations": 0, "resamples": 20}
    >>> result = compare(x, y, method=ICA(), **few)
    >>> before, after = (result.find("semi_matching", s, s)[0].value for s in ("base", "codes"))
    >>> after > before, result.verdict.tone  # a rotation of the units does the same
    (True, 'explained by a control')
    """
    config, names = configured(CompareConfig, config, options), checked_names(names)
    seed = rng if isinstance(rng, int) else None
    rng = _validate.as_rng(rng)
    if on is not None:
        given = {"x_train": x_train, "y_train": y_train, "x_untrained": x_untrained,
                 "y_untrained": y_untrained, "features": features,
                 "features_train": features_train, "judge": judge}  # fmt: skip
        check_streamed(given, config)
        check_no_dictionaries(x, y)
        with progress_to(progress) as tell:
            return streamed_comparison(
                x, y, config, on, dictionaries=dictionaries, groups=groups, names=names,
                seed=seed, rng=rng, tell=tell,
            )  # fmt: skip
    started = time.perf_counter()
    split_rng, lift_rng, score_rng = rng.spawn(3)
    if dictionaries is None:
        check_device_of(config.method, config.device)
    with (
        computing_on(config.device),
        warnings.catch_warnings(record=True) as caught,
        progress_to(progress) as tell,
    ):
        warnings.simplefilter("always", RuntimeWarning)
        check_no_dictionaries(x, y)
        given = given_of(dictionaries, config)
        check_sizes(x, y, config, learns=given is None and x_train is None)
        parts = split(x, y, x_train, y_train, groups, config, split_rng, learns=given is None)
        if given is not None:
            check_given(given, parts.x, parts.y)
        judges = judges_of(judge, x, parts, names)
        sides = sides_of(parts, config, given is not None, x, (x_untrained, y_untrained))
        way = "x->y" if given is None or given.x else "y->x"
        truth = truth_of(features, features_train, x, parts, own=x_train is not None)
        drawn = int(score_rng.integers(2**31)), way, workers()
        tell(str(_cost(parts, config, given)), 0.0)
        with one_thread(when=is_small(parts.x.shape, parts.y.shape)):
            # the units first: what cannot be scored is refused before anything is learned
            scores = score_all(base_jobs(parts), parts, config, drawn, part(tell, 0.0, _BASE))
            learning = part(tell, _BASE, _BASE + _LEARNING)
            lifted: tuple[Pair, ...] = ()
            for number, pair in enumerate(lift_all(sides, config, given, lift_rng, learning)):
                lifted += (pair,)
                if number == 0:
                    tell(so_far(scores, pair, parts, config), _BASE + _LEARNING / config.seeds)
            rest = part(tell, _BASE + _LEARNING, 1.0)
            scores += score_all(jobs(parts, lifted, truth.scored), parts, config, drawn, rest)
            latents = correspondences(parts, lifted, tell)
            meaning = interpretability(judges, lifted[0], drawn[0], tell)
            result = concluded(parts, lifted, truth, scores, config, names, latents)
    told = {
        line
        for side in (0, 1)
        for each in side_of(lifted, side)
        for line in each.dictionary.evidence.warnings
    }
    told |= {f"{each.metric}: {line}" for each in scores for line in each.warnings}
    known = parts.apart and config.learned_from == "train"
    said = [
        *result.warnings,
        *warnings_of_given(names, given, (parts.x, parts.y), parts.apart, known),
        *(str(w.message) for w in caught if str(w.message) not in told),
    ]
    made = {**_provenance(parts, config), "seed": seed, "given": given is not None}
    made["seconds"] = round(time.perf_counter() - started, 1)
    found = replace(result, provenance=made, warnings=(), interpretability=meaning)
    return found.with_warnings(said)


def _cost(parts: Split, config: CompareConfig, given: Given | None) -> Cost:
    if given is None:
        return cost_of(parts, config)
    x, y = (
        max([one.n_latents for one in of], default=side.shape[1])
        for of, side in ((given.x, parts.x), (given.y, parts.y))
    )
    return cost_of(parts, config, (x, y), len(given))


def _provenance(parts: Split, config: CompareConfig) -> dict[str, Any]:
    sides = {"x": parts.x, "y": parts.y}
    return made_with(config) | {
        name: {"sha256": sha256_of(side.toarray()), **side.made_by} for name, side in sides.items()
    }
