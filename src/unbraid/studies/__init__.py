"""Every result of the papers, one study each: a frozen choice, a run, a verdict."""

from difflib import get_close_matches

from unbraid._progress import Progress
from unbraid.errors import InputError
from unbraid.studies._found import FoundRun, found_runs
from unbraid.studies._page import save
from unbraid.studies._study import Claim, Figure, Series, Study, StudyResult, run
from unbraid.studies.brains.dnn_brain import DnnBrain
from unbraid.studies.brains.it_rsa import ItRsa
from unbraid.studies.known_truth.amortization import Amortization
from unbraid.studies.known_truth.arrangement import Arrangement
from unbraid.studies.known_truth.axes import Axes
from unbraid.studies.known_truth.bound import Bound
from unbraid.studies.known_truth.composition import Composition
from unbraid.studies.known_truth.deflation import Deflation
from unbraid.studies.known_truth.identifiability import Identifiability
from unbraid.studies.known_truth.onion import OnionStudy
from unbraid.studies.known_truth.pipeline import Pipeline
from unbraid.studies.known_truth.recovery import Recovery
from unbraid.studies.known_truth.toy.toy import Toy
from unbraid.studies.networks.additivity import Additivity
from unbraid.studies.networks.analogy import Analogy
from unbraid.studies.networks.dnn_dnn import DnnDnn
from unbraid.studies.networks.interpretation import Interpretation
from unbraid.studies.several.gains import GainsStudy
from unbraid.studies.several.joint import JointStudy
from unbraid.studies.text.text import Text

STUDIES: dict[str, type[Study]] = {
    study.name: study
    for study in (
        Toy,
        Deflation,
        Bound,
        Recovery,
        Composition,
        Amortization,
        Arrangement,
        Identifiability,
        Pipeline,
        Axes,
        OnionStudy,
        Additivity,
        Analogy,
        DnnBrain,
        DnnDnn,
        ItRsa,
        Interpretation,
        JointStudy,
        GainsStudy,
        Text,
    )
}
"""Name on the command line -> study."""


def choose(name: str) -> Study:
    """Return the study of this name with its default options; a misspelling gets a suggestion.

    Parameters
    ----------
    name : str
        As on the command line, a key of ``STUDIES``.

    Returns
    -------
    Study
        With its default options.

    Raises
    ------
    InputError
        No study of this name.

    Examples
    --------
    >>> choose("deflation").name
    'deflation'
    """
    if name not in STUDIES:
        close = get_close_matches(name, STUDIES, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(STUDIES)}."
        raise InputError(f"There is no study {name!r}; {hint}")
    return STUDIES[name]()


__all__ = [
    "STUDIES",
    "Additivity",
    "Amortization",
    "Analogy",
    "Arrangement",
    "Axes",
    "Bound",
    "Claim",
    "Composition",
    "Deflation",
    "DnnBrain",
    "DnnDnn",
    "Figure",
    "FoundRun",
    "GainsStudy",
    "Identifiability",
    "Interpretation",
    "ItRsa",
    "JointStudy",
    "OnionStudy",
    "Pipeline",
    "Progress",
    "Recovery",
    "Series",
    "Study",
    "StudyResult",
    "Text",
    "Toy",
    "choose",
    "found_runs",
    "run",
    "save",
]
