"""What the jobs of a run gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from unbraid import _terminal
from unbraid.cli.arguments._options import Json, MaybePath, MaybeText, MaybeTexts
from unbraid.errors import InputError


def results(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a sweep or matrix.")],
    where: Annotated[
        MaybeTexts,
        typer.Option(metavar="COLUMN=VALUE", help="Rows that have this value; repeatable."),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Jobs that failed, and why.")] = False,
    scores: Annotated[bool, typer.Option("--scores", help="One row a score.")] = False,
    parquet: Annotated[MaybePath, typer.Option(help="Write the rows to this Parquet file.")] = None,
    sql: Annotated[
        MaybeText,
        typer.Option(metavar="QUERY", help="SQL over the tables results and scores (DuckDB)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the results of a run of jobs.

    For example: unbraid results run/

    Some of them: unbraid results run/ --where y=V4

    By SQL: unbraid results run/ --sql "SELECT y, max(value) FROM scores GROUP BY y"
    """
    from unbraid import jobs

    found = jobs.results(run)
    pairs = [text.partition("=") for text in where or []]
    if any(not equals for _, equals, _ in pairs):
        raise InputError("A condition is written column=value.")
    found = found.where(**{name.strip(): value.strip() for name, _, value in pairs})
    if failed:
        found = found.where(state="failed")
    if sql is not None:
        if parquet is not None or scores:
            raise InputError(
                "--sql answers in lines or as --json: leave --parquet and --scores out."
            )
        table = found.sql(sql)
        answer = json.loads(table.to_json(orient="records", double_precision=15))
        _terminal.show(answer, table.to_string(index=False), as_json)
        return
    if parquet is not None:
        _terminal.show({"file": str(parquet)}, str(found.to_parquet(parquet, scores=scores)), False)
        return
    rows = found.scores() if scores else list(found.rows)
    text = "\n".join(row["traceback"] or "" for row in found.rows) if failed else found.text()
    _terminal.show(rows, text, as_json or scores)
