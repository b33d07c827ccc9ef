"""What is installed, and what is broken."""

from __future__ import annotations

import typer

from unbraid import _terminal
from unbraid.cli.arguments._options import Json


def doctor(as_json: Json = False) -> None:
    """Versions, devices, memory; what is broken and how to repair it.

    For example: unbraid doctor

    For programs: unbraid doctor --json
    """
    from unbraid.doctor import examine

    findings = examine()
    lines = [
        f"{'ok ' if f.ok else 'BAD'}  {f.name:26} {f.found}" + ("" if f.ok else f"  -> {f.mend}")
        for f in findings
    ]
    _terminal.show([vars(finding) for finding in findings], "\n".join(lines), as_json)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
