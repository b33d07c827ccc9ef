"""Room `_kernels`."""
