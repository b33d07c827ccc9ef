"""What a dictionary is compared with.

Components (`pca`, `ica`, `nmf`), clusters (`k_means`), controls that learn nothing (`controls`,
`random_like`) or half of an autoencoder (`frozen`).
"""
