"""What a dictionary says of itself.

`_measure` (what its codes lose, held-out units), `_stability` (over seeds), `consensus` (one
dictionary of several seeds), `splitting` (shared, split and absorbed latents of two).
"""
