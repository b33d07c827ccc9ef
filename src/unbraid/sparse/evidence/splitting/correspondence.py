"""Two dictionaries of one system: which latents are shared, split, or absorbed, beside chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from unbraid import stats
from unbraid._documented import documented_answer
from unbraid._validate import as_rng
from unbraid.errors import InputError
from unbraid.responses import as_responses
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse.baselines.random_like import random_like
from unbraid.sparse.evidence.splitting._cover import Cover, LatentColumns
from unbraid.sparse.evidence.splitting._kinds import KINDS, LatentKind, of_both, of_one
from unbraid.sparse.inference._asked import By

if TYPE_CHECKING:
    import pandas as pd

_BY_CHANCE = ("shared", "split", "absorbed")
_LOOKED = 512  # latents that are compared with random directions


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LatentKinds:
    """What became of one dictionary's latents in another dictionary of the same system."""

    kind: np.ndarray
    """(m,) one of shared, split, absorbed, part, not found, undecided, silent."""
    best: np.ndarray
    """(m,) the other's latent that follows each best, -1 where none does."""
    one: np.ndarray
    """(m,) share of each latent's variance that its best explains, on held-out stimuli."""
    several: np.ndarray
    """(m,) share that its best and the latents active within it explain together, held out."""
    low: np.ndarray
    """(m,) one-sided lower end (95 %) of ``one`` (of ``several``, where split or absorbed)."""
    parts: tuple[tuple[int, ...], ...]
    """Latents of the other that stand for each: the partner of a shared one, the parts of a split
    one, what is left of an absorbed one; of a part, the latent that it is a part of."""
    absorbers: tuple[tuple[int, ...], ...]
    """Latents of the other that take each one's place where both would be active."""
    q_value: np.ndarray
    """(m,) of having been split or absorbed; NaN for the others."""
    reason: tuple[str, ...]
    """Why nothing was decided, else empty."""
    chance: dict[str, float]
    """Share of the latents called shared, split and absorbed beside random directions in place of
    the other dictionary; empty where none were given."""

    def __len__(self) -> int:
        return len(self.kind)

    def count(self, kind: str) -> int:
        """Return how many latents are of a kind."""
        return int((self.kind == kind).sum())


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Correspondence:
    """Latents of two dictionaries of one system, each compared with all of the other."""

    first: LatentKinds
    """Of the first dictionary's latents, in the second."""
    second: LatentKinds
    """Of the second dictionary's latents, in the first."""
    rate: float
    """False discovery rate of what is called split or absorbed."""
    n: int
    """Stimuli."""

    def __repr__(self) -> str:
        return "; ".join(
            f"{name}: {said_of(side)}"
            for name, side in (("first", self.first), ("second", self.second))
        )

    def record(self) -> dict[str, Any]:
        """Return how many latents of each kind there are, as plain JSON data."""
        return {
            name: {"n_latents": len(side), "chance": side.chance}
            | {kind.replace(" ", "_"): side.count(kind) for kind in KINDS}
            for name, side in (("x", self.first), ("y", self.second))
        }

    def table(self, names: tuple[str, str] = ("first", "second")) -> pd.DataFrame:
        """Return one row a latent of either dictionary."""
        import pandas as pd

        return pd.DataFrame(
            {
                "dictionary": name,
                "latent": latent,
                "kind": str(side.kind[latent]),
                "one": side.one[latent],
                "several": side.several[latent],
                "low": side.low[latent],
                "q_value": side.q_value[latent],
                "best": int(side.best[latent]),
                "parts": side.parts[latent],
                "absorbers": side.absorbers[latent],
                "reason": side.reason[latent],
            }
            for name, side in zip(names, (self.first, self.second), strict=True)
            for latent in range(len(side))
        )


def said_of(side: LatentKinds) -> str:
    """Return the kinds of a side in words: ``40 of 64 latents shared, 3 split, ...``."""
    counts = Counter(side.kind.tolist())
    rest = ", ".join(f"{counts[kind]} {_PLURAL.get(kind, kind)}" for kind in KINDS[1:]
                     if counts[kind])  # fmt: skip
    return f"{counts['shared']} of {len(side)} latents shared" + (f", {rest}" if rest else "")


_PLURAL = {"part": "parts of split or absorbed ones"}


