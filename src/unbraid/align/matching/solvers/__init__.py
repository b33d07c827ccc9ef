"""How a matching is solved on training stimuli and scored on held-out ones.

`_matched` (the held-out score), `_plan` (what a solver returns), `_marginals` (sums of each fold).
Dense responses: `_dense_matched`, `_dense_search`. Sparse codes: `_sparse_matched`,
`_sparse_plans`, `_sparse_weighted`, `_sparse_marginals`. From fold moments: `_streamed_matching`.
`_weighed` weights targets by their activity. The compiled loops are in `unbraid._kernels.matching`.
"""
