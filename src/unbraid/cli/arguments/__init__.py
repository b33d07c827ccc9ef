"""What commands are given, and how it is read.

`_options` declares the options that several commands have, `_settings` merges them with the file of
`--config`. `_files` reads responses: `_readers` by what their format takes (`--load`), `_texts` ids
and labels in files of their own. `_jobs` are the options of many comparisons.
"""
