"""Weights files of other libraries, read without running what they hold or trusting its sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._files import parse_json
from unbraid.responses._formats.arrays import safetensors, torch_file

RESAVE = "torch.save(model.state_dict(), 'weights.pt')"


def read_safetensors(path: Path) -> dict[str, Any]:
    """Return every tensor of a safetensors file, bfloat16 widened to float32.

    ``path`` may be the index of a file in several parts. Settings in the header are values.
    """
    if path.suffix == ".json":
        return _in_parts(path)
    header, metadata = safetensors.read_header(path)
    values = {name: value for name, value in metadata.items() if name != "format"}
    return values | {name: safetensors.numbers(path, tensor) for name, tensor in header.items()}


def _in_parts(index: Path) -> dict[str, Any]:
    try:
        places = parse_json(index.read_bytes(), str(index))["weight_map"]
        parts = {str(name): str(part) for name, part in places.items()}
    except (KeyError, TypeError, AttributeError):
        raise InputError(f"{index} must hold weight_map, the file of each tensor.") from None
    whole: dict[str, Any] = {}
    for part in sorted(set(parts.values())):
        if Path(part).name != part or not (index.parent / part).is_file():
            raise InputError(f"{index} names {part!r}, which is no file beside it.")
        found = read_safetensors(index.parent / part)
        if twice := sorted(whole.keys() & found.keys()):
            raise InputError(f"{index}: {twice[0]} stands in two of its files; which is meant?")
        whole |= found
    if whole.keys() != parts.keys():
        lost = sorted(whole.keys() ^ parts.keys())
        raise InputError(f"{index} and its files do not hold the same tensors: {lost[:4]}.")
    return whole


def read_torch(path: Path, start: int = 0) -> dict[str, Any]:
    """Return the dict that ``torch.save`` wrote from byte ``start`` on, tensors as arrays."""
    content = torch_file.read_plain(path, start, RESAVE)
    if not isinstance(content, dict):
        got = "one tensor" if hasattr(content, "dtype") else type(content).__name__
        hint = " (Responses? They come after the dictionary.)" if hasattr(content, "dtype") else ""
        raise InputError(f"{path} must hold a dict of tensors to be a dictionary, got {got}.{hint}")
    return content
