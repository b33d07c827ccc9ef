"""What a checkpoint of another library holds, read without running any of it.

`_source` (file and caller's statements together), `_weights` and `_wrapper` (weights files),
`_tensors` and `_roles` (arrays by name and shape), `_settings`, `_inert` and `_stated` (the
configuration).
"""
