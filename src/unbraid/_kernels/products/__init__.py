"""Matrix products in which most of the time of learning and scoring is spent.

Dense: `linear`, `row_products` (rows that do not depend on their neighbours), `gather` (rows
chosen and centred). Sparse codes: `sparse_rows` (decoding, gradients), `normal_equations` (least
squares of a dictionary), `sparse_cross` (cross-products of two code matrices).
"""
