"""Measures against concepts that are known for each stimulus.

`selectivity` (best unit of a concept, best concept of a unit), `sparse_probe` (a few units
together), `absorption` (parent and child features), `and_or` (combinations of features).
`_with_concepts` is what they share: activations beside concepts, and the AUC.
"""
