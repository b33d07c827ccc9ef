"""Layouts of other libraries, one file each; `_recognise` finds the layout of a file.

`checkpoint` reads what a file holds, the library's file says what it means, `_assemble` makes a
dictionary of it; `generic` reads what no known library wrote. `_imported` is the method of such a
dictionary, `_exportable` the way back.
"""
