"""Around a score.

`_difference` (of two scores), `_nuisance` (regressed out first), `_best_of` (chosen among many
sources), `_subjects` (over subjects), `_axis_test` (do the units' axes matter).
"""
