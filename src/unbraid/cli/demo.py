"""The demonstration."""

from __future__ import annotations

from pathlib import Path

from unbraid import _terminal
from unbraid.cli.arguments._options import Json, Output, Seed, finish


def demo(output: Output = Path("unbraid-demo"), seed: Seed = 0, as_json: Json = False) -> None:
    """Real handwriting, two real networks, a real comparison; offline, in about two minutes.

    For example: unbraid demo

    Another folder and seed: unbraid demo -o runs/demo --seed 1
    """
    from unbraid import comparison
    from unbraid._progress import progress
    from unbraid.studies.demo import Demo, run

    comparison.check_free(output, overwrite=True, kind="demo")
    with progress() as tell:
        result = run(Demo(seed=seed), tell)
    _terminal.warn([*result.comparison.warnings, *result.hopeless.warnings])
    finish(result.save(output, overwrite=True), result.record(), str(result), as_json)
