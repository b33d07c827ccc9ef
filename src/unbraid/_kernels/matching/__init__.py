"""Solvers of matching problems: which unit of one system stands for which unit of the other.

`dense_search` (best partner of each unit), `network_simplex` (exact transport of dense responses),
`sparse_transport` (exact transport of sparse codes), `published_transport` (the solver of the
published code). `simplex` and `spanning_tree` are what the transports share.
"""
