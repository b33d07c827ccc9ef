"""What the arrays of a file mean, whatever its format.

`_wanted` is what the caller requests, `_choice` which array is meant, `_axes` and `_dimensions`
which axis is which, `_texts` which text names the rows; `_named` and `_arrange` make responses.
"""
