"""Dictionaries of several systems side by side, one published method a file.

`_crosscoder` says whose columns are whose; `batch_topk_crosscoder` first, `l1_crosscoder` is the
reference for its faults, `partitioned_crosscoder` sets latents aside for each system. `usae` and
`sparc` have an encoder for each system that tells the code alone; `_universal_net` trains them.
"""
