"""The method that chooses width, activity and signs by held-out units.

`auto` is the driver; `_width_search` tries widths by sparse coding, `_pursuit_search` by pursuit,
`_trials` refines and records what was tried.
"""
