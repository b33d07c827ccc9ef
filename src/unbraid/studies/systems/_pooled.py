"""A layer's units or latents at every position, averaged in a grid of cells, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid.errors import InputError
from unbraid.responses import Images, Network, Positions, record
from unbraid.sparse import Dictionary

_BLOCK = 16  # images whose positions are held at once
_COLUMNS = 4096  # units standardised at once
_GROUP_BYTES = 2**30  # vectors of several layers that are recorded in one go


def training_vectors(
    net: Network,
    layers: Sequence[str],
    pictures: Images | np.ndarray,
    n: int,
    rng: np.random.Generator,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each layer with about ``n`` of its vectors, from random positions of every picture.

    Layers are recorded together as long as their vectors fit into 1 GiB.
    """
    each = max(1, n // len(pictures))
    _, first = next(_blocks(net, layers, _some(pictures, 0, 1)))
    shapes = {k: (len(pictures) * min(each, x.shape[1]), x.shape[2]) for k, x in first.items()}
    for group in _groups(layers, {k: 4 * rows * p for k, (rows, p) in shapes.items()}):
        vectors = {layer: np.empty(shapes[layer], np.float32) for layer in group}
        done = dict.fromkeys(group, 0)
        for _, found in _blocks(net, group, pictures):
            for layer, values in found.items():
                some = shapes[layer][0] // len(pictures)
                for picture in values:
                    rows = rng.choice(len(picture), some, replace=False)
                    vectors[layer][done[layer] : done[layer] + some] = picture[rows]
                    done[layer] += some
        for layer in group:
            yield layer, vectors.pop(layer)


def _groups(layers: Sequence[str], n_bytes: Mapping[str, int]) -> list[list[str]]:
    """Return the layers in their order, in groups of at most a GiB (or one layer)."""
    groups: list[list[str]] = []
    room = 0
    for layer in layers:
        if not groups or n_bytes[layer] > room:
            groups.append([])
            room = _GROUP_BYTES
        groups[-1].append(layer)
        room -= n_bytes[layer]
    return groups


def pooled(
    net: Network,
    pictures: Images | np.ndarray,
    sources: Mapping[str, Mapping[str, Dictionary | None]],
    size: int,
    tell: Callable[[str, float], None],
) -> dict[tuple[str, str], np.ndarray]:
    """Return (n, size**2 * units) for each layer and source; no dictionary: the units themselves.

    ``sources`` maps a layer to named dictionaries, which encode every position before the average.
    """
    parts: dict[tuple[str, str], list[np.ndarray]] = {}
    for done, found in _blocks(net, list(sources), pictures):
        tell(f"encoding {done} of {len(pictures)} pictures", done / len(pictures))
        for layer, values in found.items():
            n, positions, p = values.shape
            cells = sp.csr_array(sp.kron(sp.eye_array(n), cell_means(positions, size)))
            flat = values.reshape(-1, p)
            for name, dictionary in sources[layer].items():
                means = cells @ (flat if dictionary is None else encoded(dictionary, flat))
                dense = means.toarray() if sp.issparse(means) else means
                block = np.asarray(dense, np.float32).reshape(n, -1)
                parts.setdefault((layer, name), []).append(block)
    return {key: np.concatenate(parts.pop(key)) for key in list(parts)}


def encoded(dictionary: Dictionary, x: np.ndarray) -> Any:
    """Return the codes of ``x`` (n, m): CSR, dense where half of them are not 0."""
    encoder = dictionary.encoder
    dense = dictionary.by == "encoder" and encoder is not None and dictionary.transform == "none"
    if (
        encoder is None
        or not dense
        or encoder.activation != "topk"
        or encoder.k != len(dictionary.atoms)
    ):
        return dictionary.encode(x).values
    return np.maximum((x - dictionary.offset) @ encoder.weights + encoder.bias, 0)


def cell_means(positions: int, size: int) -> sp.csr_array:
    """Return the matrix (size**2, positions) that averages a square map in overlapping cells.

    Cell ``i`` of a side of ``s`` covers rows ``floor(i s / size)`` to ``ceil((i + 1) s / size)``,
    as torch's adaptive pooling does.
    """
    side = round(positions**0.5)
    if side * side != positions:
        raise InputError(f"Maps must be square to be pooled, got {positions} positions.")
    line = np.zeros((size, side))
    for cell in range(size):
        start, stop = cell * side // size, -(-(cell + 1) * side // size)
        line[cell, start:stop] = 1 / (stop - start)
    return sp.csr_array(np.kron(line, line).astype(np.float32))


def coarser(values: np.ndarray, size: int) -> np.ndarray:
    """Average pooled values (n, size**2 * units) in cells twice as large along both sides."""
    n, half = len(values), size // 2
    if 2 * half != size:
        raise InputError(f"Only an even number of cells can be halved, got {size}.")
    cells = values.reshape(n, half, 2, half, 2, -1)
    return cells.mean(axis=(2, 4)).reshape(n, -1)


def standardised(values: np.ndarray) -> np.ndarray:
    """Return units with mean 0 and sd 1; sds under 1 % of the whole's count as that."""
    spread = values.std(axis=0)
    floor = max(0.01 * float(np.sqrt(np.mean(spread**2))), 1e-12)
    return (values - values.mean(axis=0)) / np.maximum(spread, floor)


def compact(values: np.ndarray) -> np.ndarray:
    """Return standardised values (n, p), rotated into n dimensions where there are more units.

    A ridge sees inner products only, so that it gives the same from both.
    """
    n, p = values.shape
    if p <= n:
        return standardised(np.asarray(values, np.float64))
    spread = values.std(axis=0, dtype=np.float64)
    floor = max(0.01 * float(np.sqrt(np.mean(spread**2))), 1e-12)
    gram = np.zeros((n, n))
    for start in range(0, p, _COLUMNS):
        block = np.asarray(values[:, start : start + _COLUMNS], np.float64)
        block = (block - block.mean(axis=0)) / np.maximum(spread[start : start + _COLUMNS], floor)
        gram += block @ block.T
    power, basis = np.linalg.eigh(gram)
    return basis * np.sqrt(np.maximum(power, 0.0))


def _blocks(net: Network, layers: Sequence[str], pictures: Images | np.ndarray) -> Any:
    """Yield the number of pictures done and every layer's (pictures, positions, channels)."""
    for start in range(0, len(pictures), _BLOCK):
        stop = min(start + _BLOCK, len(pictures))
        found = record(
            net.model,
            _some(pictures, start, stop),
            list(layers),
            units=Positions(skip=net.prefix),
            preprocess=net.preprocess,
            batch=_BLOCK,
        )
        n = stop - start
        yield stop, {k: x.values.reshape(n, -1, x.shape[1]) for k, x in found.items()}


def _some(pictures: Images | np.ndarray, start: int, stop: int) -> Any:
    if isinstance(pictures, Images):
        return pictures.take(np.arange(start, stop))
    return pictures[start:stop]
