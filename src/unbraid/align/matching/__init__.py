"""Metrics that pair units.

`_semi_matching` (a best source for each target), `_one_to_one`, `_soft_matching` (transport),
`_jaccard`, `_max_pairwise`, `_shared_pairs`. `_matched` is what they share; `_dense_*`, `_sparse_*`
and `_streamed_matching` are its ways of computing.
"""
