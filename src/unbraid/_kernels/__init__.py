"""Heavy loops, compiled by Numba or run by torch, one algorithm a file; they import no other room.

`codes` (lasso, matching pursuit, fewest latents, TopK, Gibbs sampling), `matching` (best partners,
transport plans), `products` (dense and sparse matrix products), `linear_algebra` (ridge, conjugate
gradients, rotations), `statistics` (ranks, deletion losses). `adam` trains; `threads` divides rows
among CPU threads. `device` says where to compute and makes large products there; `on_device` holds
the twins of `codes` and `adam` in torch.
"""
