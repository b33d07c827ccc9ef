"""Metrics that predict: ridge, partial least squares, bands."""
