"""The atoms that several seeds of one method agree on, as a dictionary of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.errors import TrainingError
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method, MethodOption
from unbraid.sparse.autoencoders.topk import TopK
from unbraid.sparse.evidence._stability import directions, match, stability
from unbraid.sparse.inference import _infer
from unbraid.sparse.inference._asked import By


class Consensus(Method):
    r"""Several seeds of one method, of which the atoms stay that most of them found.

    An atom and its copies in the other seeds, matched one to one, are one where their cosine is at
    least ``alike``; it stays where at least ``share`` of the seeds have it. The atom kept is the
    mean of the copies (their signs made equal where codes are signed), at unit length.

    Notes
    -----
    Atoms of a feature come back from every seed; those that fit noise, are split, or died at their
    random start do not. Codes are found by matching pursuit or the lasso, whichever predicts held-
    out units better. Cost: ``n_seeds`` times the method's, and the matching of ``stability``.
    """

    of: MethodOption = TopK()
    """The method."""
    n_seeds: Annotated[int, Field(ge=2)] = 5
    """Dictionaries to learn."""
    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Least share of the seeds that have an atom; two at least."""
    alike: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Least cosine of an atom with a copy of it."""
    n_latents: Annotated[int, Field(ge=1)] | None = None
    """Atoms to keep at most, the most agreed on; none: all that are agreed on."""

    @property
    def has_no_origin(self) -> bool:
        """Whether zero means nothing to ``of``."""
        return self.of.has_no_origin

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Learn from each seed, and keep what they agree on."""
        found, caught = [], []
        for i in range(self.n_seeds):
            own = np.random.default_rng(rng.integers(2**63))
            part = Log(log.callback, order=log.order)
            part.within(i / self.n_seeds, 1 / self.n_seeds)
            found.append(self.of.learn(x, own, part))
            caught += part.warnings
        log.warnings += dict.fromkeys(caught)
        agreed = _agreed(found, self)
        values = agreed.centred(x)
        if agreed.by == "l0":
            problem = _infer.Problem(by="l0", least=agreed.floor, signed=agreed.signed)
            rows = _infer.validation_rows(values)
            return agreed.with_evidence(
                fvu_held_out_units=_infer.held_out_units(rows, agreed.atoms, problem)
            )
        k = min(found[0].k or 1, agreed.n_latents)
        chosen = _infer.choose_inference(values, agreed.atoms, k=k, signed=agreed.signed)
        problem = chosen.problem
        agreed = replace(
            agreed, by=problem.by, k=problem.k, penalty=problem.penalty, floor=None
        )  # fit learns the floor
        return agreed.with_evidence(fvu_held_out_units=chosen.error)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the start of ``of``, random atoms of it where ``n_latents`` is given."""
        start = self.of.untrained(x, rng)
        kept = min(self.n_latents or start.n_latents, start.n_latents)
        rows = np.sort(rng.choice(start.n_latents, kept, replace=False))
        k = None if start.k is None else min(start.k, kept)
        by: By = "fista" if k is None else "omp"
        prior = None if start.prior is None else start.prior.of(rows)
        return replace(
            start, atoms=start.atoms[rows], encoder=None, by=by, k=k, prior=prior, method=self
        )


def consensus(
    dictionaries: Sequence[Dictionary], *, share: float = 0.5, alike: float = 0.9
) -> Dictionary:
    """Keep the atoms that most of several dictionaries hold; see ``Consensus``.

    Parameters
    ----------
    dictionaries : sequence of Dictionary
        Two or more of one method, such as ``fit_seeds`` returns.
    share : float
        Least share of the dictionaries that have an atom; two at least.
    alike : float
        Least cosine of an atom with a copy of it.

    Returns
    -------
    Dictionary
        Its atoms ordered from the most to the least agreed on; ``evidence.stability`` is the mean
        over the dictionaries of the cosine with the atom's copy, 0 where there is none. No encoder:
        it encodes by the lasso, or by matching pursuit if asked to. Penalty and floor are the
        medians of theirs, where all have one.

    Raises
    ------
    InputError
        Fewer than two dictionaries, or dictionaries of different units or input transforms.
    TrainingError
        They agree on nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.sparse import ICA, fit_seeds
    >>> rng = np.random.default_rng(0)
    >>> x = rng.exponential(size=(500, 3)) @ rng.normal(size=(3, 3))
    >>> agreed = consensus(fit_seeds(x, ICA(), seeds=range(3)))
    >>> agreed.n_latents, bool(min(agreed.evidence.stability) > 0.99)  # every start finds them
    (3, True)
    """
    directions(dictionaries)
    n_seeds, of = len(dictionaries), dictionaries[0].method
    return _agreed(dictionaries, Consensus(of=of, n_seeds=n_seeds, share=share, alike=alike))


def _agreed(dictionaries: Sequence[Dictionary], method: Consensus) -> Dictionary:
    units, signed = directions(dictionaries)
    least = max(2, int(np.ceil(method.share * len(units) - 1e-9)))
    order = np.argsort([-each.mean() for each in stability(dictionaries)], kind="stable")
    groups = _groups([units[s] for s in order], signed, method.alike, least)
    if not groups:
        raise TrainingError(
            f"No atom is held by {least} of {len(units)} dictionaries at a cosine of "
            f"{method.alike:g} or more; learn from more stimuli, or lower alike or share."
        )
    atoms = np.stack([copies.mean(0) for copies in groups])
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    agreement = [
        float(np.sum(copies @ atom) / len(units))
        for copies, atom in zip(groups, atoms, strict=True)
    ]
    ranked = np.argsort(agreement, kind="stable")[::-1][: method.n_latents]
    first = dictionaries[0]
    return Dictionary(
        atoms=atoms[ranked].astype(first.atoms.dtype),
        offset=np.mean([d.offset for d in dictionaries], axis=0).astype(first.offset.dtype),
        method=method.model_copy(update={"n_latents": len(ranked)}),
        by="l0" if all(each.by == "l0" for each in dictionaries) else "fista",
        penalty=_middle([each.penalty for each in dictionaries]),
        floor=_middle([each.floor for each in dictionaries]),
        signed=signed,
        transform=first.transform,
    ).with_evidence(stability=tuple(min(1.0, agreement[i]) for i in ranked))


def _middle(numbers: Sequence[float | None]) -> float | None:
    """Return the median, None where one is missing."""
    known = [number for number in numbers if number is not None]
    return float(np.median(known)) if len(known) == len(numbers) else None


def _groups(
    units: Sequence[np.ndarray], signed: bool, alike: float, least: int
) -> list[np.ndarray]:
    """Return the copies (c, p) of each atom that ``least`` dictionaries or more hold.

    Each dictionary, one after the other, looks for its atoms among those that the later ones have
    left.
    """
    free = [np.ones(len(unit), bool) for unit in units]
    groups = []
    for s in range(len(units) - least + 1):
        own = np.flatnonzero(free[s])
        copies = [[units[s][i]] for i in own]
        taken: list[list[tuple[int, int]]] = [[] for _ in own]
        for t in range(s + 1, len(units)):
            theirs = np.flatnonzero(free[t])
            for i, j, cosine in zip(*match(units[s][own], units[t][theirs], signed), strict=True):
                if abs(cosine) >= alike:
                    copies[i].append(np.sign(cosine) * units[t][theirs[j]])
                    taken[i].append((t, int(theirs[j])))
        for group, members in zip(copies, taken, strict=True):
            if len(group) >= least:
                groups.append(np.stack(group))
                for t, j in members:
                    free[t][j] = False
    return groups
