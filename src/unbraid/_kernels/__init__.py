"""Heavy loops, compiled by Numba or run by torch, one algorithm a file: they know no other room."""
