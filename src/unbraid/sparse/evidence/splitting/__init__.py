"""Shared, split and absorbed latents of two dictionaries of one system.

`_cover` (which latents of the other dictionary cover one of this), `_absorb` (which of these take
its place), `_kinds` (what each latent is called), `correspondence` (the answer, beside chance).
"""
