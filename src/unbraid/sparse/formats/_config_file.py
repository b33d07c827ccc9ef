"""The configuration beside a dictionary's weights: a JSON object, perhaps with fields of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._files import parse_json

CONFIG = "cfg.json"


def own_fields(folder: Path) -> dict[str, Any] | None:
    """Return what only Unbraid writes to a folder's configuration; None if another library did."""
    if folder.exists() and not (folder / CONFIG).is_file():
        return None
    metadata = read_config(folder / CONFIG).get("metadata")
    own = metadata.get("unbraid") if isinstance(metadata, dict) else None
    return own if isinstance(own, dict) else None


def read_config(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    if not path.is_file():
        raise InputError(f"{path} is not a file; give the folder of a saved dictionary.")
    config = parse_json(path.read_bytes(), str(path))
    if not isinstance(config, dict):
        raise InputError(f"{path} must hold a JSON object, got {type(config).__name__}.")
    return config
