"""Each system lifted out of superposition: the dictionaries of a comparison.

`_lift_all` (both systems), `_lift` (one system and its controls), `_given` (dictionaries that the
caller brings), `_truth` (true features, where they are known), `_surplus` (latents that carry
little).
"""
