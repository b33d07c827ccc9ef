"""Codes under given atoms.

`_encoder` (one pass of an autoencoder), `_infer` (the lasso, matching pursuit, the fewest latents,
and the choice of what rules them), `_posterior` with `_prior` and `_monte_carlo_em` (posterior
means), `_floor` (which codes are zero), `_greedy` (greedy pursuit), `_transform` (what is taken
from each stimulus).
"""
