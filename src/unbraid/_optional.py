"""Packages that only some tasks need: imported when asked for, or one line says how to get them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from unbraid.errors import InputError


def need(module: str, extra: str, task: str, otherwise: str = "") -> Any:
    """Return an optional package.

    Parameters
    ----------
    module : str
        Name under which it is imported, such as ``"ot"``.
    extra : str
        Extra of Unbraid that installs it, such as ``"published"``.
    task : str
        What needs it; begins the message.
    otherwise : str
        What works without it; ends the message.

    Raises
    ------
    InputError
        It is not installed, or does not import.
    """
    try:
        return import_module(module)
    except (ImportError, OSError) as error:  # OSError: a shared library is missing
        absent = isinstance(error, ModuleNotFoundError) and error.name == module.split(".")[0]
        text = (str(error).splitlines() or [type(error).__name__])[0]
        why = "" if absent else f", which does not import ({text})"
    raise InputError(f"{task} needs {module}{why}: pip install 'unbraid[{extra}]'.{otherwise}")


def need_torch() -> Any:
    """Return torch; called before long work that needs it in the end."""
    return need(
        "torch",
        "torch",
        "What was asked for",
        " Every metric, TopK, sparse coding, Auto and the baselines work without it.",
    )
