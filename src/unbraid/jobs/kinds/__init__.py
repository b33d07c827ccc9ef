"""Kinds of jobs: one per file, and one line of the table."""

from unbraid.jobs.kinds._kind import JobCost, Kind, Write
from unbraid.jobs.kinds.compare import Compare
from unbraid.jobs.kinds.fit import Fit
from unbraid.jobs.kinds.interpret import InterpretKind
from unbraid.jobs.kinds.joint import JointKind
from unbraid.jobs.kinds.score import ScoreKind
from unbraid.jobs.kinds.study import StudyKind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Compare(),
        Fit(),
        InterpretKind(),
        JointKind(),
        ScoreKind(),
        StudyKind(),
    )
}
"""Name in a sweep -> kind of job."""

__all__ = [
    "KINDS",
    "Compare",
    "JobCost",
    "Fit",
    "InterpretKind",
    "JointKind",
    "Kind",
    "ScoreKind",
    "StudyKind",
    "Write",
]
