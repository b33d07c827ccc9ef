"""The command ``unbraid``, also as ``python -m unbraid``."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; an interrupt is one line even while it is being imported."""
    try:
        from unbraid.cli import main as command

        command()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr, flush=True)  # noqa: T201
        os._exit(130)


if __name__ == "__main__":
    main()
