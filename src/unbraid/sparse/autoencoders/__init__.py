"""Sparse autoencoders, one method a file.

`topk` first; the others differ in which latents stay. `_autoencode` is what they share,
`_dense_net` and `_sparse_net` the models in training, `_selection` the choice of the largest
scores, `_published_loop` the training of published code.
"""
