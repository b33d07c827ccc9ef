"""Sparse autoencoders, one method a file."""
