"""Metrics that pair units.

`_semi_matching` (a best source for each target), `_one_to_one`, `_soft_matching` (transport),
`_mutual_best`, `_jaccard`, `_wmppc`, `_max_pairwise`; `_shared_pairs` and `_mutual_partners` count
pairs. `solvers` is what they share: plans fitted on training stimuli, scored on held-out ones.
"""
