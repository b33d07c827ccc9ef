"""Judges: what says which stimuli are alike.

`judge` (labels, embeddings, similarities), `pictures` (pixels and colours as judges), `_sides`
(activations matched to a judge, row by row).
"""
