"""Training of autoencoders.

`_training` (options), `_loop` (batches, rate, held-out checks), `_source` (stimuli from memory or
disk), `_checkpoint` (resumed to the same bits), `_ranks` (several processes), `_memory`, `_far`
(responses far from zero), `_descent` (the rate's course).
"""
