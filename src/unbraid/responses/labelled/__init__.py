"""Responses in memory: numbers, and the names of the stimuli and units that they belong to.

Read `_responses` first (what a system answered), then `_codes` (sparse codes, which remember their
stimuli), `_pair` (two systems side by side, matched by id), `_trials` (repeats of one stimulus) and
`_parts` (places or tokens of one stimulus, each a row).
`_labelled` takes pandas, xarray, polars and Arrow; `_ids`, `_labels`, `_match`, `_repeats` and
`_gather` are what these are made of.
"""
