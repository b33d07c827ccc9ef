"""The intrusion test: whether a stimulus is found that does not belong to a unit.

`intrusion` (by a judge), `trials` (saved for people), `answers` (what people said).
"""
