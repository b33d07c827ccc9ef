"""Files of named or unnamed arrays.

`npy`, `npz`, `safetensors`, `matlab` (and `mat5`, its versions 5 to 7), `hdf5`, `zarr` and `netcdf`
have ``read(path)``. `_chunks`, `_codecs`, `_shards`, `_cells`, `_sparse` and `_packed` check and
unpack what they hold.
"""
