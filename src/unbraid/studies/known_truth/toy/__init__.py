"""The study `toy`: toy models of superposition.

`toy` (the study), `_autoencoders` (trained as one batch), `_findings` (claims, rows, figures),
`_reference` (an independent replication of one pair of seeds).
"""
