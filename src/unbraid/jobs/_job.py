"""A job: what is to be done with which files, frozen, and known by its fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from unbraid._documented import documented_choice
from unbraid.jobs._inputs import File

_VERSION = 1  # of what a fingerprint is made from


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Job:
    """One job of a sweep, all its options resolved."""

    kind: str
    """What it does: the name of one of ``KINDS``, such as ``compare``."""
    settings: Mapping[str, Any]
    """Every option that counts, plain JSON data."""
    files: Mapping[str, File]
    """The systems that it reads, each by what it stands for."""
    needs: Mapping[str, str] = field(default_factory=dict)
    """Jobs whose results it uses: what each stands for -> its fingerprint."""
    asked: Mapping[str, Any] = field(default_factory=dict)
    """The options as the sweep gave them; for tables, no part of the fingerprint."""

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What decides the result: kind, settings, the files' content, the results used."""
        return {
            "version": _VERSION,
            "kind": self.kind,
            "settings": dict(self.settings),
            "files": {slot: file.identity for slot, file in self.files.items()},
            "needs": dict(self.needs),
        }

    @cached_property
    def text(self) -> str:
        """The identity as canonical JSON."""
        return json.dumps(self.identity, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that name this job."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def plain(self) -> dict[str, Any]:
        """Return plain JSON data, from which ``of`` makes the same job."""
        return {
            "kind": self.kind,
            "settings": dict(self.settings),
            "files": {slot: file.plain() for slot, file in self.files.items()},
            "needs": dict(self.needs),
            "asked": dict(self.asked),
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Job:
        """Return the job that ``plain`` wrote down."""
        files = {slot: File(**file) for slot, file in data["files"].items()}
        return cls(**{**data, "files": files})
