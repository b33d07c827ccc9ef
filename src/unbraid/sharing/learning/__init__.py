"""One dictionary of all units: `_learn` learns it, `_infer` finds codes from any part of the units.

`_values` gives each system a value of its own on a common support.
"""
