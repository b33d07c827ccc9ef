"""Every score of a comparison, and the differences between scores.

`_score_all` (which side against which), `_changes` (after minus before), `_answer` (a paired
difference), `_seed_means`, `_matched` (matched latents as rows).
"""
