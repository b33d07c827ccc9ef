"""Codes of many stimuli under one dictionary.

`lasso_and_omp` solves for them from nothing, `lasso_descent` goes on from codes that are given,
`fewest_active` searches for the smallest supports, `gibbs` draws them from a posterior, `topk`
keeps the largest of each row; `selection` and `quantise` find the largest without computing every
product exactly.
"""
