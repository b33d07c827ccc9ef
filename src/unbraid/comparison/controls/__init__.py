"""What could explain a gain without any feature, beside every comparison.

`_which` (the list, and which control belongs to which metric), `_made` (all of one system),
`_wide_expansion` (control of predictions), `_rotation` (control of matchings).
"""
