"""The method that chooses width, offset and signs by held-out units.

`_plan` holds the steps and the numbers that rule them, `auto` is the driver, `_search` fits,
refines and records what was tried.
"""
