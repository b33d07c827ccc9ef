"""A worker: reads calls from stdin, a line each, and writes their answers to stdout."""

from __future__ import annotations

import json
import os
import sys
import traceback
from importlib import import_module
from typing import Any


def main() -> None:
    """Answer calls until there are no more; what the calls print goes to stderr."""
    if len(sys.argv) > 1:
        limit_memory(int(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        answer = _answer(*json.loads(line))
        try:
            print(json.dumps(answer), file=answers, flush=True)  # noqa: T201
        except BrokenPipeError:  # the parent is gone; what was found is written
            os._exit(0)


def limit_memory(n_bytes: int) -> None:
    """Let this process hold no more data than this, where the system can see to it."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (n_bytes, n_bytes))
    except (ImportError, OSError, ValueError):
        return


def _answer(name: str, args: list[Any]) -> dict[str, Any]:
    module, _, function = name.partition(":")
    try:
        return {"result": getattr(import_module(module), function)(*args)}
    except Exception:
        return {"error": traceback.format_exc()}


if __name__ == "__main__":
    main()
