"""Loops of statistics.

`ranks` and `concordance` (rank correlations), `deletion` and `deletion_loops` (what a score loses
when each stimulus is deleted: the jackknife).
"""
