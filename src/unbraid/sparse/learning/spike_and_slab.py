"""Any dictionary made likely under noise: spike-and-slab codes, sampled in place of guessed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar

import numpy as np

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._evidence import Evidence
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method, MethodOption
from unbraid.sparse.inference._floor import learned_floor
from unbraid.sparse.inference._infer import validation_rows
from unbraid.sparse.inference._monte_carlo_em import fitted_prior
from unbraid.sparse.inference._posterior import means_from_units
from unbraid.sparse.learning._finish import rough, scaled, validation_split
from unbraid.sparse.learning._lasso_steps import learning_rows
from unbraid.sparse.learning._spike_slab_fit import SpikeSlabFit, again, sampled
from unbraid.sparse.learning.sparse_coding import SparseCoding


class SpikeAndSlab(Method):
    r"""Dictionary, prior and noise fitted by Monte Carlo expectation maximisation.

    ``x = b + sum_j s_j z_j a_j + e``: latent j is on with its own probability, its code is then
    normal (above zero, or of mean zero where ``of`` is signed), the noise ``e`` is normal, the same
    for all units. The atoms of ``of`` are where it begins. Codes are drawn from their posterior by
    Gibbs sampling, and atoms, offset, rates, slabs and noise are regressed on what was drawn; atoms
    are born at badly explained stimuli, and those that explain little go, as long as held-out units
    of validation stimuli are predicted better; ``of`` has learned from these stimuli too. Codes are
    posterior means (``by="posterior"``), which have the least squared error.

    Notes
    -----
    With noise, methods that take one code for sure (lasso, pursuit) are biased: iterations of them
    lead away from the true atoms. Without noise, chains cannot move, and those methods are better.
    Cost: ``of``, and some 50 to 200 iterations of 6 n' m and n' k m, k latents being active, n' as
    many stimuli as `SparseCoding` learns from; codes cost 120 sweeps a stimulus, 10 to 30 times the
    lasso.

    References
    ----------
    Olshausen and Millman (2000), sparse codes by Gibbs sampling; Goodfellow, Courville and Bengio
    (2012) and Sheikh, Shelton and Luecke (2014), spike-and-slab sparse coding; Wei and Tanner
    (1990), Monte Carlo expectation maximisation.
    """

    of: MethodOption = SparseCoding()
    """The method whose atoms it begins with."""

    on_device: ClassVar[bool] = True

    @property
    def has_no_origin(self) -> bool:
        """Whether zero means nothing to ``of``."""
        return self.of.has_no_origin

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Learn the first atoms, then all of the model."""
        x, scale = scaled(x)
        rows, validation = validation_split(x, rng, log.order)
        log.within(0.0, 0.5)
        first = self.of.learn(x, rng, log)  # where stimuli are few, a fifth fewer are too few
        log.within(0.0, 1.0)
        log.show(f"sampling codes of {first.n_latents} latents", 0.5)
        start = rough(first, x[validation])
        some = learning_rows(x[rows], first.n_latents, rng)
        best = sampled(some, x[validation], start, rng)
        own = first.evidence.fvu_held_out_units  # of stimuli that it has not learned from
        if best.error >= np.fmax(own, start.error):
            log.warnings.append(
                "Sampled codes predict units that were left out no better than the lasso with the "
                "atoms they began with: there is little noise, or they are far from true; use "
                f"{type(self.of).__name__} alone, or another."
            )
        best = again(learning_rows(x, len(best.atoms), rng), best, rng)
        return finish_sampled(self, best, x[validation], scale)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the start of ``of``, with the prior that suits it best."""
        start = self.of.untrained(x, rng)
        prior = fitted_prior(start.centred(x), start.atoms, start.signed)
        return replace(start, method=self, encoder=None, by="posterior", prior=prior, floor=None)


def finish_sampled(
    method: Method, best: SpikeSlabFit, validation: np.ndarray, scale: float
) -> Dictionary:
    """Return it as a dictionary that encodes by posterior means, in the responses' own units."""
    x = validation_rows(validation - best.offset)
    floor = learned_floor(x, best.atoms, partial(means_from_units, x, best.atoms, best.prior))
    return Dictionary(
        atoms=best.atoms,
        offset=best.offset * best.offset.dtype.type(scale),
        method=method,
        by="posterior",
        prior=best.prior.in_units(scale),
        floor=floor * scale,
        k=max(1, round(float(best.prior.rate.sum()))),
        signed=best.prior.signed,
        evidence=replace(Evidence(), fvu_held_out_units=best.error),
    )
