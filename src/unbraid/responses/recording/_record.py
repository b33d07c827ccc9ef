"""Responses of a torch model's layers: by forward hooks, in bounded memory, resumable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import as_path, check_memory
from unbraid.responses.labelled._responses import Responses
from unbraid.responses.recording._hooks import Select
from unbraid.responses.recording._passes import passes, plan, row_ids, rows_each
from unbraid.responses.recording._provenance import provenance
from unbraid.responses.recording._rules import Rule
from unbraid.responses.recording._sketch import differ
from unbraid.responses.recording._told import named
from unbraid.responses.stores._store import MANIFEST, Store, open_store
from unbraid.responses.stores._writer import StoreWriter, sweep

_CIRCUMSTANCES = ("key", "model", "outputs", "place", "device", "versions", "network")  # no key


def record(
    model: Any,
    stimuli: Any,
    layers: str | Sequence[str] = "output",
    *,
    units: Rule | Mapping[str, Rule] | None = None,
    preprocess: Callable[[Any], Any] | None = None,
    select: Select | Mapping[str, Select] = None,
    ids: Sequence[Any] | None = None,
    batch: int = 32,
    device: str | None = None,
    dtype: str = "float32",
    progress: bool = False,
) -> dict[str, Responses]:
    """Responses of a model's layers to stimuli, in memory.

    Parameters
    ----------
    model : torch module, Network (of ``open_network``), or any function of a batch
        Runs in evaluation and inference mode; its training flags are restored afterwards. A
        Network brings its preprocessing, and says where its weights come from.
    stimuli : Images, folder or zip of images, list of texts, ``.txt`` of lines, or array (n, ...)
        What the model is shown, one row per stimulus.
    layers : names, globs (``"fire*"``) or ``re.compile(...)`` patterns
        As ``model.named_modules()`` names them; ``"name@1"`` is the second call of a module that
        is used more than once; ``"output"`` is what the model returns.
    units : Rule or mapping from layer to Rule
        ``Flatten()`` (default), ``ChannelMean()``, ``Center()``, ``ClassToken()``,
        ``Positions()``, ``AveragePool(size)``, ``RandomProjection(n_units)``.
    preprocess : callable, optional
        Turns a batch of stimuli into the model's input: a tensor, a tuple of arguments, or a
        mapping of named arguments (as tokenizers give). Images need one: ``Preprocess(...)``.
    select : int, str, callable, or mapping from layer to one
        Which part of a layer's output, where it is a tuple or named.
    ids : sequence of length n, optional
        Stimulus ids; default: the images' names, or row numbers.
    batch : int
        Stimuli a forward pass.
    device : str, optional
        Where the model is moved for the recording (and back afterwards); default: where it is.
    dtype : {"float32", "float64"}
        Type of the numbers returned.
    progress : bool
        Whether to show a bar on stderr.

    Returns
    -------
    dict of Responses
        One for each layer. ``made_by`` says model, weights' hash, layer, rule, preprocessing and
        versions, and of a Network the file of its weights, or that they are random.

    Raises
    ------
    InputError
        Unknown layer; a layer that is called more than once, or never; an output that is not one
        tensor; too little memory (use ``record_to``).

    Notes
    -----
    Outputs are copied inside the hook: an in-place ReLU after a layer changes what was captured
    otherwise. The forward pass ends after the last wanted layer. One stimulus is run first, alone,
    to learn shapes and calls; its answer in a batch must be the same, or a RuntimeWarning says so.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(inplace=True))
    >>> record(net, np.eye(3, dtype="float32"), "0")
    {'0': Responses(3 stimuli x 8 units)}
    """
    job = plan(
        model=model,
        stimuli=stimuli,
        layers=layers,
        units=units,
        preprocess=preprocess,
        select=select,
        ids=ids,
        batch=batch,
        device=device,
        dtype=dtype,
        progress=progress,
    )
    n, about = job.stimuli.length, provenance(job)
    n_numbers = n * sum(int(np.prod(probe.shape)) for probe in job.probes.values())
    check_memory(n_numbers * np.dtype(dtype).itemsize, "Recording in memory (else: record_to)")
    values = {name: np.empty((n, *probe.shape), dtype) for name, probe in job.probes.items()}
    with closing(passes(job, 0, job.layers)) as blocks:
        for start, outputs in blocks:
            for name, rows in outputs.items():
                values[name][start : start + len(rows)] = rows
    found = {}
    for name, array in values.items():
        with named(f"Layer {name!r}"):
            found[name] = Responses(
                array.reshape(-1, array.shape[-1]),
                stimuli=row_ids(job, name, 0, n),
                made_by=about[name],
            )
    return found


def record_to(
    folder: Any,
    model: Any,
    stimuli: Any,
    layers: str | Sequence[str] = "output",
    *,
    units: Rule | Mapping[str, Rule] | None = None,
    preprocess: Callable[[Any], Any] | None = None,
    select: Select | Mapping[str, Select] = None,
    ids: Sequence[Any] | None = None,
    batch: int = 32,
    device: str | None = None,
    dtype: str = "float16",
    progress: bool = False,
) -> dict[str, Store]:
    """Responses of a model's layers to stimuli, on disk: one store a layer in ``folder``.

    As ``record``, in the memory of one batch and one shard a layer. What was stored by the same
    model (weights, structure, code, and its answer to one stimulus), rule, preprocessing and
    stimuli is opened, not computed again; a recording that was killed resumes; anything else found
    there is an error, so that old responses are never taken for new ones.

    Parameters
    ----------
    folder : str or Path
        Made if missing; each layer has a folder of its own in it.
    model : torch module, Network or function of a batch
        As in ``record``.
    stimuli : Images, folder or zip of images, list of texts, ``.txt`` of lines, or array (n, ...)
        What the model is shown, one row per stimulus.
    layers : names, globs or patterns
        As in ``record``.
    units : Rule or mapping from layer to Rule
        How outputs become units; by default ``Flatten()``.
    preprocess : callable, optional
        Turns a batch of stimuli into the model's input.
    select : int, str, callable, or mapping from layer to one
        Which part of a layer's output, where it is a tuple or named.
    ids : sequence of length n, optional
        Stimulus ids; default: the images' names, or row numbers.
    batch : int
        Stimuli a forward pass.
    device : str, optional
        Where the model is moved for the recording (and back afterwards).
    dtype : {"float16", "float32", "float64"}
        Type of the numbers on disk.
    progress : bool
        Whether to show a bar on stderr.

    Returns
    -------
    dict of Store
        One for each layer; ``load(folder / layer)`` reads one into memory.

    Raises
    ------
    InputError
        As ``record``; a recording of something else in ``folder``.

    Examples
    --------
    >>> import tempfile
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU())
    >>> folder = tempfile.mkdtemp()
    >>> record_to(folder, net, np.eye(3, dtype="float32"), "0")["0"].shape
    (3, 8)
    """
    job = plan(
        model=model,
        stimuli=stimuli,
        layers=layers,
        units=units,
        preprocess=preprocess,
        select=select,
        ids=ids,
        batch=batch,
        device=device,
        dtype=dtype,
        progress=progress,
    )
    root, about = as_path(folder), provenance(job)
    writers: dict[str, StoreWriter] = {}
    stores: dict[str, Store] = {}
    for layer in job.layers:
        where = root / _folder_name(layer.name)
        if (where / MANIFEST).is_file():
            stores[layer.name] = _reuse(where, about[layer.name])
        else:
            writers[layer.name] = StoreWriter(
                where,
                n_units=job.probes[layer.name].shape[-1],
                dtype=dtype,
                made_by=about[layer.name],
            )
            _check_same(where, writers[layer.name].made_by, about[layer.name])
    missing = [layer for layer in job.layers if layer.name in writers]
    if missing:
        first = min(writers[m.name].rows // rows_each(job, m.name) for m in missing)
        with closing(passes(job, first, missing)) as blocks:
            for start, outputs in blocks:
                for name, rows in outputs.items():
                    flat, stop = rows.reshape(-1, rows.shape[-1]), start + len(rows)
                    at = start * rows_each(job, name)
                    with named(f"Layer {name!r}, stimuli {start}..{stop - 1}"):
                        writers[name].append(flat, row_ids(job, name, start, stop), at=at)
        for name, writer in writers.items():
            stores[name] = writer.close()
    return {layer.name: stores[layer.name] for layer in job.layers}


def _reuse(where: Path, made_by: Mapping[str, Any]) -> Store:
    store = open_store(where)
    _check_same(where, store.made_by, made_by)
    sweep(where)  # a writer that was killed after its last step
    return store


def _check_same(where: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse responses made otherwise, by what is known of them and by what the model gives."""
    changed = []
    if before.get("key") != now["key"]:
        changed = [k for k, v in now.items() if k not in _CIRCUMSTANCES and before.get(k) != v]
    elif differ(before["outputs"], now["outputs"]):
        changed = ["outputs for one stimulus"]
    if changed:
        raise InputError(
            f"{where} holds responses made otherwise (different: {', '.join(changed)}); "
            "choose another folder."
        )


def _folder_name(layer: str) -> str:
    return "".join(c if c.isalnum() or c in "._-@" else "_" for c in layer).lstrip(".") or "_"
