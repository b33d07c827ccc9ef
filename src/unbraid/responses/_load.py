"""Responses from a file or folder, in any known format; the suffix decides which."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from unbraid._asking import explained
from unbraid.errors import InputError
from unbraid.responses._files import as_path
from unbraid.responses._formats.arrays import npy
from unbraid.responses._formats.brains import phy, suite2p, volumes
from unbraid.responses._formats.meaning._wanted import Wanted
from unbraid.responses._formats.tables import arrow
from unbraid.responses._looks import warn_if_odd
from unbraid.responses._not_read import no_responses, not_read
from unbraid.responses.labelled._responses import Responses
from unbraid.responses.stores._store import MANIFEST, open_store

READERS = {
    ".npy": "arrays.npy",
    ".npz": "arrays.npz",
    ".safetensors": "arrays.safetensors",
    ".csv": "tables.csv_and_parquet",
    ".tsv": "tables.csv_and_parquet",
    ".parquet": "tables.csv_and_parquet",
    ".h5": "arrays.hdf5",
    ".hdf5": "arrays.hdf5",
    ".h5ad": "arrays.hdf5",
    ".mat": "arrays.matlab",
    ".zarr": "arrays.zarr",
    ".nc": "arrays.netcdf",
    ".nwb": "brains.nwb",
    ".nii": "brains.nifti",
    ".nii.gz": "brains.nifti",
    ".dtseries.nii": "brains.cifti",
    ".dscalar.nii": "brains.cifti",
    ".ptseries.nii": "brains.cifti",
    ".pscalar.nii": "brains.cifti",
    ".dlabel.nii": "brains.cifti",
    ".arrow": "tables.arrow",
    ".pt": "arrays.torch_file",
    ".pth": "arrays.torch_file",
    ".csv.gz": "tables.csv_and_parquet",
    ".tsv.gz": "tables.csv_and_parquet",
    ".txt": "tables.csv_and_parquet",
    ".txt.gz": "tables.csv_and_parquet",
    ".dat": "tables.csv_and_parquet",
    ".vec": "tables.csv_and_parquet",
    ".zarr.zip": "arrays.zarr",
}
"""Suffix -> module of ``_formats`` that has ``read(path)``."""

_FEATURES = "features.npy"  # in a folder of THINGSvision
_VERIFIED = 2**28  # bytes of a store whose hashes are compared on the way: half a second
_VOLUMES = (".nii", ".nii.gz", ".dtseries.nii", ".dscalar.nii", ".ptseries.nii", ".pscalar.nii")
"""Endings of formats that name their axes themselves."""
_COMMANDED = ("axes", "time", "trials", "stimuli", "select")  # of files, that commands have too


def load(path: Any, **options: Any) -> Responses:
    """Responses in a file or folder, in the format given by its suffix.

    ========================== ====================================================================
    ``.npy``                   a matrix; ids from ``NAME.stimuli.txt`` beside it, one per line, or
                               THINGSvision's ``file_names.txt``
    ``.npz .safetensors``      arrays ``values``, ``stimuli``, ``units``, ``repeats``, or CSR parts
    ``.h5 .hdf5 .mat .zarr``   the same names, or ``values=NAME``, ``stimuli=NAME``, ``units=NAME``
    ``.h5ad``                  the matrix ``X`` of an AnnData, or ``values=NAME``
    ``.csv .tsv .parquet``     a column per unit; the column of text is the ids (``stimuli=COLUMN``)
    ``.txt .dat .vec``         the same between spaces, also word vectors; ``.gz`` of text tables
    ``.pt .pth``               a tensor, or a dict of tensors by the names above
    ``.nc``                    named dimensions, e.g. Brain-Score's ``presentation x neuroid``
    ``.nwb``                   spike counts, or the mean of a RoiResponseSeries, in
                               ``window=(start, stop)`` of each trial; ``events=FILE``
    ``.nii .nii.gz``           voxels of ``mask=FILE``; ``events=FILE``, ``delay=SECONDS``
    ``.dtseries.nii`` and kin  CIFTI: vertices, voxels or parcels; ``events=FILE``
    ``.arrow``, folder of them activations cached by SAELens, ``layer=COLUMN``
    folder of Suite2p          frames x cells of ``F.npy`` that ``iscell.npy`` accepts; ``values=``
    folder of phy, Kilosort    spike counts of good clusters, ``events=FILE``, ``window=``
    folder of NIfTI images     one per stimulus (betas): ``values="beta_*.nii"``, ``mask=FILE``
    folder of THINGSvision     ``features.npy`` and ``file_names.txt``
    folder                     what ``record_to`` wrote (``open_store`` for larger than memory)
    ========================== ====================================================================

    ``axes="units stimuli repeats"`` names the axes of an array that are not (stimuli, units);
    repeats are averaged and kept, NaN where one is missing; several axes of units (``axes="stimuli
    units units units"``: channel, row, column) become one, as do several of stimuli (``"stimuli
    stimuli units"``: text, position). Of MATLAB's structures
    ``values="data/spikes"`` names a field; a cell array of matrices is one array whose first axes
    are the cells', filled with NaN: ``axes="stimuli repeats units"`` or ``"stimuli units
    repeats"``. ``trials=True``: rows with the same id
    are repeats of one stimulus. Of text tables ``header=`` says whether the first line names the
    columns, ``decimal=","`` that a comma begins fractions, where the file does not show it.
    ``time="mean"`` or ``"units"``: what becomes of time bins.

    Parameters
    ----------
    path : str or Path
        One of the formats above; ``"file.mat::responses"`` is ``values="responses"``.
    **options
        What the format's reader takes; any other is refused with the list of those it knows.

    Returns
    -------
    Responses
        A file of 64 MiB or more is memory-mapped, not read (except for one pass that looks for
        NaN), where its format allows.

    Raises
    ------
    InputError
        One line that names the file: missing, unreadable, empty, truncated, of unknown format,
        not a matrix of finite real numbers, ids that are not unique or too few.

    Notes
    -----
    Nothing is ever unpickled. Sizes that a header claims are checked against the file before
    memory is allocated.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.npz"
    >>> np.savez(path, values=np.eye(3), stimuli=["cat", "dog", "owl"])
    >>> load(path)
    Responses(3 stimuli x 3 units)
    """
    path, array = _named(as_path(path))
    reader = _reader(path)
    known = _options_of(reader)
    if array and "values" not in known:
        raise InputError(
            f"{path} holds one array, and {path}::{array} names another: leave it out."
        )
    if array and options.setdefault("values", array) != array:
        raise InputError(f"{path}::{array} and values={options['values']!r} name two arrays.")
    for name in options:
        if name not in known:
            raise InputError(
                f"{path} is read without an option {name!r}; it has {', '.join(known) or 'none'}."
            )
    try:
        found = reader(path, **options)
    except MemoryError:
        raise InputError(f"{path} needs more memory than there is.") from None
    if reader is not _read_store:
        warn_if_odd(
            path, found, told="axes" in options or _suffix(path) in _VOLUMES or path.is_dir()
        )
    return found


def load_plainly(path: Any, **options: Any) -> Responses:
    """Load for a command: messages say what to type there.

    Parameters
    ----------
    path : str or Path
        A file, or a file and the name of an array in it.
    **options
        Options of ``load`` that a command was given. An error that asks for another option says how
        to save its result as a file.

    Returns
    -------
    Responses
        As ``load`` returns them.

    Raises
    ------
    InputError
        As ``load``, with what to type on the command line.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> path = tempfile.mkdtemp() + "/two.npz"
    >>> np.savez(path, early=np.eye(3), late=np.ones((3, 2)))
    >>> load_plainly(path + "::early")
    Responses(3 stimuli x 3 units)
    """
    path, name = _named(as_path(path))

    def where(option: str) -> str:
        call = f"in Python: unbraid.save(unbraid.load({str(path)!r}, {option}=...), 'new.npz')."
        if option == "values":
            return f"On the command line: {path}::NAME; {call}"
        if option in _COMMANDED:
            return f"On the command line: --{option}; {call}"
        return f"On the command line: --load {option}=...; {call}"

    try:
        known = _options_of(_reader(path))
    except InputError:  # said by load, too
        known = []
    with explained(known, where):
        return load(f"{path}::{name}" if name else path, **options)


def options_of(path: Any) -> list[str]:
    """Names of the options that a file's format takes in ``load``; ``FILE::NAME`` names its array.

    Parameters
    ----------
    path : str or Path
        A file or folder, or one array of it.

    Returns
    -------
    list of str
        Empty where nothing is read of such a file.

    Examples
    --------
    >>> options_of("spikes.nwb")
    ['window', 'stimuli', 'intervals', 'align', 'values', 'cells', 'events']
    """
    path, name = _named(as_path(path))
    try:
        known = _options_of(_reader(path))
    except InputError:  # reported where it is read
        return []
    return [option for option in known if not (name and option == "values")]


def _named(path: Path) -> tuple[Path, str]:
    """Return the file and the name of an array within it, from ``FILE::NAME``."""
    text = str(path)
    if "::" not in text or path.exists():
        return path, ""
    file, _, name = text.partition("::")
    if not name.strip("/"):
        raise InputError(f"{text} names no array after '::'.")
    return Path(file), name.strip("/")


def _reader(path: Path) -> Callable[..., Responses]:
    """Return the function that reads a path."""
    if (path / MANIFEST).is_file():
        return _read_store
    if arrow.is_folder(path):
        return arrow.read
    if suite2p.is_folder(path):
        return suite2p.read
    if phy.is_folder(path):
        return phy.read
    if (path / _FEATURES).is_file():
        return _read_features
    suffix = _suffix(path)
    if path.is_dir() and suffix not in READERS:
        return volumes.read if volumes.is_folder(path) else _read_store
    if suffix not in READERS:
        raise not_read(path, suffix, READERS)
    return import_module(f"unbraid.responses._formats.{READERS[suffix]}").read


def _read_features(
    path: Path, axes: str | None = None, time: str | None = None, trials: bool = False
) -> Responses:
    """Read a folder of THINGSvision: ``features.npy``, and ids in ``file_names.txt``."""
    return npy.read(path / _FEATURES, axes, time, trials)


def _read_store(path: Path) -> Responses:
    if path.is_dir() and not (path / MANIFEST).is_file():
        raise no_responses(path, READERS)
    store = open_store(path)
    if math.prod(store.shape) * store.dtype.itemsize <= _VERIFIED:
        store.verify()
    return store.read()


def _options_of(reader: Callable[..., Responses]) -> list[str]:
    parameters = inspect.signature(reader).parameters
    if "options" in parameters:  # readers of named arrays share theirs
        return [field.name for field in dataclasses.fields(Wanted)]
    return [name for name in parameters if name != "path"]


def _suffix(path: Path) -> str:
    ends = [suffix.lower() for suffix in path.suffixes[-2:]]
    both = "".join(ends)
    return both if both in READERS else path.suffix.lower()
