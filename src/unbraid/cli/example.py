"""Small real files to try every command on."""

from __future__ import annotations

from pathlib import Path

from unbraid.cli.arguments._options import Json, Output, Seed, finish


def example(output: Output = Path("example"), seed: Seed = 0, as_json: Json = False) -> None:
    """Write small real files, on which every line of the README and the docs runs.

    For example: unbraid example -o example/

    With another seed: unbraid example -o other/ --seed 1
    """
    from unbraid._progress import progress
    from unbraid.example import write_example

    with progress() as tell:
        folder = write_example(output, rng=seed, progress=tell)
    files = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    about = (folder / "README.txt").read_text(encoding="utf-8")
    finish(folder, {"folder": str(folder), "files": files}, about, as_json)
