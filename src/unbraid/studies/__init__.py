"""Every result of the papers, one study each: a frozen choice, a run, a verdict."""

from unbraid.studies._study import Claim, Figure, Progress, Series, Study, StudyResult, run
from unbraid.studies.amortization import Amortization
from unbraid.studies.arrangement import Arrangement
from unbraid.studies.bound import Bound
from unbraid.studies.composition import Composition
from unbraid.studies.deflation import Deflation
from unbraid.studies.recovery import Recovery
from unbraid.studies.toy import Toy

STUDIES: dict[str, type[Study]] = {
    study.name: study
    for study in (Toy, Deflation, Bound, Recovery, Composition, Amortization, Arrangement)
}
"""Name on the command line -> study."""

__all__ = [
    "STUDIES",
    "Amortization",
    "Arrangement",
    "Bound",
    "Claim",
    "Composition",
    "Deflation",
    "Figure",
    "Progress",
    "Recovery",
    "Series",
    "Study",
    "StudyResult",
    "Toy",
    "run",
]
