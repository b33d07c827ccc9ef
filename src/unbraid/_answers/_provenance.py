"""What made an answer: its options, the versions of what computed it, the responses given."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from unbraid._config import Config

_PACKAGES = ("unbraid", "numpy", "scipy", "torch", "scikit-learn", "POT")


def made_with(config: Config) -> dict[str, Any]:
    """Return the fingerprint of the options, and the versions of the packages installed."""
    return {
        "fingerprint": config.fingerprint(),
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def sha256_of(values: np.ndarray) -> str:
    """Return the hash of responses as they were used."""
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:  # an extra
        return None
