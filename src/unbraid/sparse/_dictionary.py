"""A learned dictionary: atoms, encoder, and the evidence for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.responses import Codes, as_responses
from unbraid.sparse._evidence import Evidence
from unbraid.sparse._method import Method
from unbraid.sparse._shown import shown
from unbraid.sparse._shuffle import shuffle_latents
from unbraid.sparse._units import in_units
from unbraid.sparse.formats import hub, native
from unbraid.sparse.formats._open import open_pretrained, open_saved
from unbraid.sparse.inference import _lasso_and_pursuit
from unbraid.sparse.inference._asked import By, check_by, checked_k, checked_penalty
from unbraid.sparse.inference._encoder import Encoder
from unbraid.sparse.inference._floor import above
from unbraid.sparse.inference._posterior import expected
from unbraid.sparse.inference._prior import Prior
from unbraid.sparse.inference._transform import Transform, taken_from
from unbraid.sparse.training._source import check_scale

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
    method : Method
        What made it, with every choice resolved.
    encoder : Encoder, optional
        None for dictionaries whose codes are found by pursuit alone.
    evidence : Evidence
        How well it explains the training stimuli, and how the training went.
    by : str
        The inference that ``encode`` uses unless asked otherwise.
    k : int, optional
        Most latents a stimulus, for matching pursuit.
    penalty : float, optional
        Lasso penalty of ``by="fista"`` for atoms of unit length; None: chosen by held-out units.
    signed : bool
        Whether pursuit may use negative codes.
    prior : Prior, optional
        How often each latent is on, what its code then is, and the noise, for ``by="posterior"``;
        None: fitted to the responses to be encoded.
    floor : float, optional
        Least size ``|z_j| |a_j|`` of a code that counts, in the units of the responses: smaller
        ones are exactly 0, unless an encoder picks by itself. Learned by ``fit``; None: no floor.
    transform : str
        ``layer_norm``: each stimulus is brought to mean 0 and unit sd over units first.
        ``constant_norm_rescale``: to length sqrt(p).
    shuffled : bool
        Whether ``encode`` permutes each latent over the stimuli: the control ``ShuffledLatents``.
    units : array of shape (p,), optional
        Names of the units that it was learned from; ``encode`` brings named units into this order.
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
    floor: float | None = None
    transform: Transform = "none"
    shuffled: int | None = None
    units: np.ndarray | None = None

    def __repr__(self) -> str:
        m, p = self.atoms.shape
        seen = self.evidence
        return (
            f"Dictionary({m} atoms in {p} dimensions by {type(self.method).__name__}, "
            f"fvu={seen.fvu:.3g}, l0={seen.l0:.3g}, dead={seen.dead:.2g})"
        )

    def _repr_html_(self) -> str:
        return shown(type(self.method).__name__, self.atoms.shape, self.by, self.evidence)

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
            Columns go by the names of their units where ``x`` and the dictionary have some, else by
            position.
        by : {"encoder", "omp", "fista", "posterior"}, optional
            ``encoder``: one pass through the learned encoder. ``omp``: orthogonal matching
            pursuit, at most ``k`` atoms, codes non-negative. ``fista``: the minimiser of
            ``1/2 |x - offset - z A|^2 + penalty sum_j |a_j| z_j``, non-negative. ``posterior``: the
            mean of the codes given the responses, under a spike-and-slab prior and normal noise.
            By default what the dictionary was learned with. Codes that add no more than noise are
            exactly 0 then (see Notes).
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
        *Which codes are zero.* A code counts where what it adds to the stimulus, ``|z_j| |a_j|``,
        exceeds ``floor``; all others are exactly 0, those that count stay as they were inferred.
        ``fit`` learns the floor, so that codes do not depend on what else is encoded: it is the
        largest multiple, up to 2, of the noise of a unit with which units left out of the inference
        are predicted as well as with any smaller one; see conventions, and ``learned_floor``.
        Encoders that pick (TopK, thresholds, gates) keep their own rule, and so do dictionaries of
        other libraries, baselines and controls; without a floor posterior means below the prior's
        noise are 0.

        ``fista`` names the problem that FISTA is known for; on a CPU it is solved by exact active
        sets, which need no step size and end at the same minimiser. ``posterior`` is sampled, with
        the same random numbers for every stimulus: given a prior, what else is encoded changes
        nothing. It is for noisy responses: with little noise its chains get stuck, and ``fista`` is
        better.
        """
        responses = as_responses(x)
        values = in_units(self.units, responses)
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
        gap, floor = float("nan"), self.floor
        if by == "encoder":
            csr = self._encoded(values)
            floor = None if self.encoder is None or self.encoder.picks else floor
        elif by == "posterior":
            signed = self.signed if signed is None else signed
            csr, noise = expected(self.centred(values), self.atoms, self.prior, signed)
            floor = noise if floor is None else floor
        else:
            signed = self.signed if signed is None else signed
            problem = _lasso_and_pursuit.Problem(
                by=by,
                k=checked_k(k if k is not None else self.k, len(self.atoms)),
                penalty=checked_penalty(penalty if penalty is not None else self.penalty),
                signed=signed,
            )
            csr, gap = _lasso_and_pursuit.infer(self.centred(values), self.atoms, problem)
        if floor is not None:
            csr = above(csr, self.atoms, floor)
        made_by = {"dictionary": self.method.describe(), "inference": by}
        codes = Codes(
            csr,
            stimuli=responses.stimuli,
            gap=gap,
            made_by=made_by,
            taken=taken_from(values, self.transform),
        )
        if self.shuffled is not None:
            return shuffle_latents(codes, rng=self.shuffled)
        return codes

    def decode(self, codes: Any) -> np.ndarray:
        """Return the responses (n, p) that codes describe, ``offset + codes @ atoms``.

        Where the dictionary normalises each stimulus first (``transform``), what was taken from it
        is given back: there ``codes`` must be what ``encode`` returned, which remembers it.
        """
        made = self.offset + self._products(codes)
        if self.transform == "none":
            return made
        taken = getattr(codes, "taken", None)
        if taken is None:
            raise InputError(
                f"codes must be the Codes that encode returned, got {type(codes).__name__}: this "
                f"dictionary normalises each stimulus first ({self.transform}), and only they "
                "remember its mean and size. offset + codes @ atoms is the normalised stimulus."
            )
        shift, scale = taken
        return shift + scale * made

    def transformed(self, x: np.ndarray) -> np.ndarray:
        """Return responses as the dictionary sees them: its float type, its input transform."""
        taken = taken_from(x, self.transform)
        if taken is not None:
            shift, scale = taken
            x = (x - shift) / scale
        return x.astype(self.atoms.dtype, copy=False)

    def centred(self, x: np.ndarray) -> np.ndarray:
        """Return transformed responses less the offset, of which codes are to make up the rest.

        Where nothing is transformed the offset goes before digits do: responses may be far from
        zero beside what they vary by.
        """
        if self.transform != "none":
            return self.transformed(x) - self.offset
        return (x - self.offset).astype(self.atoms.dtype, copy=False)

    def fvu(self, x: Any, codes: Any) -> float:
        """Fraction of variance of ``x`` unexplained by its codes, about the units' means.

        0 is perfect, 1 no better than the mean, more is worse; NaN if ``x`` does not vary. Taken
        after the input transform, where the dictionary has one.
        """
        responses, ids = as_responses(x), getattr(codes, "stimuli", None)
        if ids is not None and responses.stimuli is not None:
            responses = responses.select(ids)
        values = self.centred(in_units(self.units, responses))
        residual = np.square(values - self._products(codes), dtype=np.float64).sum()
        total = np.square(values - values.mean(0, dtype=np.float64)).sum()
        return float(residual / total) if total > 0 else float("nan")

    def save(self, folder: str | Path) -> Path:
        """Write ``cfg.json`` and ``sae_weights.safetensors``, in SAELens' layout.

        SAELens opens it where it has a layout for such codes; where it has none (codes found by
        ``fista``, ``omp`` or ``posterior``, shuffled ones), the architecture stands there under a
        name that SAELens refuses. ``save_pretrained`` and ``sparse.export`` say so.
        """
        return native.save(self, Path(folder))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a dictionary written by ``save``, or by another library (see ``load_foreign``)."""
        return open_saved(cls, Path(folder))

    @classmethod
    def from_pretrained(cls, name: str | Path, **options: Any) -> Self:
        """Read from the Hugging Face hub or a folder; see ``sparse.from_pretrained``."""
        return open_pretrained(cls, name, **options)

    def save_pretrained(self, folder: str | Path) -> Path:
        """Write what ``save`` writes, and a model card."""
        return hub.save_pretrained(self, folder)

    def push_to_hub(self, name: str, **options: Any) -> str:
        """Upload to the Hugging Face hub; see ``sparse.push_to_hub``. Returns the address."""
        return hub.push_to_hub(self, name, **options)

    def with_evidence(self, **numbers: Any) -> Self:
        """Return the same dictionary with more evidence."""
        return replace(self, evidence=replace(self.evidence, **numbers))

    def _products(self, codes: Any) -> np.ndarray:
        """Return ``codes @ atoms`` (n, p)."""
        if not sp.issparse(codes):
            codes = _validate.as_matrix(codes, "codes")
        if codes.ndim != 2 or codes.shape[1] != len(self.atoms):
            raise InputError(f"codes must have shape (n, {len(self.atoms)}), got {codes.shape}.")
        return np.asarray(codes @ self.atoms)

    def _encoded(self, values: np.ndarray) -> sp.csr_array:
        if (encoder := self.encoder) is None:  # cannot be: encode has checked
            raise InputError("This dictionary has no encoder.")
        x = self.centred(values) if encoder.centred else self.transformed(values)
        rows = max(1, _BLOCK_NUMBERS // len(self.atoms))
        parts = [encoder(x[start : start + rows], self.atoms) for start in range(0, len(x), rows)]
        return parts[0] if len(parts) == 1 else sp.csr_array(sp.vstack(parts, format="csr"))
