"""Metrics that pair units: semi-, one-to-one and soft matching, dense and sparse."""
