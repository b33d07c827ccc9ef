"""What people answered to a test of interpretability."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unbraid import _terminal
from unbraid.cli.arguments._options import Json, MaybePath


def intrusion_score(
    test: Annotated[Path, typer.Argument(metavar="TEST", help="Folder of unbraid intrusion-test.")],
    answers: Annotated[
        Path, typer.Argument(metavar="ANSWERS", help="CSV of answers, or a folder of them.")
    ],
    *,
    embeddings: Annotated[
        MaybePath, typer.Option(help="Responses of another system: the machine's answers.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Score people's answers, unit by unit, beside the machine's.

    For example: unbraid intrusion-score test/ answers/ --embeddings other.npy

    People alone: unbraid intrusion-score test/ answers/ --json
    """
    from unbraid import interpret, responses

    judge = None if embeddings is None else interpret.embeddings(responses.load_plainly(embeddings))
    found = interpret.score_answers(interpret.read_trials(test), answers, judge=judge)
    lines = [repr(found)]
    if found.left_out:
        lines.append(f"Left out, for missing the catch trials: {', '.join(found.left_out)}")
    if found.machine is not None:
        lines.append(f"Machine: {found.machine!r}")
        lines.append(f"Answers that are the machine's too: {found.same_as_machine:.3f}")
    rows = found.units.table().dropna(subset=[found.units.measure])
    lines += [f"latent {unit}: {row[found.units.measure]:.2f}" for unit, row in rows.iterrows()]
    record = {
        **found.record(),
        "units": {str(unit): float(row[found.units.measure]) for unit, row in rows.iterrows()},
    }
    _terminal.show(record, "\n".join(lines), as_json)
