"""What is said of one latent wherever latents are listed: one row, one meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from unbraid._documented import documented_answer
from unbraid.responses import Codes


@documented_answer
@dataclass(frozen=True, kw_only=True)
class Latent:
    """One latent of a dictionary on some stimuli."""

    latent: int
    """Its place in the dictionary, from 0."""
    density: float
    """Share of the stimuli it is active on."""
    largest: float
    """Its largest code by size, signed; 0 where it is never active."""
    stability: float = float("nan")
    """How far other seeds find it too, in [0, 1]; NaN where there is one."""
    interpretability: float = float("nan")
    """How alike the stimuli that excite it are to another system, in [0, 1]; NaN: not known."""
    label: str = ""
    """The known feature that it stands for, if any."""
    top: tuple[str, ...] = ()
    """Ids of the stimuli that excite it most, first the most; ties in the stimuli's order."""
    codes: tuple[float, ...] = ()
    """Its codes of these stimuli."""


def latent_rows(
    codes: Codes,
    latents: Sequence[int] | None = None,
    *,
    stability: Sequence[float] = (),
    interpretability: Sequence[float] = (),
    labels: Mapping[int, str] | None = None,
    top: int = 6,
) -> tuple[Latent, ...]:
    """Return a row for each latent asked for, in that order; by default all.

    Parameters
    ----------
    codes : Codes
        Of shape (n, m). Without ids stimuli are called by their rows.
    latents : sequence of int, optional
        Which rows, and in which order; by default all.
    stability : sequence of float, optional
        Of all m latents, as ``Evidence.stability``.
    interpretability : sequence of float, optional
        Of all m latents, such as the ``values`` of ``interpret.intrusion``.
    labels : mapping of latent to text, optional
        The known feature that a latent stands for.
    top : int
        Stimuli to name.

    Returns
    -------
    tuple of Latent
        One for each latent asked for.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.responses import Codes
    >>> rows = latent_rows(Codes(np.array([[0, 2.0], [0, 3.0], [1.0, 0]])), top=1)
    >>> rows[1].top, round(rows[1].density, 2)
    (('1',), 0.67)
    """
    columns = codes.tocsc()
    n, m = codes.shape
    ids = codes.stimuli if codes.stimuli is not None else np.arange(n).astype(str)
    rows = []
    for j in range(m) if latents is None else latents:
        start, stop = columns.indptr[j], columns.indptr[j + 1]
        active, values = columns.indices[start:stop], columns.data[start:stop]
        on = values != 0
        active, values = active[on], values[on]
        best = np.lexsort((active, -np.abs(values)))[:top]
        rows.append(
            Latent(
                latent=int(j),
                density=len(active) / n,
                largest=float(values[best[0]]) if len(best) else 0.0,
                stability=float(stability[j]) if len(stability) else float("nan"),
                interpretability=float(interpretability[j])
                if len(interpretability)
                else float("nan"),
                label=(labels or {}).get(int(j), ""),
                top=tuple(str(ids[active[i]]) for i in best),
                codes=tuple(float(values[i]) for i in best),
            )
        )
    return tuple(rows)
