"""Which latents are shared, on stimuli that nothing was learned from.

`_left_out` (units left out, with true and wrong pairings) and `_lengths` (how much of an atom lies
in each system) are measured by `_evidence`; `_latents` decides the kinds, `_confounded` what is
undecided because features come together; `_wrong` learns again from wrongly paired stimuli.
"""
