"""Codes under given atoms: encoder, lasso and pursuit, posterior means."""
