"""Linear systems and decompositions.

`ridge` (many penalties from one eigendecomposition), `shifted_conjugate_gradients` (many penalties
without one), `rotation` (orthogonal Procrustes).
"""
