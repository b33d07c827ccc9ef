"""Codes of responses by each inference, from constants that the dictionary keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from unbraid.errors import InputError
from unbraid.sparse.inference import _infer
from unbraid.sparse.inference._asked import By, check_by, checked_k, checked_penalty
from unbraid.sparse.inference._floor import above
from unbraid.sparse.inference._posterior import posterior_mean
from unbraid.sparse.inference._prior import check_latents

if TYPE_CHECKING:
    from unbraid.sparse._dictionary import Dictionary
    from unbraid.sparse.inference._encoder import Encoder

_CODE_NUMBERS = 32_000_000  # largest dense block of scores held at once


def codes_by(
    by: By,
    learned: Dictionary,
    values: np.ndarray,
    *,
    k: int | None,
    penalty: float | None,
    signed: bool | None,
) -> tuple[sp.csr_array, float]:
    """Return codes (n, m) and the largest gap. No constant is taken from ``values``."""
    gap, floor = float("nan"), learned.floor
    signed = learned.signed if signed is None else signed
    if by == "encoder":
        encoder = needed_encoder(learned)
        csr = _encoded(learned, encoder, values)
        floor = None if encoder.picks else floor
    elif by == "posterior":
        check_latents(learned.n_latents)
        if (prior := learned.prior) is None:
            raise InputError(f"This dictionary has no prior for by='posterior'. {_remedy(by)}")
        csr = posterior_mean(learned.centred(values), learned.atoms, prior.made(signed))
        floor = float(np.sqrt(prior.noise)) if floor is None else floor
    else:
        most = learned.k if k is None and by != "l0" else k  # l0 has no usual number
        problem = _infer.Problem(
            by=by,
            k=checked_k(most, learned.n_latents),
            penalty=checked_penalty(penalty if penalty is not None else learned.penalty),
            least=floor,
            signed=signed,
        )
        if by == "fista" and problem.penalty is None:
            raise InputError(
                f"This dictionary has no penalty for by='fista'. Give penalty=. {_remedy(by)}"
            )
        if by == "l0" and not floor:
            raise InputError(f"This dictionary has no floor for by='l0'. {_remedy(by)}")
        csr, gap = _infer.infer(learned.centred(values), learned.atoms, problem)
    return csr if floor is None else above(csr, learned.atoms, floor), gap


def checked_by(by: By | None, learned: Dictionary, device: Any = None) -> By:
    """Return the inference asked for, by default what the dictionary was learned with."""
    by = learned.by if by is None else by
    check_by(by)
    if device is not None and by in ("posterior", "l0"):
        raise InputError(f"by={by!r} is computed on the processor; leave device out.")
    return by


def needed_encoder(learned: Dictionary) -> Encoder:
    """Return the dictionary's encoder."""
    if learned.encoder is None:
        raise InputError(
            f"This dictionary ({type(learned.method).__name__}) has no encoder; use "
            "by='omp', by='fista', by='l0' or by='posterior'."
        )
    return learned.encoder


def _remedy(by: By) -> str:
    return (
        f"Learn one from training responses: prepared(x_train, by={by!r}), or --train of "
        "unbraid encode."
    )


def _encoded(learned: Dictionary, encoder: Encoder, values: np.ndarray) -> sp.csr_array:
    x = learned.centred(values) if encoder.centred else learned.transformed(values)
    rows = max(1, _CODE_NUMBERS // learned.n_latents)
    parts = [encoder(x[at : at + rows], learned.atoms) for at in range(0, len(x), rows)]
    return parts[0] if len(parts) == 1 else sp.csr_array(sp.vstack(parts, format="csr"))
