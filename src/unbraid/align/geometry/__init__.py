"""Metrics of how stimuli are arranged: CKA, RSA, Procrustes, CCA, neighbours."""
