"""What could explain interpretable codes away: directions that no dictionary learning found."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import sparse
from unbraid.errors import InputError, UnbraidError
from unbraid.responses import Codes, Responses

_ICA_STEPS = 100  # FastICA never converges where there are no independent axes


@dataclass(frozen=True, eq=False, kw_only=True)
class Activations:
    """Activations of the scored stimuli, and the dictionary where they are codes of one."""

    values: Responses
    dictionary: sparse.Dictionary | None = None
    units: Responses | None = None
    """What the dictionary describes."""


@dataclass(frozen=True, eq=False, kw_only=True)
class GivenToBaselines:
    """What baselines are made from: the responses, and the codes that they are to match."""

    train: Responses
    scored: Responses
    dictionary: sparse.Dictionary
    codes: Codes
    by: Any
    untrained: Sequence[Responses] = ()
    """An untrained copy's responses to learn from and to the scored stimuli, if there is one."""

    @property
    def width(self) -> int:
        """Latents of the dictionary."""
        return int(self.codes.shape[1])

    @property
    def active(self) -> int:
        """Latents per stimulus, for baselines of equal density."""
        return min(max(1, round(self.codes.l0)), self.width)


def _random_directions(of: GivenToBaselines, rng: np.random.Generator) -> Activations:
    directions = rng.normal(size=(of.scored.shape[1], of.width))
    directions /= np.linalg.norm(directions, axis=0)
    return plain((of.scored.toarray() - of.train.toarray().mean(axis=0)) @ directions, of.scored)


def _pca(of: GivenToBaselines, rng: np.random.Generator) -> Activations:
    return _learned(of, sparse.PCA(one_sided=True), rng)


def _ica(of: GivenToBaselines, rng: np.random.Generator) -> Activations:
    return _learned(of, sparse.ICA(max_steps=_ICA_STEPS), rng)


def _k_means(of: GivenToBaselines, rng: np.random.Generator) -> Activations:
    width = min(of.width, len(of.train) // 2)
    return _learned(of, sparse.KMeans(n_latents=width, k=min(of.active, width)), rng)


def _untrained(of: GivenToBaselines, rng: np.random.Generator) -> Activations:
    if not of.dictionary.method.can_learn:
        start = sparse.random_like(of.dictionary, of.train, rng=rng)
        return coded(start, of.scored, of.by)
    method = sparse.RandomDictionary(of=of.dictionary.method)
    start = sparse.fit(of.train, method, rng=rng).prepared(of.train, of.by)
    return coded(start, of.scored, of.by)


def _expansion(of: GivenToBaselines, rng: np.random.Generator) -> Activations:
    return _learned(of, sparse.RandomExpansion(n_latents=of.width, k=of.active), rng)


def _frozen(of: GivenToBaselines, rng: np.random.Generator) -> Activations:
    return _learned(of, sparse.FrozenDecoder(n_latents=of.width, k=of.active), rng)


def _soft_frozen(of: GivenToBaselines, rng: np.random.Generator) -> Activations:
    return _learned(of, sparse.SoftFrozenDecoder(n_latents=of.width, k=of.active), rng)


def _frozen_encoder(of: GivenToBaselines, rng: np.random.Generator) -> Activations:
    return _learned(of, sparse.FrozenEncoder(n_latents=of.width, k=of.active), rng)


def _untrained_units(of: GivenToBaselines, rng: np.random.Generator) -> Activations:  # noqa: ARG001
    return plain(of.untrained[1], of.scored)


def _untrained_copy(of: GivenToBaselines, rng: np.random.Generator) -> Activations:
    train, scored = of.untrained
    method, by = of.dictionary.method, of.by
    if not method.can_learn:
        method, by = sparse.TopK(n_latents=of.width, k=of.active), None
    learned = sparse.fit(train, method, rng=rng).prepared(train, by)
    return coded(learned, scored, by)


def _shuffled(of: GivenToBaselines, rng: np.random.Generator) -> Activations:
    return plain(sparse.shuffle_latents(of.codes, rng=rng), of.scored)


def _learned(of: GivenToBaselines, method: sparse.Method, rng: np.random.Generator) -> Activations:
    return coded(sparse.fit(of.train, method, rng=rng), of.scored)


def coded(dictionary: sparse.Dictionary, units: Responses, by: Any = None) -> Activations:
    """Return the codes of these units under a dictionary."""
    codes = plain(dictionary.encode(units, by=by), units).values
    return Activations(values=codes, dictionary=dictionary, units=units)


def plain(values: Any, of: Responses) -> Activations:
    """Return activations of the stimuli of ``of`` that are codes of no dictionary."""
    bare = values.values if isinstance(values, Codes | Responses) else values
    return Activations(values=Responses(bare, stimuli=of.stimuli))


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A baseline: what it is called, and how it is made."""

    title: str
    make: Callable[[GivenToBaselines, np.random.Generator], Activations]
    of_copy: bool = False
    """Whether it is made from an untrained copy of the system, where there is one."""
    of_chance: bool = False
    """Whether it holds nothing of the stimuli: it shows chance, and is no rival explanation."""


BASELINES: dict[str, Baseline] = {
    "random_directions": Baseline(title="random directions", make=_random_directions),
    "pca": Baseline(title="principal components", make=_pca),
    "ica": Baseline(title="independent components", make=_ica),
    "k_means": Baseline(title="k-means directions", make=_k_means),
    "random_dictionary": Baseline(title="untrained dictionary", make=_untrained),
    "random_expansion": Baseline(title="random expansion", make=_expansion),
    "frozen_decoder": Baseline(title="frozen decoder", make=_frozen),
    "soft_frozen_decoder": Baseline(title="soft-frozen decoder", make=_soft_frozen),
    "frozen_encoder": Baseline(title="frozen encoder", make=_frozen_encoder),
    "untrained_units": Baseline(
        title="units of an untrained copy", make=_untrained_units, of_copy=True
    ),
    "untrained_copy": Baseline(
        title="codes of an untrained copy", make=_untrained_copy, of_copy=True
    ),
    "shuffled_latents": Baseline(title="shuffled latents", make=_shuffled, of_chance=True),
}
TITLES = {
    "base": "units",
    "codes": "codes",
    **{name: baseline.title for name, baseline in BASELINES.items()},
}


def baselines_of(config: Any, has_copy: bool) -> tuple[str, ...]:
    """Return the baselines asked for, and those of an untrained copy where there is one."""
    of_copy = [name for name, baseline in BASELINES.items() if baseline.of_copy]
    asked = [name for name in config.baselines if name in of_copy]
    if asked and not has_copy:
        raise InputError(
            f"{asked[0]} needs what an untrained copy of the system answers: give x_untrained."
        )
    return tuple(dict.fromkeys([*config.baselines, *(of_copy if has_copy else [])]))


def made(
    name: str, of: GivenToBaselines, rng: np.random.Generator
) -> tuple[Activations | None, str]:
    """Return a baseline's activations of the scored stimuli, or why there are none."""
    try:
        # the dictionary's own warnings say what weakens a baseline, too
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return BASELINES[name].make(of, rng), ""
    except UnbraidError as error:
        return None, f"{BASELINES[name].title} could not be made: {error}"
