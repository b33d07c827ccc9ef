"""Sparse matrices kept as parts in one group: their kind and shape are read, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid.errors import InputError
from unbraid.responses._formats._foreign import check_claim
from unbraid.responses._formats.meaning._entry import Entry, last_of, parent_of, plain, value_of
from unbraid.responses._said import Said, changes_meaning

_COMPRESSED = {"data", "indices", "indptr"}
_LISTED = {"data", "row", "col"}
_ABOUT = {"shape", "format", "_is_array"}
_OTHER_LAYOUTS = {"coords", "compressed_axes", "fill_value", "offsets", "blocksize"}
_ENCODINGS = {"csr_matrix": "csr", "csc_matrix": "csc"}  # anndata's names


def sparse_parents(
    entries: Mapping[str, Entry], groups: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Entry]]:
    """Return the groups that hold one sparse matrix, and the arrays in each by last name."""
    members: dict[str, dict[str, Entry]] = {}
    for name, entry in entries.items():
        members.setdefault(parent_of(name), {})[last_of(name)] = entry
    return {
        parent: held
        for parent, held in members.items()
        if set(held) >= _COMPRESSED
        or set(held) >= _LISTED | {"shape"}
        or set(held) >= {"data", "format", "shape"}
        or set(held) >= {"data", "coords", "shape"}
        or {"h5sparse_format", "MATLAB_sparse"} & set(groups.get(parent, ()))
        or str(groups.get(parent, {}).get("encoding-type", "")).endswith(
            ("csr_matrix", "csc_matrix")
        )
    }


def parts_of(held: Mapping[str, Entry]) -> set[str]:
    """Return which arrays of a sparse group belong to its matrix."""
    return (_COMPRESSED | _LISTED | _ABOUT | _OTHER_LAYOUTS) & set(held)


def read_sparse(
    where: str, held: Mapping[str, Entry], attrs: Mapping[str, Any], *, default: str | None
) -> sp.csr_array:
    """Return the matrix of one group as CSR.

    ``default`` is the kind where the format's own rules say it; elsewhere kind and shape must be
    given by attributes (anndata's), by arrays ``format`` and ``shape`` (SciPy's), or follow from
    the shape.
    """
    kind, shape = _told(where, held, attrs)
    other = [n for n in held if n in _OTHER_LAYOUTS or changes_meaning(n, True)]
    other = [n for n in other if n in _OTHER_LAYOUTS or changes_meaning(n, value_of(held[n]))]
    if "MATLAB_sparse" in attrs:
        raise InputError(f"{where} is a sparse matrix of version 7.3, save it as full(x).")
    if other or kind not in (None, "csr", "csc", "coo"):
        raise InputError(
            f"{where} holds a {kind or 'sparse'!r} matrix"
            + (f" with {', '.join(other)}" if other else "")
            + ", expected 'csr'. Use .tocsr()."
        )
    if kind == "coo" or (kind is None and set(held) >= _LISTED):
        return _coo(where, held, shape)
    if not set(held) >= _COMPRESSED:
        raise InputError(f"{where} must hold data, indices and indptr, it holds {', '.join(held)}.")
    data, indices, indptr = (held[name].read() for name in ("data", "indices", "indptr"))
    if any(a.ndim != 1 for a in (data, indices, indptr)) or indices.dtype.kind not in "iu":
        raise InputError(f"{where}: data, indices and indptr must be vectors, the last two whole.")
    if indptr.dtype.kind not in "iu" or not len(indptr):
        raise InputError(f"{where}: indptr must hold n_stimuli + 1 whole numbers.")
    lines = len(indptr) - 1
    if shape is None:
        raise InputError(f"{where}: shape must be (n_stimuli, n_units), none is given.")
    kind = kind or default or _kind_by_shape(where, shape, lines)
    long, wide = shape if kind == "csr" else shape[::-1]
    if long != lines:
        fits = f"({lines}, n_units)" if kind == "csr" else f"(n_stimuli, {lines})"
        raise InputError(f"{where}: shape must be {fits} to fit indptr, got {list(shape)}.")
    steps = np.diff(indptr.astype(np.int64))
    if indptr[0] != 0 or (steps < 0).any() or indptr[-1] != len(data) or len(indices) != len(data):
        raise InputError(f"{where}: indptr must rise from 0 to len(data) = len(indices).")
    if len(indices) and (indices.min() < 0 or indices.max() >= wide):
        raise InputError(f"{where}: indices must lie in 0..{wide - 1}.")
    indices, indptr = indices.astype(np.int64), indptr.astype(np.int64)
    if kind == "csc":
        check_claim(8 * shape[0], data.nbytes + indptr.nbytes, where)
        return sp.csr_array(sp.csc_array((data, indices, indptr), shape=shape))
    csr = sp.csr_array((data, indices, indptr), shape=shape)
    csr.sum_duplicates()
    return csr


def _told(
    where: str, held: Mapping[str, Entry], attrs: Mapping[str, Any]
) -> tuple[str | None, tuple[int, int] | None]:
    """Return kind and shape from attributes or arrays, after refusing contradictions."""
    said = Said(where, attrs)
    kinds, shapes = [], []
    encoding = said.take("encoding-type")
    if encoding is not None:
        if plain(encoding) not in _ENCODINGS:
            raise InputError(f"{where} has encoding-type {plain(encoding)!r}, which is not read.")
        kinds.append(_ENCODINGS[plain(encoding)])
    kinds += [plain(said.take(name)) for name in ("h5sparse_format",) if name in attrs]
    kinds += [plain(held["format"].read().ravel()[0])] if "format" in held else []
    shapes += [said.take(name) for name in ("shape", "h5sparse_shape") if name in attrs]
    shapes += [held["shape"].read()] if "shape" in held else []
    said.skip("encoding-version", "MATLAB_*")
    said.settle()
    sides = []
    for shape in shapes:
        flat = np.ravel(shape)
        whole = flat.dtype.kind in "iu" or (flat.dtype.kind == "f" and (flat % 1 == 0).all())
        if len(flat) != 2 or not whole or min(flat) < 0:
            raise InputError(f"{where}: shape must be (n_stimuli, n_units), got {flat.tolist()}.")
        sides.append((int(flat[0]), int(flat[1])))
    if len(set(kinds)) > 1 or len(set(sides)) > 1:
        raise InputError(f"{where} says two things of its layout: {[*kinds, *sides]}.")
    return next(iter(kinds), None), next(iter(sides), None)


def _kind_by_shape(where: str, shape: tuple[int, int], lines: int) -> str:
    fits = [kind for kind, side in (("csr", shape[0]), ("csc", shape[1])) if side == lines]
    if len(fits) == 1:
        return fits[0]
    raise InputError(
        f"{where} must say whether its rows or its columns are compressed (attribute "
        "encoding-type, or an array format: csr or csc); its shape "
        + ("allows both." if fits else f"{list(shape)} fits neither.")
    )


def _coo(where: str, held: Mapping[str, Entry], shape: tuple[int, int] | None) -> sp.csr_array:
    if shape is None or not set(held) >= _LISTED:
        raise InputError(f"{where}: a 'coo' matrix needs data, row, col and shape.")
    data, row, col = (held[name].read() for name in ("data", "row", "col"))
    for index, side in ((row, shape[0]), (col, shape[1])):
        if index.shape != data.shape or data.ndim != 1 or index.dtype.kind not in "iu":
            raise InputError(f"{where}: data, row and col must be vectors of one length.")
        if len(index) and (index.min() < 0 or index.max() >= side):
            raise InputError(f"{where}: row and col must lie within the shape {shape}.")
    check_claim(8 * shape[0], data.nbytes, where)
    return sp.csr_array(sp.coo_array((data, (row, col)), shape=shape))
