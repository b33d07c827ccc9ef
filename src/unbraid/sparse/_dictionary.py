"""A learned dictionary: atoms, encoder, and the evidence for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
import scipy.sparse as sp

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.responses import Codes, as_responses
from unbraid.sparse._evidence import Evidence
from unbraid.sparse._method import Method
from unbraid.sparse._shuffle import shuffle_latents
from unbraid.sparse.inference import _lasso_and_pursuit
from unbraid.sparse.inference._encoder import Encoder
from unbraid.sparse.inference._posterior import posterior_mean
from unbraid.sparse.inference._prior import Prior
from unbraid.sparse.training._source import check_scale

By = Literal["encoder", "omp", "fista", "posterior"]
Transform = Literal["none", "layer_norm", "constant_norm_rescale"]
_BLOCK_NUMBERS = 32_000_000  # largest dense block of scores held at once


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Dictionary:
    """Atoms that responses are sums of, ``x ~ offset + codes @ atoms``, and how to find the codes.

    Parameters
    ----------
    atoms : array of shape (m, p)
        One atom a row.
    offset : array of shape (p,)
        What a stimulus with all codes zero answers.
    encoder : Encoder, optional
        None for dictionaries whose codes are found by pursuit alone.
    method : Method
        What made it, with every choice resolved.
    evidence : Evidence
    by : str
        The inference that ``encode`` uses unless told otherwise.
    k : int, optional
        Most latents a stimulus, for matching pursuit.
    penalty : float, optional
        Lasso penalty of ``by="fista"`` for atoms of unit length; chosen on the responses to be
        encoded, by held-out units, where it is None.
    signed : bool
        Whether pursuit may use negative codes.
    prior : Prior, optional
        How often each latent is on, what its code then is, and the noise, for ``by="posterior"``;
        fitted to the responses to be encoded where it is None.
    transform : str
        ``layer_norm``: each stimulus is brought to mean 0 and unit sd over units first.
        ``constant_norm_rescale``: each stimulus is brought to length sqrt(p) first.
    """

    atoms: np.ndarray
    offset: np.ndarray
    method: Method
    encoder: Encoder | None = None
    evidence: Evidence = field(default_factory=Evidence)
    by: By = "encoder"
    k: int | None = None
    penalty: float | None = None
    signed: bool = False
    prior: Prior | None = None
    transform: Transform = "none"
    shuffled: int | None = None

    def __repr__(self) -> str:
        m, p = self.atoms.shape
        seen = self.evidence
        return (
            f"Dictionary({m} atoms in {p} dimensions by {type(self.method).__name__}, "
            f"fvu={seen.fvu:.3g}, l0={seen.l0:.3g}, dead={seen.dead:.2g})"
        )

    @property
    def n_latents(self) -> int:
        """Number of atoms."""
        return len(self.atoms)

    def encode(
        self,
        x: Any,
        by: By | None = None,
        *,
        k: int | None = None,
        penalty: float | None = None,
        signed: bool | None = None,
    ) -> Codes:
        r"""Sparse codes of responses, with the stimulus ids of ``x``.

        Parameters
        ----------
        x : Responses or array of shape (n, p)
        by : {"encoder", "omp", "fista", "posterior"}, optional
            ``encoder``: one pass through the learned encoder. ``omp``: orthogonal matching
            pursuit, at most ``k`` atoms, codes non-negative. ``fista``: the minimiser of
            ``1/2 |x - offset - z A|^2 + penalty sum_j |a_j| z_j``, non-negative. ``posterior``: the
            mean of the codes given the responses, under a spike-and-slab prior and normal noise.
            By default what the dictionary was learned with.
        k : int, optional
            Most latents a stimulus, for ``omp``.
        penalty : float, optional
            For ``fista``, in the units of ``x``.
        signed : bool, optional
            Let codes be negative, where no encoder makes them.

        Returns
        -------
        Codes
            CSR (n, m). ``gap`` is the largest violation of the optimality conditions over the
            stimuli, relative to each stimulus' largest correlation with an atom: about 1e-6 where
            the problem is solved; NaN for an encoder and the posterior.

        Notes
        -----
        ``fista`` names the problem that FISTA is known for; on a CPU it is solved by exact active
        sets, which need no step size and end at the same minimiser. ``posterior`` is sampled, with
        the same random numbers for every stimulus: given a prior, what else is encoded changes
        nothing. It is for noisy responses: with little noise its chains get stuck, and ``fista`` is
        better.
        """
        responses = as_responses(x)
        values = responses.toarray()
        if values.shape[1] != self.atoms.shape[1]:
            raise InputError(
                f"x must have the {self.atoms.shape[1]} units that the dictionary was learned "
                f"from, got {values.shape[1]}."
            )
        by = self.by if by is None else by
        check_by(by)
        if by == "encoder" and self.encoder is None:
            raise InputError(
                f"This dictionary ({type(self.method).__name__}) has no encoder; use "
                "by='omp', by='fista' or by='posterior'."
            )
        check_scale(values, least=0.0)
        values = self.transformed(values)
        gap = float("nan")
        if by == "encoder":
            csr = self._encoded(values)
        elif by == "posterior":
            csr = self._expected(values, self.signed if signed is None else signed)
        else:
            signed = self.signed if signed is None else signed
            problem = _lasso_and_pursuit.Problem(
                by=by,
                k=_checked_k(k if k is not None else self.k, len(self.atoms)),
                penalty=_checked_penalty(penalty if penalty is not None else self.penalty),
                signed=signed,
            )
            csr, gap = _lasso_and_pursuit.infer(values - self.offset, self.atoms, problem)
        made_by = {"dictionary": self.method.describe(), "inference": by}
        codes = Codes(csr, stimuli=responses.stimuli, gap=gap, made_by=made_by)
        if self.shuffled is not None:
            return shuffle_latents(codes, rng=self.shuffled)
        return codes

    def decode(self, codes: Any) -> np.ndarray:
        """Return ``offset + codes @ atoms`` (n, p), in the space the dictionary was learned in."""
        if not sp.issparse(codes):
            codes = _validate.as_matrix(codes, "codes")
        if codes.ndim != 2 or codes.shape[1] != len(self.atoms):
            raise InputError(f"codes must have shape (n, {len(self.atoms)}), got {codes.shape}.")
        return np.asarray(codes @ self.atoms) + self.offset

    def transformed(self, x: np.ndarray) -> np.ndarray:
        """Return responses as the dictionary sees them: its float type, its input transform."""
        x = x.astype(self.atoms.dtype, copy=False)
        if self.transform == "none":
            return x
        if self.transform == "constant_norm_rescale":
            length = np.sqrt(np.square(x, dtype=np.float64).sum(1, keepdims=True))
            factor = np.sqrt(x.shape[1]) / np.where(length > 0, length, 1)
            return x * factor.astype(x.dtype)
        x = x - x.mean(axis=1, keepdims=True)
        spread = x.std(axis=1, ddof=1 if x.shape[1] > 1 else 0, keepdims=True, dtype=np.float64)
        return x / (spread + 1e-5).astype(x.dtype)

    def fvu(self, x: Any, codes: Any) -> float:
        """Fraction of variance of ``x`` unexplained by its codes, about the units' means.

        0 is perfect, 1 no better than the mean, more is worse; NaN if ``x`` does not vary. Taken
        after the input transform, where the dictionary has one.
        """
        responses, ids = as_responses(x), getattr(codes, "stimuli", None)
        if ids is not None and responses.stimuli is not None:
            responses = responses.select(ids)
        values = self.transformed(responses.toarray())
        residual = np.square(values - self.decode(codes), dtype=np.float64).sum()
        total = np.square(values - values.mean(0, dtype=np.float64)).sum()
        return float(residual / total) if total > 0 else float("nan")

    def save(self, folder: str | Path) -> Path:
        """Write ``cfg.json`` and ``sae_weights.safetensors``, in SAELens' layout.

        SAELens opens it where it has a layout for such codes; where it has none (codes found by
        ``fista``, ``omp`` or ``posterior``, shuffled ones), that is warned about, and SAELens
        refuses the folder.
        """
        from unbraid.sparse.formats.native import save, warn_if_unsaid

        target = save(self, Path(folder))
        warn_if_unsaid(self)
        return target

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a dictionary written by ``save``, or by another library (see ``load_foreign``)."""
        from unbraid.sparse.formats.native import load

        return load(cls, Path(folder))

    @classmethod
    def from_pretrained(cls, name: str | Path, **options: Any) -> Dictionary:
        """Read from the Hugging Face hub or a folder; see ``sparse.from_pretrained``."""
        from unbraid.sparse.formats.hub import from_pretrained

        return from_pretrained(name, **options)

    def save_pretrained(self, folder: str | Path) -> Path:
        """Write what ``save`` writes, and a model card."""
        from unbraid.sparse.formats.hub import save_pretrained

        return save_pretrained(self, folder)

    def push_to_hub(self, name: str, **options: Any) -> str:
        """Upload to the Hugging Face hub; see ``sparse.push_to_hub``. Returns the address."""
        from unbraid.sparse.formats.hub import push_to_hub

        return push_to_hub(self, name, **options)

    def with_evidence(self, **numbers: Any) -> Self:
        """Return the same dictionary with more evidence."""
        return replace(self, evidence=replace(self.evidence, **numbers))

    def _expected(self, values: np.ndarray, signed: bool) -> sp.csr_array:
        left, prior = values - self.offset, self.prior
        if prior is None:
            from unbraid.sparse.inference._monte_carlo_em import fitted_prior

            prior = fitted_prior(left, self.atoms, signed)
        return posterior_mean(left, self.atoms, prior.made(signed))

    def _encoded(self, values: np.ndarray) -> sp.csr_array:
        if self.encoder is None:  # cannot be: encode has checked
            raise InputError("This dictionary has no encoder.")
        rows = max(1, _BLOCK_NUMBERS // len(self.atoms))
        parts = [
            self.encoder(values[start : start + rows], self.offset, self.atoms)
            for start in range(0, len(values), rows)
        ]
        return parts[0] if len(parts) == 1 else sp.csr_array(sp.vstack(parts, format="csr"))


def check_by(by: Any) -> None:
    """Refuse the name of an inference that there is not."""
    if by not in get_args(By):
        raise InputError(f"by must be 'encoder', 'omp', 'fista' or 'posterior', got {by!r}.")


def _checked_k(k: int | None, n_latents: int) -> int | None:
    whole = isinstance(k, int | np.integer) and not isinstance(k, bool)
    if k is not None and not (whole and 1 <= k <= n_latents):
        raise InputError(f"k must be a whole number in 1..{n_latents}, got {k!r}.")
    return k


def _checked_penalty(penalty: float | None) -> float | None:
    if penalty is not None and not (np.isreal(penalty) and 0 <= penalty < np.inf):
        raise InputError(f"penalty must be a number of at least 0, got {penalty!r}.")
    return penalty
