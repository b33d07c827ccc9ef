"""The command line: one command a file; each reads, makes one library call, and writes.

A new command is a file here, with one function of its name, and one word in `COMMANDS`. What
several commands are given is declared and read in `arguments`.
"""

from __future__ import annotations

from typing import Annotated

import typer

from unbraid import _terminal
from unbraid.cli.bound import bound
from unbraid.cli.compare import compare
from unbraid.cli.demo import demo
from unbraid.cli.doctor import doctor
from unbraid.cli.encode import encode
from unbraid.cli.example import example
from unbraid.cli.fit import fit
from unbraid.cli.interpret import interpret
from unbraid.cli.intrusion_score import intrusion_score
from unbraid.cli.intrusion_test import intrusion_test
from unbraid.cli.joint import joint
from unbraid.cli.matrix import matrix
from unbraid.cli.record import record
from unbraid.cli.report import report
from unbraid.cli.results import results
from unbraid.cli.study import study
from unbraid.cli.sweep import sweep

COMMANDS = (
    demo,
    example,
    compare,
    joint,
    report,
    record,
    fit,
    encode,
    interpret,
    intrusion_test,
    intrusion_score,
    matrix,
    sweep,
    results,
    study,
    bound,
    doctor,
)  # in the order of --help

__all__ = [
    "COMMANDS",
    "app",
    "bound",
    "compare",
    "demo",
    "doctor",
    "encode",
    "example",
    "fit",
    "interpret",
    "intrusion_score",
    "intrusion_test",
    "joint",
    "main",
    "matrix",
    "record",
    "report",
    "results",
    "study",
    "sweep",
]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Separate the features that neural systems braid together, then compare the systems.",
)
for command in COMMANDS:
    app.command()(command)


def main() -> None:
    """Run the command line."""
    _terminal.run(app, "unbraid")


@app.callback(invoke_without_command=True)
def _about(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        import unbraid

        typer.echo(unbraid.__version__)
        raise typer.Exit
