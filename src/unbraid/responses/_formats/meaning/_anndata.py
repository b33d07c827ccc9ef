"""AnnData in HDF5 and zarr: the root says what X, obs and var are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from unbraid.responses._formats.meaning._entry import Entry, parent_of, plain
from unbraid.responses._formats.meaning._wanted import Wanted


def as_anndata(
    groups: Mapping[str, Mapping[str, Any]], entries: Mapping[str, Entry], wanted: Wanted
) -> Wanted:
    """Return what is wanted, with the matrix X and the indices of rows and columns where unsaid."""
    if plain(groups.get("", {}).get("encoding-type", "")) != "anndata" or wanted.axes is not None:
        return wanted
    values = wanted.values
    if values is None and ("X" in entries or any(parent_of(name) == "X" for name in entries)):
        values = "X"
    if values is None:
        return wanted
    columns = "raw/var" if values.startswith("raw/") else "var"
    of_genes = values in ("X", "raw/X") or values.startswith("layers/")
    return dataclasses.replace(
        wanted,
        values=values,
        stimuli=wanted.stimuli or _index(groups, entries, "obs"),
        units=wanted.units or (_index(groups, entries, columns) if of_genes else None),
    )


def _index(
    groups: Mapping[str, Mapping[str, Any]], entries: Mapping[str, Entry], table: str
) -> str | None:
    """Return the path of a table's index, whose column the table names."""
    name = f"{table}/{plain(groups.get(table, {}).get('_index', '_index'))}"
    return name if name in entries else None
