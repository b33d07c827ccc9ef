"""A learned dictionary: atoms, encoder, and the evidence for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from unbraid import _validate
from unbraid._kernels.device import computing_on
from unbraid.errors import InputError
from unbraid.responses import Codes, as_responses
from unbraid.sparse._evidence import Evidence
from unbraid.sparse._method import Method
from unbraid.sparse._shown import shown
from unbraid.sparse._shuffle import shuffled
from unbraid.sparse._units import in_units
from unbraid.sparse.formats import hub, native
from unbraid.sparse.formats._open import open_pretrained, open_saved
from unbraid.sparse.inference import _prepare
from unbraid.sparse.inference._asked import By
from unbraid.sparse.inference._codes_by import checked_by, codes_by
from unbraid.sparse.inference._encoder import Encoder
from unbraid.sparse.inference._prior import Prior
from unbraid.sparse.inference._transform import Transform, given_back, taken_from
from unbraid.sparse.training._source import check_scale


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
        Most latents per stimulus, for matching pursuit.
    penalty : float, optional
        Lasso penalty of ``by="fista"`` for atoms of unit length, by ``fit`` and ``prepared``.
    signed : bool
        Whether pursuit may use negative codes.
    prior : Prior, optional
        How often each latent is on, what its code then is, and the noise, for ``by="posterior"``;
        by ``SpikeAndSlab`` and ``prepared``.
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
        device: Any = None,
    ) -> Codes:
        r"""Sparse codes of responses, with the stimulus ids of ``x``.

        Parameters
        ----------
        x : Responses or array of shape (n, p)
            Columns go by the names of their units where ``x`` and the dictionary have some, else by
            position.
        by : {"encoder", "omp", "fista", "l0", "posterior"}, optional
            ``encoder``: one pass through the learned encoder. ``omp``: orthogonal matching
            pursuit, at most ``k`` atoms, codes non-negative. ``fista``: the minimiser of
            ``1/2 |x - offset - z A|^2 + penalty sum_j |a_j| z_j``, non-negative. ``l0``: of ``|x -
            offset - z A|^2 + floor^2 |z|_0``, by beam search. ``posterior``: the mean of the codes
            given the responses, under a spike-and-slab prior and normal noise. By default what the
            dictionary was learned with. Codes that add no more than noise are exactly 0 (Notes).
        k : int, optional
            Most latents per stimulus, for ``omp`` and ``l0`` (there 64 by default).
        penalty : float, optional
            For ``fista``, in the units of ``x``.
        signed : bool, optional
            Let codes be negative, where no encoder makes them.
        device : torch.device or str, optional
            Such as ``"cuda"``: torch computes there; codes agree to rounding. Not ``l0`` and
            ``posterior``.

        Returns
        -------
        Codes
            CSR (n, m). ``gap`` is the largest violation of the optimality conditions over the
            stimuli, relative to each stimulus' largest correlation with an atom: about 1e-6 where
            the problem is solved; NaN for an encoder, ``l0`` and the posterior.

        Raises
        ------
        InputError
            Other units; no penalty, floor or prior that ``by`` needs (see ``prepared``).

        Notes
        -----
        *A stimulus' codes do not depend on the other stimuli*: to the bit with up to 2^18 numbers
        in the atoms, to rounding beyond. Every constant is the dictionary's own. The control
        ``ShuffledLatents`` is the one exception: it permutes codes over the stimuli it is given.

        *Which codes are zero.* A code counts where what it adds to the stimulus, ``|z_j| |a_j|``,
        exceeds ``floor``; all others are exactly 0, those that count stay as they were inferred.
        How ``fit`` learns the floor: see conventions, and ``learned_floor``. Encoders that pick
        (TopK, thresholds, gates), dictionaries of other libraries, baselines and controls keep
        their own rule; without a floor posterior means below the prior's noise are 0.

        ``fista`` is solved by exact active sets. With little noise ``l0`` finds the fewest latents,
        also of atoms too alike for ``fista``; ``posterior`` is sampled, and its chains get stuck.
        """
        responses, by = as_responses(x), checked_by(by, self, device)
        values = self._values(responses)
        with computing_on(device):
            csr, gap = codes_by(by, self, values, k=k, penalty=penalty, signed=signed)
        made_by = {"dictionary": self.method.describe(), "inference": by}
        codes = Codes(
            csr,
            stimuli=responses.stimuli,
            gap=gap,
            made_by=made_by,
            taken=taken_from(values, self.transform),
        )
        return codes if self.shuffled is None else shuffled(codes, self.shuffled)

    def prepared(self, x: Any, by: By | None = None) -> Self:
        """Return the dictionary with the constants that an inference needs, learned from ``x``.

        Parameters
        ----------
        x : Responses or array of shape (n, p)
            Training responses, not those to be scored; 400 of them are used for a penalty, 2,000
            for a prior.
        by : {"encoder", "omp", "fista", "l0", "posterior"}, optional
            The inference to come: ``fista`` needs a penalty, ``l0`` a floor, ``posterior`` a
            prior, the others nothing. By default what the dictionary was learned with.

        Returns
        -------
        Dictionary
            The same, where it lacks nothing. What is learned is kept when it is saved.
        """
        return _prepare.prepared(self, self._values(x), checked_by(by, self))

    def decode(self, codes: Any) -> np.ndarray:
        """Return the responses (n, p) that codes describe, ``offset + codes @ atoms``.

        Where it normalises stimuli first (``transform``), ``codes`` must come from ``encode``.

        Parameters
        ----------
        codes : Codes or array of shape (n, m)
            As ``encode`` returns them.

        Returns
        -------
        array of shape (n, p)
            In the units of the responses.
        """
        made = self.offset + self._products(codes)
        return made if self.transform == "none" else given_back(made, codes, self.transform)

    def transformed(self, x: np.ndarray) -> np.ndarray:
        """Return responses as the dictionary sees them: its float type, its input transform."""
        taken = taken_from(x, self.transform)
        if taken is not None:
            shift, scale = taken
            x = (x - shift) / scale
        return x.astype(self.atoms.dtype, copy=False)

    def centred(self, x: np.ndarray) -> np.ndarray:
        """Return transformed responses minus the offset, subtracted before precision is lost."""
        if self.transform != "none":
            return self.transformed(x) - self.offset
        return (x - self.offset).astype(self.atoms.dtype, copy=False)

    def fvu(self, x: Any, codes: Any) -> float:
        """Fraction of variance of ``x`` unexplained by its codes, about the units' means.

        Parameters
        ----------
        x : Responses or array of shape (n, p)
            Responses.
        codes : Codes or array of shape (n, m)
            Their codes.

        Returns
        -------
        float
            0 is perfect, 1 no better than the mean; NaN if ``x`` does not vary.
        """
        responses, ids = as_responses(x), getattr(codes, "stimuli", None)
        if ids is not None and responses.stimuli is not None:
            responses = responses.select(ids)
        values = self.centred(in_units(self.units, responses))
        residual = np.square(values - self._products(codes), dtype=np.float64).sum()
        total = np.square(values - values.mean(0, dtype=np.float64)).sum()
        return float(residual / total) if total > 0 else float("nan")

    def save(self, folder: str | Path) -> Path:
        """Write SAELens' layout; it refuses codes for which it has none (``fista``, ``omp``).

        Parameters
        ----------
        folder : str or Path
            An earlier dictionary there is replaced.

        Returns
        -------
        Path
            The folder.
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
        """Write a model card and what ``save`` writes; see ``save``."""
        return hub.save_pretrained(self, folder)

    def push_to_hub(self, name: str, **options: Any) -> str:
        """Upload to the Hugging Face hub; see ``sparse.push_to_hub``. Returns the address."""
        return hub.push_to_hub(self, name, **options)

    def with_evidence(self, **numbers: Any) -> Self:
        """Return the same dictionary with more evidence."""
        return replace(self, evidence=replace(self.evidence, **numbers))

    def _values(self, x: Any) -> np.ndarray:
        """Return checked responses (n, p), columns in the order of the dictionary's units."""
        values = in_units(self.units, as_responses(x), self.atoms.shape[1])
        check_scale(values, least=0.0)
        return values

    def _products(self, codes: Any) -> np.ndarray:
        """Return ``codes @ atoms`` (n, p)."""
        if not sp.issparse(codes):
            codes = _validate.as_matrix(codes, "codes")
        if codes.ndim != 2 or codes.shape[1] != len(self.atoms):
            raise InputError(f"codes must have shape (n, {len(self.atoms)}), got {codes.shape}.")
        return np.asarray(codes @ self.atoms)
