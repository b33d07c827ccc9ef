"""What loaded responses look like: transposed, half written, or no responses at all."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from pathlib import Path

import numpy as np

from unbraid.errors import InputError
from unbraid.responses.labelled._responses import Responses

# cells x frames, as the programs that write them say
_TURNED_FILES = {"F.npy": "Suite2p", "Fneu.npy": "Suite2p", "spks.npy": "Suite2p"}
_TURNED = {
    "F": ("Suite2p", "iscell"), "Fneu": ("Suite2p", "iscell"), "spks": ("Suite2p", "iscell"),
    "estimates/C": ("CaImAn", ""), "estimates/S": ("CaImAn", ""), "estimates/F_dff": ("CaImAn", ""),
    "EEG/data": ("EEGLAB", ""), "data": ("EEGLAB", "pnts"),
}  # fmt: skip
_WIDE = 5  # times as many units as stimuli: "far more"
_SAMPLED = 1000  # pairs of columns that are correlated
_ALIKE, _MORE_ALIKE = 0.3, 0.2  # of neighbours, and beyond columns that are far apart
_LARGEST = 1024  # rows and columns of a square matrix that are compared with its transpose
_FEWEST_TIMES = 10  # rising values that are no accident: one in 3.6 million orders
_FULL = 0.5  # share of non-zeros above which rows of zeros are odd


def check_name(path: Path, name: str, names: Collection[str], axes: str | None) -> None:
    """Refuse what a known program writes as (units, stimuli), unless ``axes`` says how it lies.

    ``name`` is the array's path in the file ('' in a file of one array), ``names`` all of them.
    """
    if axes is not None:
        return
    program, beside = _TURNED.get(name.strip("/"), ("", ""))
    program = program if not beside or beside in names else ""
    program = program or ("" if name else _TURNED_FILES.get(path.name, ""))
    if program:
        raise InputError(
            f"{path}{': ' + name if name else ''} is, as {program} writes it, units x time: say "
            'axes="units stimuli" (or axes="stimuli units" if it is not).'
        )


def warn_if_odd(path: Path, x: Responses, *, told: bool) -> None:
    """Warn, once, where responses look like something else; ``told``: their axes are known.

    Square symmetric matrices are dissimilarities, similarities or covariances; one rising column
    is times; rows of zeros at the end were never written; units that far outnumber stimuli and
    resemble their neighbours are points in time, and the matrix is transposed.
    """
    if x.is_sparse:
        return
    values = np.asarray(x.values)
    n, p = values.shape
    found = symmetric(values) if n == p else None
    if found is None and p == 1:
        found = _times(values[:, 0])
    if found is None and not told and x.stimuli is None and x.units is None:
        found = _turned(values)
    if found is None:
        found = _unwritten(values)
    if found is not None:
        warnings.warn(f"{path} {found}", RuntimeWarning, stacklevel=3)


def check_no_rdm(x: Responses, name: str) -> None:
    """Refuse dissimilarities where responses of units are learned from or compared."""
    if x.is_sparse or x.shape[0] != x.shape[1]:
        return
    found = symmetric(np.asarray(x.values))
    if found is not None and "RDM" in found:
        raise InputError(f"{name} {found}")


_COMPARED = "; unbraid.align.rsa(x, y, rdm='given') compares two such matrices"


def symmetric(values: np.ndarray) -> str | None:
    """Return what a square matrix (n, n) is, if it is one of stimuli by stimuli."""
    block = np.asarray(values[:_LARGEST, :_LARGEST])
    inside = block[~np.eye(len(block), dtype=bool)]
    if len(block) < 3 or np.ptp(inside) == 0 or not np.allclose(block, block.T, rtol=1e-6):
        return None
    diagonal = np.diagonal(block)
    kind = "covariances or a Gram matrix"
    if np.ptp(diagonal) <= 1e-6 * np.abs(diagonal).max(initial=0):
        kind = "dissimilarities (an RDM)" if not diagonal.any() else "similarities or correlations"
    return (
        f"holds a square symmetric matrix, like {kind} between stimuli: its rows are no responses "
        f"of units. Take the responses it was made from{_COMPARED if 'RDM' in kind else ''}."
    )


def _times(column: np.ndarray) -> str | None:
    rising = len(column) >= _FEWEST_TIMES and (np.diff(column) >= 0).all()
    if not rising or column[0] < 0 or len(np.unique(column)) < len(column) / 2:
        return None
    return (
        "holds one column that only rises, like times of spikes or frames: its rows are no "
        "stimuli. Count spikes in a window of each trial first."
    )


def _turned(values: np.ndarray) -> str | None:
    n, p = values.shape
    if n < 3 or p < _WIDE * n:
        return None
    left = np.unique(np.linspace(0, p - 2, _SAMPLED).astype(int))
    mean = values.mean(axis=1, dtype=np.float64, keepdims=True)
    here, after, far = (values[:, at] - mean for at in (left, left + 1, (left + p // 2) % p))
    alike, apart = _correlation(here, after), _correlation(here, far)
    if not (alike > _ALIKE and alike > abs(apart) + _MORE_ALIKE):
        return None
    return (
        f"has {p} units and {n} stimuli, and neighbouring units resemble each other "
        f"(r = {alike:.2f}), like points in time: if rows are units, say "
        'axes="units stimuli".'
    )


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Return the mean correlation of pairs of columns."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    norms = np.linalg.norm(x, axis=0) * np.linalg.norm(y, axis=0)
    products = np.einsum("ij,ij->j", x, y)
    return float(np.mean(products[norms > 0] / norms[norms > 0])) if norms.any() else 0.0


def _unwritten(values: np.ndarray) -> str | None:
    n, p = values.shape
    if p < 8 or n < 3 or values[-1].any():
        return None
    silent = np.asarray(~values.any(axis=1))
    first = n - int(np.argmin(silent[::-1]))
    if silent.all() or silent[:first].any() or np.count_nonzero(values[:first]) < _FULL * first * p:
        return None
    return f"ends in {n - first} rows that hold only zeros: was it written to the end?"
