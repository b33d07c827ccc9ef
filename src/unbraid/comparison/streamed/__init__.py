"""A comparison of systems that do not fit into memory, by workers that read them block by block.

`_run` reads as the steps: `_systems` (what is read, and that it stays as it was), `_split` (rows
learned from, rows scored, folds), `_learned` (dictionaries and controls), `_pass` (moments of every
side, by workers), `_scores`, and `_answer` (what a comparison by stream adds to the answer).
"""
