"""The work of a recording: a checked plan, one probing pass, then batch after batch."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses.networks._zoo import Network
from unbraid.responses.recording._hooks import (
    Layer,
    Select,
    Tap,
    choose_layers,
    run,
    select_part,
    tapped,
)
from unbraid.responses.recording._rules import Flatten, Rule
from unbraid.responses.recording._sketch import differ
from unbraid.responses.recording._stimuli import Stimuli, as_stimuli
from unbraid.responses.recording._told import told

_PROBED = 1  # the second stimulus: in a batch it also shows effects on later rows


@dataclass(frozen=True, eq=False)
class RecordingJob:
    """Everything that one recording needs, checked."""

    model: Any
    stimuli: Stimuli
    layers: list[Layer]
    rules: dict[str, Rule]
    selects: dict[str, Select]
    preprocess: Callable[[Any], Any] | None
    batch: int
    device: Any
    dtype: str
    probes: dict[str, np.ndarray]
    """What the probed stimulus gave: (units,) or (positions, units)."""
    progress: bool
    origin: dict[str, Any]
    """Where a network's weights and preprocessing come from; empty of a bare model."""

    def keep(self, layer: Layer, output: Any) -> np.ndarray:
        """Turn a module's output into rows of units, copied before anything can change it."""
        from unbraid._torch import torch

        chosen = select_part(output, self.selects[layer.name], layer.name)
        if chosen.is_complex() or chosen.ndim < 2:
            raise InputError(
                f"Layer {layer.name!r} must give real numbers (batch, ...), got "
                f"{tuple(chosen.shape)} {chosen.dtype}. Say select=a function that makes them."
            )
        if not chosen.is_floating_point() or chosen.element_size() < 4:
            chosen = chosen.float()  # means and projections are of single precision at least
        rows = self.rules[layer.name].units_of(chosen)
        wide = torch.float64 if self.dtype == "float64" else torch.float32
        return np.array(rows.detach().to("cpu", wide).numpy(), copy=True)

    def inputs(self, start: int, stop: int) -> Any:
        """Return the model's inputs for some stimuli, on its device."""
        batch: Any = self.stimuli.batch(start, stop)
        like = _first_weight(self.model)
        with told("preprocess", start, stop):
            batch = self.preprocess(batch) if self.preprocess is not None else _tensor(batch, like)
        return _to(batch, self.device)

    def run(self, start: int, stop: int, tap: Tap, layers: list[Layer], keep: Any) -> None:
        """Show the model some stimuli; ``keep`` sees the layers' outputs."""
        inputs = self.inputs(start, stop)
        with told("The model", start, stop):
            run(self.model, inputs, tap, layers, keep)


def plan(
    *,
    model: Any,
    stimuli: Any,
    layers: Any,
    units: Any,
    preprocess: Any,
    select: Any,
    ids: Any,
    batch: int,
    device: Any,
    dtype: str,
    progress: bool,
) -> RecordingJob:
    """Check everything, and run one stimulus to learn shapes and calls."""
    origin: dict[str, Any] = {}
    if isinstance(model, Network):
        preprocess = model.preprocess if preprocess is None else preprocess
        model, origin = model.model, model.origin
    if not callable(model) or isinstance(model, type):
        raise InputError(
            f"model must be a torch module, a Network or a function, got {_kind(model)}."
        )
    if not isinstance(batch, int) or batch < 1:
        raise InputError(f"batch must be at least 1, got {batch!r}.")
    if preprocess is not None and not callable(preprocess):
        raise InputError(f"preprocess must be a function of a batch, got {preprocess!r}.")
    if dtype not in ("float16", "float32", "float64"):
        raise InputError(f"dtype must be float16, float32 or float64, got {dtype!r}.")
    chosen = choose_layers(model, layers)
    names = [layer.name for layer in chosen]
    job = RecordingJob(
        model=model,
        stimuli=as_stimuli(stimuli, ids),
        layers=chosen,
        rules=_of_each(names, units, Flatten(), "units"),
        selects=_of_each(names, select, None, "select"),
        preprocess=preprocess,
        batch=batch,
        device=device,
        dtype=dtype,
        probes={},
        progress=progress,
        origin=origin,
    )
    for name, rule in job.rules.items():
        if not isinstance(rule, Rule):
            raise InputError(f"units of {name} must be a Rule such as Flatten(), got {rule!r}.")
    with _ready(job) as device_there:
        object.__setattr__(job, "device", device_there)
        _probe(job)
    return job


def _probe(job: RecordingJob) -> None:
    kept: dict[str, list[np.ndarray]] = {layer.name: [] for layer in job.layers}

    def keep(layer: Layer, output: Any) -> None:
        kept[layer.name].append(job.keep(layer, output))

    at = min(_PROBED, job.stimuli.length - 1)
    with tapped(job.model, job.layers, keep, stop=False) as tap:
        job.run(at, at + 1, tap, job.layers, keep)
    for layer in job.layers:
        seen = kept[layer.name]
        calls = tap.calls.get(layer.module, 0)
        if len(seen) > 1:
            raise InputError(
                f"Layer {layer.name!r} is called {calls} times in a pass; say which call is "
                f"meant: '{layer.name}@0' to '{layer.name}@{calls - 1}'."
            )
        if not seen:
            raise InputError(f"Layer {layer.name!r} gave no output ({calls} calls in a pass).")
        if len(seen[0]) != 1 or seen[0].ndim not in (2, 3) or not seen[0].size:
            raise InputError(
                f"Layer {layer.name!r} must give one row per stimulus, batch first; one stimulus "
                f"gave {seen[0].shape} by {job.rules[layer.name]!r}."
            )
        job.probes[layer.name] = seen[0][0]


