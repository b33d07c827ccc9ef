"""Responses recorded from a torch model.

Read `_record` first (what is requested), then `_passes` (batch after batch), `_hooks` (outputs of
named layers) and `_rules` (what counts as a unit). `_provenance`, `_weights` and `_sketch` say what
made the responses; `_stimuli` is what goes in, `_told` how errors name it.
"""
