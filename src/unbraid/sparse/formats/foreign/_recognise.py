"""Which library wrote a file or folder, recognised by its names first and by its tensors last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._load import READERS
from unbraid.sparse.formats._config_file import read_config
from unbraid.sparse.formats.foreign.checkpoint._source import Source, StatedByCaller
from unbraid.sparse.formats.foreign.checkpoint._weights import read_torch
from unbraid.sparse.formats.foreign.checkpoint._wrapper import unwrapped

# library, weights file, the configuration that must be in its folder
_FOLDERS = (
    ("saelens", "sae_weights.safetensors", "cfg.json"),
    ("sparsify", "sae.safetensors", "cfg.json"),
    ("dictionary_learning", "ae.pt", "config.json"),
    ("gemma_scope", "params.npz", None),
    ("gemma_scope", "params.safetensors", "config.json"),
)
_SUFFIXES = (".pt", ".pth", ".ckpt", ".npz", ".safetensors")
_INDEX = ".safetensors.index.json"
_FILES_SHOWN = 8  # names in a message of two lines


def recognise(path: Path, library: str | None, given: StatedByCaller) -> Source:
    """Return the weights file that ``path`` means and who wrote it."""
    if not path.exists():
        raise InputError(f"{path} does not exist; give a checkpoint's file or folder.")
    if path.suffix.lower() in READERS.keys() - set(_SUFFIXES):
        raise InputError(
            f"{path} is a file of responses by its name ({path.suffix}), no dictionary; give the "
            "folder or file of a dictionary, and responses after it."
        )
    if path.is_file():
        return _file(path, library, given)
    if (path / "result.json").is_file():
        raise InputError(f"{path} is the folder of a result (result.json), of no dictionary.")
    fits = [entry for entry in _FOLDERS if _fits(path, entry) and library in (None, entry[0])]
    if len(fits) > 1:
        names = " or ".join(f"{path / weights}" for _, weights, _ in fits)
        raise InputError(f"{path} holds several checkpoints; give {names}.")
    if fits:
        return _file(path / fits[0][1], library, given)
    files = sorted(f for f in path.iterdir() if f.suffix in _SUFFIXES and f.is_file())
    shards = sorted(f for f in path.iterdir() if f.name.endswith(_INDEX) and f.is_file())
    if len(files) > 1 and len(shards) == 1:
        return _file(shards[0], library, given)
    if len(files) == 1:
        return _file(files[0], library, given)
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
    names = ", ".join(path.name for path in paths[:_FILES_SHOWN])
    return names + (", ..." if len(paths) > _FILES_SHOWN else "")


def _file(path: Path, library: str | None, given: StatedByCaller) -> Source:
    if library is None:
        for known, weights, config in _FOLDERS:
            beside = config is None or (path.parent / config).is_file()
            # others call their files as dictionary_learning does
            if path.name == weights and beside and known != "dictionary_learning":
                return Source(library=known, weights=path, given=given)
        if path.suffix == ".pt" and _by_trainer(path):
            return Source(library="dictionary_learning", weights=path, given=given)
    configs = ("cfg.json", "config.json")  # OpenMOSS calls its files alike
    lost = not any((path.parent / name).is_file() for name in configs)
    if path.name == "sae_weights.safetensors" and library in (None, "saelens") and lost:
        raise InputError(f"{path} is a SAELens file, but its cfg.json is missing beside it.")
    if path.name.endswith((".npz", ".safetensors", _INDEX)):
        return Source(library=library or "generic", weights=path, given=given)
    if library == "saev" or (library is None and _begins_with_json(path)):
        return Source(library="saev", weights=path, given=given)
    content, around = unwrapped(path, read_torch(path), library)
    library = library or _by_names(content)
    return Source(library=library, weights=path, given=given, content=content, around=around)


def _by_trainer(path: Path) -> bool:
    """Return whether a configuration of dictionary_learning is in a file's folder, or above it."""
    folders = [path.parent, *([path.parent.parent] if path.parent.name == "checkpoints" else [])]
    for config in (folder / "config.json" for folder in folders):
        trainer = read_config(config).get("trainer") if config.is_file() else None
        if isinstance(trainer, dict) and "dict_class" in trainer:
            return True
    return False


def _begins_with_json(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(1) == b"{"


def _by_names(content: dict[str, Any]) -> str:
    """Return the library whose names no other uses; names that several share are ``generic``."""
    names = set(content)
    if {"pre_bias", "latent_bias", "activation"} <= names and isinstance(
        content["activation"], str
    ):
        return "openai"
    if any(name.startswith("dictionary.") for name in names):
        return "overcomplete"
    if {"ae", "norm_factor"} <= names:
        return "dictionary_learning"
    if {"W_enc", "W_dec", "group_sizes", "k", "threshold"} <= names:
        return "dictionary_learning"
    if {"decoder_bias", "r_mag", "gate_bias", "mag_bias"} <= names:
        return "dictionary_learning"
    return "generic"
