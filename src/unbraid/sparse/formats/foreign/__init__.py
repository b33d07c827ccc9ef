"""Layouts of other libraries, one file each; `_recognise` finds which one a file has."""