def correspondence(
    first: Dictionary,
    second: Dictionary,
    x: Any,
    *,
    by: By | None = None,
    folds: Any = 5,
    rate: float = 0.05,
    rng: int | np.random.Generator | None = 0,
) -> Correspondence:
    r"""Which latents two dictionaries of one system share, split or absorb.

    Each latent's codes ``a`` are explained by those ``b_i`` of the other dictionary,
    ``a ~ sum_i w_i b_i`` (``w >= 0`` where codes have no sign, no constant): by the best latent
    alone, and by several, chosen greedily among the best and those that are active within it
    (``P(a on | b_i on) > 1/2``) while each adds three hundredths of the variance. Choice and
    weights are of training stimuli; ``one`` and ``several`` are the shares of the variance that
    are explained on the others. In this order a latent is

    * *split*: several explain more than half of it, reliably more than .03 beyond the best alone,
      and at least two of them follow no latent better than this one;
    * *absorbed*: several explain more than half of it, and one of them, which follows another
      latent better, takes its place: the main latent is silent far more often where both would be
      on (``P(silent | on, absorber on) - P(silent | on, absorber off) >= 1/2``, reliably above 0),
      and the absorber carries at least .4 of what is then there along the atom of the absorbed.
      Where no main latent is left, two absorbers are;
    * *shared*: it and its best follow each other best, and the best explains more than half of it
      (a held-out correlation of about .71), reliably;
    * *part*: of the other dictionary's split latent, or what is left of an absorbed one;
    * *not found*: several explain less than half of it, reliably;
    * *undecided*: anything else, and what is active on fewer than ten stimuli.

    Parameters
    ----------
    first, second : Dictionary
        Of the same units: two seeds, or two sizes. They may differ in width.
    x : Responses or array of shape (n, p)
        Stimuli that neither learned from, or the shares are too high.
    by : str, optional
        How codes are inferred.
    folds : int or array of shape (n,)
        Stimuli that depend on each other (``stats.grouped_folds``) stay together.
    rate : float
        False discovery rate over all splits and absorptions of a dictionary.
    rng : int, Generator or None
        Of the folds, and of the random directions behind ``chance``.

    Returns
    -------
    Correspondence
        The kind of each latent of both, with the latents it rests on; ``.table()``.

    Raises
    ------
    InputError
        Dictionaries of other units than ``x`` has.

    Notes
    -----
    A match of two latents of one system is always significant against shuffled stimuli, so that
    this is no chance level here; ``chance`` holds each dictionary against the other with its
    directions drawn at random. *Reliably* is one-sided at 95 % a latent, by the jackknife over
    stimuli or groups; the dictionaries are held fixed, so that other seeds are not in it.
    Absorption follows SAEBench with the other dictionary's latent in place of a probe, and with
    what codes put together in place of x along its direction. Where the first dictionary has no
    latent of its own for an absorber, it is no different from a part: such latents are *split*.
    Cost O(n k^2) products and, for each latent, a least squares of up to 12 others.

    References
    ----------
    Bricken et al. (2023), Towards monosemanticity, on splitting. Chanin et al. (2024), A is for
    absorption, arXiv 2409.14507. Karvonen et al. (2025), SAEBench, arXiv 2503.09532.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.sparse import Dictionary, TopK, fit
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(0.5, 1.5, (600, 10)) * (rng.random((600, 10)) < 0.1)
    >>> here, there = (Dictionary(atoms=a, offset=np.zeros(10), method=TopK(n_latents=8, k=4),
    ...                           by="omp", k=4) for a in (np.eye(10)[:8], np.eye(10)[9:1:-1]))
    >>> correspondence(here, there, x).first.kind.tolist()[:4]
    ['not found', 'not found', 'shared', 'shared']
    """
    responses = as_responses(x)
    for name, one in (("first", first), ("second", second)):
        if one.atoms.shape[1] != responses.shape[1]:
            raise InputError(
                f"{name} must be for the {responses.shape[1]} units of x, got a dictionary for "
                f"{one.atoms.shape[1]}."
            )
    streams = as_rng(rng).spawn(3)
    labels = stats.as_folds(folds, len(responses), streams[0], responses.stimuli)
    ready = [one.prepared(responses, by) for one in (first, second)]
    codes = [one.encode(responses, by=by) for one in ready]
    random = [
        random_like(one, responses, rng=stream).encode(responses, by=by)
        for one, stream in zip(ready, streams[1:], strict=True)
    ]
    return of_codes(codes, labels, [one.atoms for one in ready], random, rate)


def of_codes(
    codes: Sequence[Any],
    folds: stats.Folds,
    atoms: Sequence[np.ndarray] | None = None,
    random: Sequence[Any] = (),
    rate: float = 0.05,
) -> Correspondence:
    """Return the correspondence of two codes of the same stimuli; see ``correspondence``.

    ``random``: codes of random directions in place of the first and of the second dictionary.
    """
    rows = folds.used
    labels = folds.of(rows)
    blocks = np.arange(len(rows)) if labels.blocks is None else labels.blocks
    groups = np.unique(blocks, return_inverse=True)[1]

    def columns(each: Any) -> LatentColumns:
        return LatentColumns.of(sp.csr_array(each)[rows], np.asarray(labels), groups)

    sides = [columns(each) for each in codes]
    lengths = None if atoms is None else [each.astype(np.float64) for each in atoms]
    found = of_both(sides[0], sides[1], lengths, rate)
    chance: list[dict[str, float]] = [{}, {}]
    for s in (0, 1) if len(random) else ():
        m = sides[s].values.shape[1]
        some = np.arange(0, m, max(1, -(-m // _LOOKED)))
        called = of_one(sides[s], columns(random[1 - s]), some, None, rate)[0]
        counts = Counter(each.kind for each in called)
        chance[s] = {kind: counts[kind] / len(called) for kind in _BY_CHANCE}
    first, second = (
        _kinds(kinds, covered, by_chance)
        for (kinds, covered), by_chance in zip(found, chance, strict=True)
    )
    return Correspondence(first=first, second=second, rate=rate, n=len(rows))


def _kinds(kinds: list[LatentKind], covered: list[Cover], chance: dict[str, float]) -> LatentKinds:
    whole = np.array([each.kind in ("split", "absorbed") for each in kinds], dtype=bool)
    one, several, one_se, several_se = (
        np.array([getattr(each, name) for each in covered], dtype=float)
        for name in ("one", "several", "one_se", "several_se")
    )
    return LatentKinds(
        kind=np.array([each.kind for each in kinds], dtype=str),
        best=np.array([each.best for each in covered], dtype=np.intp),
        one=one,
        several=several,
        low=np.where(whole, several - 1.645 * several_se, one - 1.645 * one_se),
        parts=tuple(each.parts for each in kinds),
        absorbers=tuple(each.absorbers for each in kinds),
        q_value=np.array([each.q_value for each in kinds], dtype=float),
        reason=tuple(each.reason for each in kinds),
        chance=chance,
    )
