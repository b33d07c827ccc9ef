"""Each system lifted out of superposition: the dictionaries of a comparison, and their codes.

`_both` (both systems, by `_seeded` once for each seed), `_system` (one system), `_given`
(dictionaries that the caller brings), `_truth` (true features, where they are known), `_surplus`
(latents that carry little).
"""
