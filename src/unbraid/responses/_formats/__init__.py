"""One reader per file format, each imported only when a file of its format is opened.

`arrays` (NumPy, safetensors, MATLAB, HDF5, Zarr, NetCDF), `tables` (CSV, Parquet, Arrow) and
`brains` (NIfTI, NWB) hold the readers, one file each with ``read(path)``. `meaning` says which
array of a file is the responses, and which axis is which. A new format is a file in one of these
rooms and a line in ``READERS`` of `responses/_load.py`.
"""
