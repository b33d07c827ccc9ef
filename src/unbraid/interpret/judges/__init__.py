"""Judges: what says which stimuli are alike.

`judge` (labels, embeddings, similarities), `label_file` (labels from a text file), `pictures`
(pixels and colours as judges), `_sides` (activations matched to a judge, row by row).
"""
