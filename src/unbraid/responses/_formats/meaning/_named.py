"""Named arrays of a file turned into responses: which array is which."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import parse_json
from unbraid.responses._formats.arrays._packed import unpack
from unbraid.responses._formats.arrays._sparse import read_sparse
from unbraid.responses._formats.meaning._anndata import as_anndata
from unbraid.responses._formats.meaning._arrange import arrange
from unbraid.responses._formats.meaning._axes import check_dimensions
from unbraid.responses._formats.meaning._choice import Chosen, choose, held, resolve
from unbraid.responses._formats.meaning._entry import Entry, last_of, parent_of, plain, value_of
from unbraid.responses._formats.meaning._texts import counts_rows, rows_of, texts_of_rows
from unbraid.responses._formats.meaning._turned import check_turned
from unbraid.responses._formats.meaning._wanted import Wanted
from unbraid.responses._looks import check_name
from unbraid.responses._said import Said, changes_meaning, report
from unbraid.responses.labelled._ids import ids_of_bytes
from unbraid.responses.labelled._responses import Responses

STIMULI = (
    "stimuli", "stimulus_ids", "stimulus_id", "ids", "image_ids", "image_id", "image_names",
    "filenames", "file_names", "image_files", "imagenames", "stimulus_names", "stim_ids",
    "stim_names", "stimulus_path",
)  # fmt: skip
UNITS = ("units", "unit_ids", "unit_id", "neuroid_id")
_ROWS = ("obs/_index", "obs/index")  # the names of rows in AnnData's files
KNOWN = frozenset((*STIMULI, *UNITS, "repeats", "made_by"))
_ENCODINGS = {"array", "string-array", "string", "dataframe", "dict", "anndata", "raw"}
_SILENT = (
    "CLASS", "NAME", "TITLE", "VERSION", "FLAVOR", "EXTDIM", "PYTABLES_FORMAT_VERSION", "NROWS",
    "FIELD_*", "DIMENSION_LIST", "DIMENSION_LABELS", "REFERENCE_LIST", "_Netcdf4*", "_NC*",
    "_ARRAY_DIMENSIONS", "encoding-version", "MATLAB_class", "MATLAB_fields", "MATLAB_global",
    "MATLAB_int_decode", "MATLAB_empty", "H5PATH", "made_by",
)  # fmt: skip


def responses_of(
    path: Path,
    entries: Mapping[str, Entry],
    metadata: Mapping[str, str] | None = None,
    wanted: Wanted | None = None,
    *,
    groups: Mapping[str, Mapping[str, Any]] | None = None,
    sparse: str | None = None,
    unread: Iterable[str] = (),
) -> Responses:
    """Return the responses that a file's named arrays (and JSON metadata) hold.

    ``groups`` are attributes of the groups that arrays stand in, by path (the root is '');
    ``sparse`` is the kind of sparse matrices where the format's own rules say it; ``unread`` is
    what else the file holds. What is not used is refused where it could change the numbers, and
    else listed in ``made_by``.
    """
    metadata, wanted, groups = metadata or {}, wanted or Wanted(), groups or {}
    wanted = as_anndata(groups, entries, wanted)
    if wanted.select is not None:
        raise InputError(f"{path} has no coordinates to select by; choose with values=NAME.")
    for name in (wanted.stimuli, wanted.units):
        if name is not None and resolve(entries, name) is None:
            raise InputError(f"{path} has no array {name!r}; it holds {held(entries)}.")
    chosen = choose(path, entries, groups, wanted.values, wanted.axes, KNOWN)
    used = set(chosen.parts)
    where = f"{path}: {chosen.name or 'its matrix'}"
    if chosen.sparse is not None:
        attrs = groups.get(chosen.name, {})
        default = sparse if chosen.name == "" else None
        values: Any = read_sparse(where, chosen.sparse, attrs, default=default)
        left: list[str] = []
        for part in chosen.parts:
            said = Said(f"{path}: {part}", entries[part].attrs())
            left += settle(said, entries[part].dtype, part, {})
    else:
        entry = entries[chosen.name]
        check_name(path, chosen.name, list(entries), wanted.axes)
        said = Said(where, attrs := entry.attrs())
        around = [groups.get(group, {}) for group in _chain(chosen.group)]
        items = [(str(k), v) for each in (attrs, *around, metadata) for k, v in each.items()]
        named = {wanted.stimuli, wanted.units, chosen.name}
        others = {n: e for n, e in entries.items() if not {n, last_of(n)} & named
                  and parent_of(n) in _chain(chosen.group)}  # fmt: skip
        check_turned(where, entry.shape, items, others, wanted.axes)
        for told in ("DIMENSION_LABELS", "_ARRAY_DIMENSIONS"):
            check_dimensions(where, [plain(d) for d in np.ravel(said.take(told, ()))], wanted.axes)
        values = unpack(entry.read(), said)
        left = settle(said, entry.dtype, chosen.name, groups)
    found = {}
    for role, name, names in (
        ("stimuli", wanted.stimuli, STIMULI),
        ("units", wanted.units, UNITS),
    ):
        at = resolve(entries, name) or _beside(path, entries, metadata, chosen, names)
        used |= {at} & set(entries) if at is not None else set()
        found[role] = None if at is None else _ids(path, entries, metadata, at, groups)
    if found["stimuli"] is None:
        rows = rows_of(values.shape, wanted.axes)
        numbered = [n for n in _ROWS if n in entries and counts_rows(entries[n], rows)]
        around = {*_chain(chosen.group), *(map(parent_of, numbered) if numbered else _ROWS)}
        others = [n for n in entries if n not in (*used, *numbered)
                  and {n, parent_of(n)} & around]  # fmt: skip
        named = texts_of_rows(path, entries, others, values.shape, rows)
        named = named or {n: entries[n].read() for n in numbered}
        for name, texts in named.items():
            used, found["stimuli"] = used | {name}, texts
    near = [name for name in entries if parent_of(name) in _chain(chosen.group)]
    repeats = next((n for n in near if last_of(n) == "repeats" and not wanted.axes), None)
    made = next((n for n in near if last_of(n) == "made_by"), None)
    used |= {name for name in (repeats, made) if name is not None}
    made_by = _made_by(path, entries, metadata, made)
    _check_beside(path, entries, [n for n in near if n not in used], chosen.name, wanted.values)
    left += [*unread, *[name for name in entries if name not in used]]
    said = Said(f"{path}: its metadata", metadata)
    said.skip("format", "made_by", *STIMULI, *UNITS)
    left += [f"@{name}" for name in said.settle(kind="entry")]
    return arrange(
        values,
        wanted.axes,
        str(path),
        stimuli=found["stimuli"],
        units=found["units"],
        repeats=None if repeats is None else entries[repeats].read(),
        made_by=report(made_by, left),
        trials=wanted.trials,
        time=wanted.time,
    )


def settle(
    said: Said, dtype: np.dtype, name: str, groups: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Refuse attributes of an array and its groups that could change it; return the others."""
    left = []
    around = {group: groups[group] for group in _chain(name)[1:] if group in groups}
    chain = [(name, said)]
    chain += [(g, Said(f"{said.where} in the group {g or '/'}", a)) for g, a in around.items()]
    for place, about in chain:
        encoding = about.take("encoding-type")
        if encoding is not None and plain(encoding) not in _ENCODINGS:
            raise InputError(
                f"{about.where} has encoding-type {plain(encoding)!r}, which is not read. Save "
                "plain numbers (and ids as text)."
            )
        stored = about.take("dtype")
        if stored is not None and place == name and not _is_type(plain(stored), dtype):
            raise InputError(f"{about.where} says dtype {plain(stored)[:40]!r}, it holds {dtype}.")
        about.skip(*_SILENT)
        left += [f"{place}@{attr}" for attr in about.settle()]
    return left