def passes(
    job: RecordingJob, first: int, layers: list[Layer]
) -> Generator[tuple[int, dict[str, np.ndarray]], None, None]:
    """Yield the number of a batch's first stimulus and every layer's rows; close it at the end."""
    starts = range(first, job.stimuli.length, job.batch)
    with _ready(job), tapped(job.model, layers, job.keep, stop=True) as tap:
        for start in _shown(starts, job):
            stop = min(start + job.batch, job.stimuli.length)
            tap.outputs.clear()
            tap.calls.clear()
            job.run(start, stop, tap, layers, job.keep)
            for layer in layers:
                _check_rows(job, layer, tap, start, stop)
            if start == 0 and stop > _PROBED:
                _warn_if_mixed(job, tap.outputs)
            yield start, dict(tap.outputs)


def _check_rows(job: RecordingJob, layer: Layer, tap: Tap, start: int, stop: int) -> None:
    rows, shape = tap.outputs.get(layer.name), job.probes[layer.name].shape
    if rows is None or rows.shape != (stop - start, *shape):
        came = "nothing" if rows is None else str(rows.shape)
        raise InputError(
            f"Layer {layer.name!r} must give {(stop - start, *shape)} for stimuli "
            f"{start}..{stop - 1}, got {came}. Stimuli must have one size, and the "
            "batch must come first."
        )
    if layer.call is None and tap.calls.get(layer.module, 0) > 1:
        raise InputError(
            f"Layer {layer.name!r} is called once for one stimulus and again for stimuli "
            f"{start}..{stop - 1}; say which call is meant, e.g. '{layer.name}@0'."
        )


def _warn_if_mixed(job: RecordingJob, outputs: Mapping[str, np.ndarray]) -> None:
    """Warn where the probed stimulus has another answer in a batch than it had alone."""
    mixed = [name for name, rows in outputs.items() if differ(rows[_PROBED], job.probes[name])]
    if mixed:
        warnings.warn(
            f"Layer {mixed[0]!r} answers a stimulus otherwise in a batch of "
            f"{len(outputs[mixed[0]])} than alone: the model draws random numbers, or mixes the "
            "stimuli of a batch (batch_first? batch statistics?).",
            RuntimeWarning,
            stacklevel=4,
        )


def rows_each(job: RecordingJob, name: str) -> int:
    """Return how many rows one stimulus makes: 1, or its positions."""
    probe = job.probes[name]
    return len(probe) if probe.ndim == 2 else 1


def row_ids(job: RecordingJob, name: str, start: int, stop: int) -> np.ndarray:
    """Return ids of rows: the stimulus's, or ``stimulus@position`` where positions count."""
    ids = job.stimuli.ids[start:stop]
    if job.probes[name].ndim == 1:
        return ids
    positions = np.char.add("@", np.arange(rows_each(job, name)).astype(str))
    return np.char.add(ids[:, None], positions[None, :]).ravel()


@contextmanager
def _ready(job: RecordingJob) -> Iterator[Any]:
    """Put the model into evaluation mode, on the device; restore everything afterwards."""
    from unbraid._torch import torch

    modules = list(job.model.modules()) if hasattr(job.model, "modules") else []
    training = [module.training for module in modules]
    weight = _first_weight(job.model)
    before = None if weight is None else weight.device
    move = False
    try:
        for module in modules:
            module.training = False
        with told(f"Device {job.device!r}", 0, job.stimuli.length):
            if job.device is not None and before is not None:
                move = torch.device(job.device) != before
            if move:
                job.model.to(job.device)
        yield job.device if job.device is not None else before
    finally:
        for module, flag in zip(modules, training, strict=True):
            module.training = flag
        if move:
            job.model.to(before)


def _kind(model: Any) -> str:
    if isinstance(model, type):
        return f"the class {model.__name__}: make one first"
    return type(model).__name__


def _first_weight(model: Any) -> Any:
    return next(iter(model.parameters()), None) if hasattr(model, "parameters") else None


def _of_each(names: list[str], given: Any, default: Any, what: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        return dict.fromkeys(names, default if given is None else given)
    unknown = [key for key in given if key not in names]
    if unknown:
        raise InputError(f"{what} names {unknown[0]!r}, which is not among {', '.join(names)}.")
    return {name: given.get(name, default) for name in names}


def _tensor(batch: Any, like: Any) -> Any:
    """Return an array's rows as a tensor of the model's own precision; whole numbers stay."""
    from unbraid._torch import torch

    if not isinstance(batch, np.ndarray):
        raise InputError("Images and texts need preprocess=: Preprocess(...) or a tokenizer.")
    tensor = torch.from_numpy(np.array(batch, dtype=batch.dtype.newbyteorder("=")))
    real = tensor.is_floating_point() or batch.dtype.kind == "b" or batch.dtype == np.uint8
    return tensor.to(torch.get_default_dtype() if like is None else like.dtype) if real else tensor


def _to(batch: Any, device: Any) -> Any:
    if device is None:
        return batch
    if isinstance(batch, Mapping):
        return {key: _to(value, device) for key, value in batch.items()}
    if isinstance(batch, tuple):
        return tuple(_to(value, device) for value in batch)
    return batch.to(device) if hasattr(batch, "to") else batch


def _shown(starts: range, job: RecordingJob) -> Any:
    if not (job.progress and sys.stderr.isatty()):
        return starts
    from rich.console import Console
    from rich.progress import track

    return track(starts, description="recording", console=Console(stderr=True), transient=True)
