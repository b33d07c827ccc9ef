"""The heavy kernels once more, in torch, for a card or any device that torch knows.

Each file has the name of the compiled kernel that it stands in for, and does the same steps on all
rows of a block at once: `pursuit` and `lasso` find codes, `adam` takes steps. Whether these or the
compiled ones compute is decided in one place, `unbraid._kernels.device.computing_on`.
"""
