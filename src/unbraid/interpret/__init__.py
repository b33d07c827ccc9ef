"""Whether units stand for something: the truth where it is known, judges where it is not.

In this order: `recovery` (units against known features), `concepts` (against known concepts),
`judges` (what says which stimuli are alike), `likeness` and `intrusion_test` (what judges and
people say of a unit), `patterns` (which part of an input activates a unit). Without concepts or
judges: `redundancy`, `clones`, `unit_identity`, `additivity`, `retrieval`. Every measure answers
with the class of `_scores`.
"""

from unbraid.interpret._scores import ScoreDifference, UnitScores, score_difference
from unbraid.interpret.additivity import (
    Composed,
    CosineContrast,
    additivity,
    analogy,
    sign_flip_p,
)
from unbraid.interpret.clones import Clones, clones
from unbraid.interpret.concepts.absorption import absorption
from unbraid.interpret.concepts.and_or import and_or_index
from unbraid.interpret.concepts.probe_absorption import probe_absorption
from unbraid.interpret.concepts.selectivity import best_unit, selectivity
from unbraid.interpret.concepts.sparse_probe import sparse_probe, splitting
from unbraid.interpret.intrusion_test.answers import HumanAnswers, score_answers
from unbraid.interpret.intrusion_test.intrusion import intrusion, intrusion_trials
from unbraid.interpret.intrusion_test.trials import TRIAL_FILES, Trials, read_trials
from unbraid.interpret.judges.judge import (
    Judge,
    as_judge,
    embeddings,
    labels,
    similarity,
)
from unbraid.interpret.judges.label_file import read_labels
from unbraid.interpret.judges.pictures import colour, pixels
from unbraid.interpret.likeness.example_auc import example_auc
from unbraid.interpret.likeness.forced_choice import machine_interpretability
from unbraid.interpret.likeness.interpretability_index import interpretability_index, label_purity
from unbraid.interpret.likeness.monosemanticity import monosemanticity
from unbraid.interpret.likeness.pair_task import pair_task
from unbraid.interpret.patterns.minimal_part import MinimalPart, minimal_part, patches
from unbraid.interpret.patterns.neuron_graph import (
    FiringScore,
    NeuronGraph,
    firing_score,
    neuron_graph,
)
from unbraid.interpret.patterns.neuron_to_graph import NeuronToGraph, neuron_to_graph
from unbraid.interpret.recovery import (
    best_correlations,
    dictionary_mcc,
    feature_correlations,
    matched_mean,
    mcc,
)
from unbraid.interpret.redundancy import Redundancy, redundancy, units_spread
from unbraid.interpret.retrieval import retrieval_ranks
from unbraid.interpret.unit_identity import unit_identity

__all__ = [
    "TRIAL_FILES",
    "Clones",
    "Composed",
    "CosineContrast",
    "FiringScore",
    "HumanAnswers",
    "Judge",
    "MinimalPart",
    "NeuronGraph",
    "NeuronToGraph",
    "Redundancy",
    "ScoreDifference",
    "Trials",
    "UnitScores",
    "absorption",
    "additivity",
    "analogy",
    "and_or_index",
    "as_judge",
    "best_correlations",
    "best_unit",
    "clones",
    "colour",
    "dictionary_mcc",
    "embeddings",
    "example_auc",
    "feature_correlations",
    "firing_score",
    "interpretability_index",
    "intrusion",
    "intrusion_trials",
    "label_purity",
    "labels",
    "machine_interpretability",
    "matched_mean",
    "mcc",
    "minimal_part",
    "monosemanticity",
    "neuron_graph",
    "neuron_to_graph",
    "pair_task",
    "patches",
    "pixels",
    "probe_absorption",
    "read_labels",
    "read_trials",
    "redundancy",
    "retrieval_ranks",
    "score_answers",
    "score_difference",
    "selectivity",
    "sign_flip_p",
    "similarity",
    "sparse_probe",
    "splitting",
    "unit_identity",
    "units_spread",
]
