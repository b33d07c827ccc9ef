"""Metrics that predict targets from sources.

`_ridge` first (penalties on inner folds), then `_nested_ridge`, `_iterative_ridge` and
`_streamed_ridge` (its ways of computing), `_pls`, `_bands` (parts of the variance),
`_target_recovery` (which of what repeats itself is predicted).
"""
