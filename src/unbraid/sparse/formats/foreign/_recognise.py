"""Which library wrote a file or folder, told by its names first and by its tensors last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._formats import safetensors
from unbraid.sparse.formats.foreign._source import Source
from unbraid.sparse.formats.foreign._weights import read_torch

# library, weights file, the configuration that must stand beside it
_FOLDERS = (
    ("saelens", "sae_weights.safetensors", "cfg.json"),
    ("sparsify", "sae.safetensors", "cfg.json"),
    ("dictionary_learning", "ae.pt", None),
    ("gemma_scope", "params.npz", None),
    ("gemma_scope", "params.safetensors", None),
)
_SUFFIXES = (".pt", ".pth", ".ckpt", ".npz", ".safetensors")
_SHOWN = 8


def recognise(path: Path, library: str | None) -> Source:
    """Return the weights file that ``path`` means and who wrote it."""
    if not path.exists():
        raise InputError(f"{path} does not exist; give a checkpoint's file or folder.")
    if path.is_file():
        return _file(path, library)
    fits = [entry for entry in _FOLDERS if _fits(path, entry) and library in (None, entry[0])]
    if len(fits) > 1:
        names = " or ".join(f"{path / weights}" for _, weights, _ in fits)
        raise InputError(f"{path} holds several checkpoints; give {names}.")
    if fits:
        return Source(library=fits[0][0], weights=path / fits[0][1])
    files = sorted(f for f in path.iterdir() if f.suffix in _SUFFIXES and f.is_file())
    if len(files) == 1:
        return _file(files[0], library)
    raise InputError(f"{path} holds {_held(path, files)}")


def _fits(folder: Path, entry: tuple[str, str, str | None]) -> bool:
    _, weights, config = entry
    return (folder / weights).is_file() and (config is None or (folder / config).is_file())


def _held(folder: Path, files: list[Path]) -> str:
    if files:
        return f"{len(files)} weights files ({_some(files)}); give one of them."
    below = [f for f in sorted(folder.iterdir()) if f.is_dir() and not f.name.startswith(".")]
    inside = [f for f in below if any(_fits(f, entry) for entry in _FOLDERS)]
    if inside:
        return f"{len(inside)} checkpoints ({_some(inside)}); give one of these folders."
    return (
        "no checkpoint: cfg.json is not a file there, and no other library's layout fits. Give the "
        "folder that holds the weights."
    )


def _some(paths: list[Path]) -> str:
    names = ", ".join(path.name for path in paths[:_SHOWN])
    return names + (", ..." if len(paths) > _SHOWN else "")


def _file(path: Path, library: str | None) -> Source:
    content = None
    if library is None:
        for known, weights, config in _FOLDERS:
            if path.name == weights and (config is None or (path.parent / config).is_file()):
                return Source(library=known, weights=path)
        library, content = _by_content(path)
    return Source(library=library, weights=path, content=content)


def _by_content(path: Path) -> tuple[str, dict[str, Any] | None]:
    if path.suffix == ".npz":
        return "gemma_scope", None
    if path.suffix == ".safetensors":
        return _by_names(path, set(safetensors.read_header(path)[0])), None
    with path.open("rb") as stream:
        first = stream.read(1)
    if first == b"{":
        return "saev", None
    content = read_torch(path)
    return _by_names(path, set(content)), content


def _by_names(path: Path, names: set[str]) -> str:
    if {"pre_bias", "latent_bias"} <= names:
        return "openai"
    if any(name.startswith("dictionary.") for name in names):
        return "overcomplete"
    if {"w_enc", "w_dec"} <= names:
        return "gemma_scope"
    if {"ae", "norm_factor"} <= names or {"encoder.weight", "decoder.weight"} <= names:
        return "dictionary_learning"
    if "group_sizes" in names:
        return "dictionary_learning"
    beside = "; its cfg.json is missing beside it" if path.suffix == ".safetensors" else ""
    held = ", ".join(sorted(names)[:_SHOWN]) or "nothing"
    raise InputError(
        f"{path} is of no layout that its tensors give away ({held}){beside}. Say which library "
        "wrote it: format='saelens', 'dictionary_learning', 'gemma_scope', ..."
    )
