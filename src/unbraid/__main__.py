"""``python -m unbraid`` is the command ``unbraid``."""

from __future__ import annotations

from unbraid.cli import main

if __name__ == "__main__":
    main()