def _is_type(text: str, dtype: np.dtype) -> bool:
    """Return whether a text names this type of numbers, in any byte order."""
    try:
        return np.dtype(text.removeprefix("torch.")).newbyteorder("=") == dtype.newbyteorder("=")
    except (TypeError, ValueError):
        return False


def _chain(name: str) -> list[str]:
    """Return a path and all groups around it, the root last."""
    chain = [name]
    while chain[-1]:
        chain.append(parent_of(chain[-1]))
    return chain


def _beside(
    path: Path,
    entries: Mapping[str, Entry],
    metadata: Mapping[str, str],
    chosen: Chosen,
    names: tuple[str, ...],
) -> str | None:
    """Return where the ids of the chosen array stand: in its group, or in one around it."""
    around = _chain(chosen.group)
    for group in around:
        for name in names:
            full = f"{group}/{name}" if group else name
            if full in entries and full != chosen.name and full not in chosen.parts:
                return full
    for name in names:
        if name in metadata:
            return name
    elsewhere = [n for n in entries if last_of(n) in names and n not in chosen.parts]
    for name in elsewhere:
        theirs = parent_of(name) + "/"
        owned = any(other.startswith(theirs) for other in chosen.others)
        if not owned and sum(last_of(n) == last_of(name) for n in entries) == 1:
            return name
    if elsewhere:
        role = "stimuli" if names is STIMULI else "units"
        warnings.warn(
            f"{path}: {chosen.name} is read without ids; {elsewhere[0]} belongs to another "
            f"array. If it is meant, give {role}={elsewhere[0]!r}.",
            RuntimeWarning,
            stacklevel=5,
        )
    return None


