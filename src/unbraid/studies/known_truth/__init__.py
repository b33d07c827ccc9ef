"""Studies of worlds whose features are known, one per file: what the measures must find there.

First `recovery`, `deflation` and `bound`, then `composition` and `amortization` (where encoders
fail), `arrangement`, `axes`, `identifiability`, `onion` (what is and what is not identifiable),
`pipeline` (all steps on pictures), `toy` (toy models of superposition). Files with an underscore
are the models that they train: `_known`, `_supervised`, `_relu_encoder`, `_plain_topk`,
`_keep_largest`; `_readers` are three ways to read tokens.
"""
