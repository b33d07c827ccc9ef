"""Kinds of jobs: one a file, and one line of the table."""

from unbraid.jobs.kinds._kind import Cost, Kind, Write
from unbraid.jobs.kinds.compare import Compare
from unbraid.jobs.kinds.fit import Fit
from unbraid.jobs.kinds.score import Score
from unbraid.jobs.kinds.study import StudyKind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Compare(),
        Fit(),
        Score(),
        StudyKind(),
    )
}
"""Name in a sweep -> kind of job."""

__all__ = ["KINDS", "Compare", "Cost", "Fit", "Kind", "Score", "StudyKind", "Write"]
