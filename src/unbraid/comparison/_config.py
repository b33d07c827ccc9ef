"""Every option of a comparison, declared once."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from unbraid import align
from unbraid._config import Config
from unbraid.errors import InputError
from unbraid.sparse._method import NamedMethod
from unbraid.sparse.inference._asked import By


class CompareConfig(Config):
    """Options of a comparison of two systems before and after unbraiding."""

    method: NamedMethod = Field(default="auto", validate_default=True)
    """How the dictionaries are learned: a method such as TopK(k=32), or its name."""
    by: By | None = None
    """How codes are inferred from a dictionary; none: as the method does."""
    metrics: tuple[str, ...] = (
        "semi_matching",
        "one_to_one",
        "soft_matching",
        "ridge",
        "cka_debiased",
        "rsa",
        "procrustes",
    )
    """Alignment metrics; the first is the headline."""
    seeds: Annotated[int, Field(ge=1, le=100)] = 3
    """Dictionaries learned for each system, each from its own random start."""
    protocol: Literal["unbraid", "longon2025", "longon2026"] = "unbraid"
    """Named scoring protocol: the safe default, or the published code's exact one."""
    train_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of the stimuli that dictionaries learn from, when no training responses are given;
    none: half, and no stimuli where dictionaries are given."""
    folds: Annotated[int, Field(ge=2, le=100)] = 5
    """Folds of the alignment stimuli."""
    fold_kind: Literal["auto", "shuffled", "contiguous"] = "auto"
    """Contiguous folds are for stimuli that follow each other in time; auto: as order says."""
    order: Literal["auto", "exchangeable", "time"] = "auto"
    """Whether stimuli follow each other in time, or any order is as good (also if rows are sorted
    by kind); auto: both sides are tested."""
    permutations: Annotated[int, Field(ge=0)] = 20
    """Refits with the target's rows permuted, for the nulls and p-values of base units and of the
    first seed's codes from x to y. The null of other scores is the mean over every order of the
    held-out stimuli, the fits kept, or one refit where nothing is fitted; they get no p-value."""
    resamples: Annotated[int, Field(ge=0)] = 200
    """Bootstrap resamples of the stimuli, for each interval."""
    frozen: bool | None = None
    """Whether controls that learn half of an autoencoder are scored too: decoder frozen at random,
    soft-frozen, or encoder frozen; none: of given dictionaries, where there are responses to learn
    from."""
    learned_from: Literal["unknown", "train"] = "unknown"
    """What dictionaries that are given learned from: unknown, or the training responses given
    beside them and nothing else."""
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Confidence level of the intervals."""
    device: str | None = None
    """Where torch computes what has a twin there, such as "cuda" (see ``fit``); none: on the
    processor, by compiled kernels."""

    @pydantic.field_validator("metrics", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @pydantic.field_validator("metrics", mode="after")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in value if name not in align.METRICS]
        if unknown or not value:
            came = ", ".join(unknown) or "none"
            close = difflib.get_close_matches(came, align.METRICS, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise InputError(f"metrics must be among {', '.join(align.METRICS)}, got {came}{hint}")
        if len(set(value)) < len(value):
            raise InputError(f"metrics must be named once each, got {', '.join(value)}")
        return value

    @pydantic.model_validator(mode="after")
    def _in_protocol(self) -> CompareConfig:
        outside = [m for m in self.metrics if self.protocol not in align.METRICS[m].protocols]
        if outside and "metrics" in self.model_fields_set:
            raise InputError(f"protocol {self.protocol} does not define {', '.join(outside)}")
        return self

    @property
    def scored(self) -> tuple[str, ...]:
        """The metrics that the protocol defines; the first is the headline."""
        return tuple(m for m in self.metrics if self.protocol in align.METRICS[m].protocols)


def checked_names(names: Any) -> tuple[str, str]:
    """Return the names of two systems, which must differ."""
    if isinstance(names, str) or len(names) != 2:
        raise InputError(f"names must be two, one for each system, got {names!r}.")
    if str(names[0]) == str(names[1]):
        raise InputError(f"names must differ, got {str(names[0])!r} twice.")
    return str(names[0]), str(names[1])
