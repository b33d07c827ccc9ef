"""Layouts of other libraries, one file each; `_recognise` tells which one a file has."""
