"""Metrics of how stimuli are arranged.

`_cka`, `_kernel_cka`, `_procrustes`, `_canonical` (CCA, SVCCA, PWCCA), `_neighbours`; `_rsa` with
distances (`_rdm`, `_distances`, `_crossnobis`), comparisons (`_rdm_compare`) and weights
(`_weighted_rsa`).
"""
