"""Dictionary learning without an encoder.

A public method a file: `sparse_coding`, `pursuit`, `spike_and_slab`, `refined`, `untangled`. Read
`_start` (first atoms), `_alternating` (codes by pursuit, atoms by least squares), `_lasso_steps`,
`_penalty_path` (codes by the lasso), `_candidate` (what is compared), then what makes it better:
`_importance`, `_grow_prune`, `_replace_weak`, `_refine`, `_l0_refine`, `_split_atoms`;
`_spike_slab_fit`, `_untangle`; and `_finish`.
"""
