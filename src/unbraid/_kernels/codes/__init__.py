"""Codes of many stimuli under one dictionary.

`lasso` and `pursuit` solve for them, `gibbs` draws them from a posterior, `topk` keeps the largest
of each row; `selection` and `quantise` find the largest without computing every product exactly.
"""
