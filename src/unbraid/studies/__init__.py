"""Every result of the papers, one study each: a frozen choice, a run, a verdict."""

from unbraid.studies._study import Claim, Figure, Progress, Series, Study, StudyResult, run
from unbraid.studies.toy import Toy

STUDIES: dict[str, type[Study]] = {study.name: study for study in (Toy,)}
"""Name on the command line -> study."""

__all__ = [
    "STUDIES",
    "Claim",
    "Figure",
    "Progress",
    "Series",
    "Study",
    "StudyResult",
    "Toy",
    "run",
]
