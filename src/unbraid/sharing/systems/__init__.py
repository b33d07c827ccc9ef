"""What is given: several systems side by side.

`_stack` matches rows by id and scales each system, `_split` sets stimuli aside for the evidence,
`_given` takes responses of some systems to encode.
"""
