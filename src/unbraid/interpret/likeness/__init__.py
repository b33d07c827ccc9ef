"""Measures that ask a judge how alike the stimuli are that excite a unit.

`interpretability_index` (also label purity), `monosemanticity`, `forced_choice` (machine
interpretability score), `pair_task`, `example_auc`.
"""
