"""PyTorch's .pt and .pth: tensors and plain values; pickled objects are never loaded."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unbraid import _optional
from unbraid.errors import InputError
from unbraid.responses._files import check_file, check_memory
from unbraid.responses._formats.arrays.npz import DAMAGE
from unbraid.responses._formats.meaning._entry import Entry
from unbraid.responses._formats.meaning._named import responses_of
from unbraid.responses._formats.meaning._wanted import Wanted
from unbraid.responses.labelled._responses import Responses

_STEP = 2**20  # bytes at a time
_RESAVE = "torch.save({'values': tensor, 'stimuli': names}, 'responses.pt')"


def read(path: Path, **options: Any) -> Responses:
    """Read responses from a tensor, or from the tensors of a dict or list (also nested)."""
    content = read_plain(path, 0, _RESAVE)
    entries, others = {}, []
    for name, value in _leaves("", content):
        array = _as_array(value)
        if array is None:
            others.append(name)
        else:
            entries[name or "values"] = Entry(array.dtype, array.shape, partial(np.asarray, array))
    return responses_of(path, entries, wanted=Wanted(**options), unread=others)


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a nested dict or list holds, by path; a list of plain values is one."""
    if isinstance(value, dict):
        children = [(str(key), held) for key, held in value.items()]
    elif isinstance(value, list | tuple) and any(isinstance(held, np.ndarray) for held in value):
        children = [(str(place), held) for place, held in enumerate(value)]
    else:
        yield name, value
        return
    for key, held in children:
        yield from _leaves(f"{name}/{key}" if name else key, held)


def _as_array(value: Any) -> np.ndarray | None:
    """Return a tensor, a number, a text or a list of these as an array; else None."""
    if isinstance(value, np.ndarray):
        return value
    flat = value if isinstance(value, list | tuple) else [value]
    kinds = {type(held) for held in flat}
    if flat and (kinds <= {str} or kinds <= {int, float} or kinds <= {bool}):
        return np.array(value)
    return None


def read_plain(path: Path, start: int, resave: str) -> Any:
    """Return what ``torch.save`` wrote from byte ``start`` on: arrays, plain values, containers.

    Only tensors and plain values are read (``weights_only=True``): a pickled object is refused, and
    ``resave`` says how to write the file without it.
    """
    _optional.need("torch", "torch", f"Reading {path.suffix}")
    from unbraid._torch import torch

    size = check_file(path)
    with path.open("rb") as stream:
        stream.seek(start)
        if stream.read(4) != b"PK\x03\x04":
            raise InputError(
                f"{path} is not a file that torch.save writes (torch >= 1.6). If it is an old one, "
                f"load it where you trust it and write it again: {resave}."
            )
        _check_stored(path, start, resave)
        check_memory(size, str(path))
        stream.seek(start)
        whole: Any = stream if start == 0 else _rest(stream)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of how the file was made
                content = torch.load(whole, map_location="cpu", weights_only=True)
        except MemoryError:
            raise InputError(f"{path} needs more memory than there is.") from None
        except Exception as error:  # torch raises errors of any type on damaged files
            raise _refusal(path, error, resave) from None
    return _plain(path, "", content)


def _check_stored(path: Path, start: int, resave: str) -> None:
    """Refuse records that are compressed, which torch.save never does, or damaged.

    Torch itself does not compare the checksums that it writes.
    """
    try:
        with path.open("rb") as stream:
            stream.seek(start)
            with zipfile.ZipFile(stream if start == 0 else _rest(stream)) as archive:
                records = archive.infolist()
                packed = [m for m in records if m.compress_type != zipfile.ZIP_STORED]
                for record in records if not packed else ():
                    _check_sum(archive, record)
    except DAMAGE as error:
        raise _refusal(path, error, resave) from None
    if packed:
        raise InputError(
            f"{path}: the record {packed[0].filename} is compressed, which torch.save never does; "
            f"load it where you trust it and write it again: {resave}."
        )


def _check_sum(archive: zipfile.ZipFile, record: zipfile.ZipInfo) -> None:
    if record.CRC:  # 0 where the writer was told to leave it out
        with archive.open(record) as stream:
            while stream.read(_STEP):
                pass


def _rest(stream: Any) -> Any:
    return io.BytesIO(stream.read())


def _refusal(path: Path, error: Exception, resave: str) -> InputError:
    text = str(error)
    if "nsupported" in text or "WeightsUnpickler" in text or "weights_only" in text.lower():
        return InputError(
            f"{path} holds pickled Python objects, which are never loaded because loading runs "
            f"code. Where you trust the file, load it with its own library and write {resave}."
        )
    line = (text.strip().splitlines() or [type(error).__name__])[0][:120]
    return InputError(f"{path} is truncated or damaged ({line}); copy it again.")


def _plain(path: Path, name: str, value: Any) -> Any:
    """Return tensors as arrays, dicts and lists as such, and all else as it is."""
    if isinstance(value, dict):
        return {str(key): _plain(path, str(key), held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(path, f"{name}[{place}]", held) for place, held in enumerate(value)]
    if hasattr(value, "untyped_storage"):
        return _array(path, name or "its tensor", value)
    return value


def _array(path: Path, name: str, tensor: Any) -> np.ndarray:
    from unbraid._torch import torch

    held = tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_meta
    # a view that repeats its storage can claim any size
    if not held or tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise InputError(
            f"{path}: {name} claims more numbers than the file holds, or is not dense."
        )
    tensor = tensor.detach().resolve_conj().resolve_neg()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
