"""One verb: learn a dictionary from responses."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unbraid import _validate
from unbraid._kernels.device import computing_on
from unbraid._kernels.threads import is_small, one_thread
from unbraid._progress import Progress, progress_to, silent
from unbraid.errors import InputError, ScaleWarning
from unbraid.responses import Responses, Store, as_responses
from unbraid.responses.stores._part import StorePart
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method, check_device_of
from unbraid.sparse.evidence._measure import with_evidence
from unbraid.sparse.inference._asked import By
from unbraid.sparse.inference._prepare import prepared
from unbraid.sparse.training._far import far_center, moved
from unbraid.sparse.training._ranks import Ranks
from unbraid.sparse.training._source import check_scale, opened, varies
from unbraid.stats import check_order, dominating_units


def fit(
    x: Any,
    method: Method,
    *,
    rng: int | np.random.Generator | None = None,
    progress: bool | None | Progress = None,
    checkpoint: str | Path | None = None,
    order: Literal["auto", "exchangeable", "time"] = "auto",
    device: Any = None,
) -> Dictionary:
    """Learn a dictionary of sparse features from responses.

    Parameters
    ----------
    x : Responses, array of shape (n, p), memory map, or Store
        Responses to the training stimuli. Never modified. Autoencoders read a memory map or a store
        a part at a time, so that it may be larger than memory; other methods read it whole.
    method : Method
        For example ``TopK(k=32, expansion=4)``, ``Pursuit()`` or ``Auto()``.
    rng : int or Generator, optional
        All randomness. The same seed gives the same dictionary.
    progress : bool or callable, optional
        Show progress on stderr, or report it to ``progress(message, share)``. By default it is
        shown where stderr is a terminal, and in notebooks.
    checkpoint : path, optional
        Folder in which an autoencoder leaves its state twenty times a training: killed at any
        moment and called again with the same arguments, it goes on to the same bits. Gone when
        done.
    order : {"auto", "exchangeable", "time"}
        Whether stimuli follow each other in time. What is held out, to stop or to choose, is then
        in runs of neighbours with gaps; else it is drawn at random. "auto": it is tested
        (``stats.serial_dependence``). Rows that are only sorted by kind look like a series and are
        exchangeable.
    device : torch.device or str, optional
        Such as ``"cuda"``: batches and products are computed there, by torch, where the method has
        a twin (autoencoders, crosscoders, pursuit and lasso codes); the rest stays on the
        processor. Results agree to rounding. None: compiled kernels.

    Returns
    -------
    Dictionary
        With its evidence: FVU, l0, dead latents and the course of the training.

    Raises
    ------
    InputError
        Unusable responses, or options that do not suit them.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.sparse import Pursuit, fit
    >>> rng = np.random.default_rng(0)
    >>> z = rng.uniform(1, 2, (500, 6)) * (rng.random((500, 6)) < 0.2)
    >>> fit(z @ rng.normal(size=(6, 4)), Pursuit(n_latents=6, k=2), rng=0)  # doctest: +ELLIPSIS
    Dictionary(6 atoms in 4 dimensions by Pursuit, fvu=...)
    """
    if not isinstance(method, Method):
        raise InputError(
            f"method must be a method such as TopK(k=32, expansion=4), got {method!r}. "
            "Names are read by unbraid.sparse.parse_method."
        )
    check_order(order)
    check_device_of(method, device)
    if device is not None and Ranks().size > 1:
        raise InputError("Processes that train together use the processor only; leave device out.")
    log = Log(None, None if checkpoint is None else Path(checkpoint), order)
    values = _checked(x, method)
    of_scale = _of_scale(values) if isinstance(values, np.ndarray) else []
    log.warnings += of_scale
    if checkpoint is not None and not method.in_batches:
        raise InputError(
            "checkpoint is kept by autoencoders only, which learn in batches, got method "
            f"{type(method).__name__}; leave it out."
        )
    values, center = _about_center(values, method)
    rng = _own_stream(_validate.as_rng(rng))
    started = time.perf_counter()
    with computing_on(device):
        alone = device is None and is_small(values.shape)
        with one_thread(when=alone), progress_to(progress) as tell:
            log.callback = None if tell is silent else tell
            learned = method.learn(values, rng, log)
            log.end()
        seconds = time.perf_counter() - started
        learned = with_evidence(learned, values, log, seconds)
    learned = _moved_back(learned, x, center)
    for line in learned.evidence.warnings:
        kind = ScaleWarning if line in of_scale else RuntimeWarning
        warnings.warn(line, kind, stacklevel=2)
    return learned


def fit_control(
    x: Responses,
    method: Method,
    *,
    rng: np.random.Generator,
    order: str = "auto",
    by: By | None = None,
) -> Dictionary:
    """Return what ``fit`` learns, to the same codes, without evidence unless ``by`` needs it.

    For controls, of which nothing but the codes is asked: the lasso that assesses atoms on held-out
    units can take longer than a training, and longest of atoms at random.
    """
    values, center = _about_center(_checked(x, method), method)
    log = Log(None, None, order)
    with one_thread(when=is_small(values.shape)):
        learned = method.learn(values, _own_stream(rng), log)
        if learned.floor is None or by not in (None, learned.by):
            learned = with_evidence(learned, values, log, seconds=0.0)
        learned = prepared(learned, values, learned.by)
    return _moved_back(learned, x, center)


def _checked(x: Any, method: Method) -> Any:
    """Return responses that can be learned from."""
    values = opened(x, in_batches=method.in_batches)
    if len(values) < 2:
        raise InputError(f"x must hold at least 2 stimuli to learn from, got {len(values)}.")
    if not varies(values):
        raise InputError("x must vary over stimuli, but every unit is constant.")
    if isinstance(values, np.ndarray):
        check_scale(values)
    return values


def _about_center(values: Any, method: Method) -> tuple[Any, np.ndarray | None]:
    """Return responses about a centre, and the centre, where zero means nothing to the method."""
    center = far_center(values) if method.has_no_origin else None
    return (values if center is None else moved(values, center)), center


def _moved_back(learned: Dictionary, x: Any, center: np.ndarray | None) -> Dictionary:
    """Return the dictionary of the responses as they were given, with their units' names."""
    if center is not None:
        learned = replace(learned, offset=learned.offset.astype(np.float64) + center)
    on_disk = isinstance(x, Store | StorePart)
    return replace(learned, units=None if on_disk else as_responses(x).units)


def _own_stream(rng: np.random.Generator) -> np.random.Generator:
    """Return an independent stream: data drawn with the same seed must not equal the start."""
    try:
        return rng.spawn(1)[0]
    except TypeError:  # a bit generator without a seed sequence
        return rng


def _of_scale(values: np.ndarray) -> list[str]:
    """Return a line where a few units hold nearly all the variance."""
    units, share = dominating_units(values)
    if not units:
        return []
    verb = "holds" if units.startswith("unit") else "hold"
    return [
        f"{units} of x {verb} {share:.1%} of its variance, and the dictionary describes hardly "
        "anything else: scale the units alike."
    ]