def _ids(
    path: Path,
    entries: Mapping[str, Entry],
    metadata: Mapping[str, str],
    name: str,
    groups: Mapping[str, Mapping[str, Any]],
) -> Any:
    if name not in entries:
        ids = parse_json(metadata[name], f"{path}: metadata {name!r}")
        if not isinstance(ids, list) or not all(isinstance(i, str | int) for i in ids):
            raise InputError(f"{path}: metadata {name!r} must be a JSON list of ids.")
        return [str(i) for i in ids]
    entry = entries[name]
    if entry.dtype.kind not in "SUiuf":
        raise InputError(
            f"{path}: {name} must be strings or whole numbers, got dtype {entry.dtype}. Save ids "
            "with np.asarray(ids, dtype=str)."
        )
    settle(Said(f"{path}: {name}", entry.attrs()), entry.dtype, name, groups)
    array = entry.read()
    packed = array.dtype == np.uint8 and array.ndim == 2
    return ids_of_bytes(array, str(path)) if packed else array


def _check_beside(
    path: Path, entries: Mapping[str, Entry], near: list[str], name: str, wanted: str | None
) -> None:
    """Refuse (or, where values were named, tell) arrays beside that could change the numbers."""
    likely = [n for n in near if changes_meaning(last_of(n), True)]
    found = [n for n in likely if changes_meaning(last_of(n), value_of(entries[n]))]
    if found and wanted is None:
        raise InputError(
            f"{path} holds {', '.join(found[:8])} beside {name or 'its matrix'}, which could "
            f"change what its numbers mean and is not read. Apply it first, or say "
            f"values={name or 'NAME'!r} to read them as they stand."
        )
    if found:
        warnings.warn(
            f"{path}: {name} is read as it stands; {', '.join(found[:8])} beside it is not used.",
            RuntimeWarning,
            stacklevel=5,
        )


def _made_by(
    path: Path, entries: Mapping[str, Entry], metadata: Mapping[str, str], name: str | None
) -> dict:
    text = metadata.get("made_by")
    if name is not None and entries[name].dtype.kind in "SU":
        text = plain(next(iter(entries[name].read().reshape(-1)[:1].tolist()), ""))
    if text is None:
        return {}
    made_by = parse_json(text, f"{path}: made_by")
    if not isinstance(made_by, dict):
        raise InputError(f"{path}: made_by must be a JSON object, got {type(made_by).__name__}.")
    return made_by
