"""What a comparison concludes.

`_verdict` (the sentence), `_grounds` (what it knows of the dictionaries), `_warn` (warnings),
`_predict` (theory's expectation), `_so_far` (a first answer).
"""
