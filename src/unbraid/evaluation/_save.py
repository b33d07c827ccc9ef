"""The folder of an evaluation: it is whole, or it is not there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid import interpret
from unbraid._answers import write_answer
from unbraid.evaluation._browser import browser
from unbraid.evaluation._page import page
from unbraid.report import browser_files, render
from unbraid.responses import Responses

if TYPE_CHECKING:
    from unbraid.evaluation._evaluation import Evaluation

KIND = "interpretation"
_TRIALS = 4  # of each latent, one per set of its stimuli, for a test with people


def save(
    result: Evaluation,
    folder: Path,
    *,
    overwrite: bool,
    pictures: Any,
    tokens: Any = None,
    parts: Any = None,
    beside: Mapping[str, str] | None = None,
    browsed: bool = True,
) -> Path:
    """Write the files of an evaluation; an earlier one is replaced only when asked."""
    html = render(page(result, pictures, browser=browsed))
    arrays = {"rows": result.rows, "latents": result.latents}
    for score in result.scores:
        for seed, found in enumerate(score.seeds):
            name = f"{score.side}.{score.measure}.{seed}"
            arrays[name] = np.stack([found.values, found.low, found.high, found.chance])
    trials = _trials(result)
    config = {**result.config.describe(), "seed": result.provenance["seed"]}
    files = browser_files(browser(result, pictures, tokens, parts)) if browsed else {}
    texts = {**files, **trials.texts(), "units.csv": result.units().to_csv(float_format="%.6g")}
    return write_answer(
        folder,
        config,
        result.record(),
        arrays,
        html,
        kind=KIND,
        overwrite=overwrite,
        beside={**texts, **(beside or {})},
    )


def _trials(result: Evaluation) -> interpret.Trials:
    """Return trials of intrusion for people, of the scored latents of the first dictionary."""
    codes = Responses(
        result.codes.values[:, result.latents],
        stimuli=result.responses.stimuli,
        units=[str(latent) for latent in result.latents],
    )
    return interpret.intrusion_trials(codes, trials=_TRIALS)
