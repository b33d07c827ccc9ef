"""Every option of an evaluation, declared once."""

from __future__ import annotations

import difflib
from typing import Annotated, Any

import pydantic
from pydantic import Field

from unbraid._config import Config
from unbraid.errors import InputError
from unbraid.evaluation._baselines import BASELINES
from unbraid.evaluation._measures import DEFAULT, MEASURES
from unbraid.sparse._dictionary import By


class EvaluateConfig(Config):
    """Options of an evaluation of how interpretable units, codes and baselines are."""

    measures: tuple[str, ...] = DEFAULT
    """Measures; the first that what is given allows is the headline."""
    baselines: tuple[str, ...] = tuple(name for name, of in BASELINES.items() if not of.of_copy)
    """Baselines beside the codes; the raw units are always included, and an untrained copy of
    the system where its responses are given."""
    by: By | None = None
    """How codes are inferred from a dictionary; none: as it was learned."""
    seeds: Annotated[int, Field(ge=1, le=100)] | None = None
    """Dictionaries, each from its own random start; none: 3 of a method, and those given."""
    train_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share of the stimuli that baselines (and dictionaries) learn from, without x_train."""
    most_units: Annotated[int, Field(ge=2)] = 2000
    """Units of a side that are scored at most; of more, so many are drawn."""

    @pydantic.field_validator("measures", "baselines", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @pydantic.field_validator("measures", "baselines", mode="after")
    @classmethod
    def _known(cls, value: tuple[str, ...], info: Any) -> tuple[str, ...]:
        known = MEASURES if info.field_name == "measures" else BASELINES
        unknown = [name for name in value if name not in known]
        if unknown or (not value and info.field_name == "measures"):
            came = ", ".join(unknown) or "none"
            close = difflib.get_close_matches(came, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise InputError(
                f"{info.field_name} must be among {', '.join(known)}, got {came}{hint}"
            )
        return tuple(dict.fromkeys(value))
