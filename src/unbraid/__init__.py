"""Unbraid: separates the features that neural systems braid together, then compares them."""
