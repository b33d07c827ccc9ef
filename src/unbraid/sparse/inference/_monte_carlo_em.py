"""Atoms, prior and noise that make the responses likely: expectation-maximisation by sampling."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unbraid._kernels.codes.gibbs import draw
from unbraid.sparse.inference._infer import normalised
from unbraid.sparse.inference._prior import Prior, check_latents, cut_moments
from unbraid.sparse.training._source import spaced

_SWEEPS = 6  # of the chains in an iteration; the first is left out
# A vague start; what is on more often is no sparse code; never zero
_USUAL_RATE, _MOST_RATE, _LEAST_RATE = 0.2, 0.5, 1e-5
_START_NOISE, _START_SPREAD = 0.3, 0.5  # shares of the variance, and of a code
_TIGHTEST = 1e-4  # variance of a slab, relative to its mean square
_SEEN = 10  # times a latent must have been on for its slab to be changed
_NOTHING = 1e-8  # length or mean below which a division would only enlarge rounding
_LEAST_NOISE = 1e-4  # of responses of unit variance: with less, chains could not move
_CUTS = np.linspace(-4, 10, 281)  # mean of a slab before it is cut, in sds
PRIOR_ROWS, _PRIOR_ITERATIONS = 2000, 20  # of a prior alone
_UNITS_AN_ACTIVE = 8  # where it is not known how many latents are active


@dataclass(eq=False)
class MonteCarloEM:
    """``x = offset + (s * z) A + noise`` fitted by Monte Carlo expectation maximisation.

    Gibbs chains, one per stimulus, go on from one iteration to the next: their codes are drawn in
    proportion to how likely they are, where the lasso takes one code for sure. With noise, the
    atoms that iterations of the lasso end with are biased; these stay where the truth is. Slabs are
    the normal distributions, cut at zero unless signed, with mean and variance of the codes drawn
    (Goodfellow, Courville and Bengio 2012; Sheikh, Shelton and Luecke 2014). Responses should have
    about unit variance. Cost an iteration: 6 n m, and n k m for the k codes that change; n m and
    m^2 numbers are held.
    """

    x: np.ndarray
    """Stimuli (n, p), float32."""
    atoms: np.ndarray
    offset: np.ndarray
    prior: Prior
    learn_offset: bool
    rng: np.random.Generator
    codes: np.ndarray
    """Where the chains are (n, m), float32; changed in place."""
    learn_atoms: bool = True

    def run(self, iterations: int) -> None:
        """Run so many iterations."""
        for _ in range(iterations):
            self._iterate()

    def _iterate(self) -> None:
        x = self.x - self.offset
        seed = int(self.rng.integers(2**63))
        sums, second, counts = draw(
            x @ self.atoms.T, self.atoms @ self.atoms.T, self.codes, self.prior.numbers(),
            signed=self.prior.signed, sweeps=_SWEEPS, seed=seed,
        )  # fmt: skip
        n, kept = len(x), _SWEEPS - 1
        with_x = (sums.T @ x).astype(np.float64)
        atoms = self.atoms.astype(np.float64)
        if self.learn_atoms:  # what was hardly ever on stays where it is
            ridge = self.prior.noise * np.eye(len(atoms))
            atoms = np.linalg.solve(second + ridge, with_x + self.prior.noise * atoms)
        squares = kept * np.square(x, dtype=np.float64).sum()
        wrong = squares - 2 * (with_x * atoms).sum() + ((second @ atoms) * atoms).sum()
        total = sums.sum(0, dtype=np.float64)
        if self.learn_offset:
            left = x.mean(0, dtype=np.float64) - total @ atoms / (n * kept)
            self.offset = (self.offset + left).astype(self.offset.dtype)
        free = max(n - self.learn_atoms * len(atoms), 0.5 * n)  # as many went into the atoms
        noise = max(wrong / (free * kept * x.shape[1]), _LEAST_NOISE)
        self.prior = replace(self._slabs(total, second, counts, n * kept), noise=noise)
        if self.learn_atoms:
            length = np.maximum(np.linalg.norm(atoms, axis=1), _NOTHING)
            self.atoms = np.ascontiguousarray(atoms / length[:, None], np.float32)
            self.prior = self.prior.times(length)
            self.codes *= length.astype(np.float32)

    def _slabs(
        self, total: np.ndarray, second: np.ndarray, counts: np.ndarray, chances: int
    ) -> Prior:
        """Return the prior with rates and slabs as the codes were drawn."""
        often, old = np.maximum(counts, 1), self.prior
        square = np.diag(second) / often
        mean, variance = (
            (np.zeros_like(total), square) if old.signed else _cut(total / often, square)
        )
        seen = (counts >= _SEEN) & (variance > 0)
        return replace(
            old,
            rate=np.clip((counts + 0.5) / (chances + 1), _LEAST_RATE, _MOST_RATE),
            mean=np.where(seen, mean, old.mean),
            variance=np.where(seen, variance, old.variance),
        )


def _cut(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of the normal that, cut at zero, has these moments.

    Where their spread is small nothing is cut; where it is too large, as much as can be.
    """
    by_cut, squares = cut_moments(_CUTS)
    ratio = second / np.maximum(first**2, _NOTHING**2)
    t = np.interp(-ratio, -squares / by_cut**2, _CUTS)
    spread = first / np.interp(t, _CUTS, by_cut)
    plain = t >= _CUTS[-1]
    tight = np.maximum(second - first**2, _TIGHTEST * second)
    return np.where(plain, first, t * spread), np.where(plain, tight, spread**2)


def fitted_prior(x: np.ndarray, atoms: np.ndarray, signed: bool) -> Prior:
    """Return the prior and the noise that suit ``x`` (n, p), offset subtracted, and given atoms."""
    check_latents(len(atoms))
    x = spaced(x, PRIOR_ROWS)
    size = float(np.sqrt(np.square(x, dtype=np.float64).mean())) or 1.0
    x = np.ascontiguousarray(x / size, np.float32)
    unit, length = normalised(np.ascontiguousarray(atoms, np.float32))
    start = start_prior(x, len(unit), x.shape[1] / _UNITS_AN_ACTIVE, signed=signed)
    now = MonteCarloEM(x, unit, np.zeros(x.shape[1], np.float32), start, learn_offset=False,
                      rng=np.random.default_rng(0), codes=silent(x, unit),
                      learn_atoms=False)  # fmt: skip
    now.run(_PRIOR_ITERATIONS)
    return now.prior.times(1 / length.astype(np.float64)).in_units(size)


def silent(x: np.ndarray, atoms: np.ndarray) -> np.ndarray:
    """Return chains (n, m) that begin with all codes zero."""
    return np.zeros((len(x), len(atoms)), np.float32)


def start_prior(x: np.ndarray, m: int, active: float, *, signed: bool) -> Prior:
    """Return a vague prior for ``x`` (n, p), offset subtracted: ``active`` latents per stimulus."""
    variance = max(float(np.square(x, dtype=np.float64).mean()), _LEAST_NOISE)
    size = np.sqrt(variance * x.shape[1] / max(active, 1.0))
    return Prior(
        rate=np.full(m, min(_USUAL_RATE, max(active, 1.0) / m)),
        mean=np.full(m, 0.0 if signed else size),
        variance=np.full(m, (1.0 if signed else _START_SPREAD) * size**2),
        noise=_START_NOISE * variance,
        signed=signed,
    )
