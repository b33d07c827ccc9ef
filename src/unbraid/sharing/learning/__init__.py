"""One dictionary of the units of all systems, and codes from it.

`_learn` learns it, also from rows that some systems miss (`_incomplete_rows`); `_infer` finds codes
from any part of the units; `_values` gives each system a value of its own on a common support.
"""
