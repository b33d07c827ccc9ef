"""Dictionaries on disk.

`native` (our folder, in the layout `_layout`), `hub` (Hugging Face), `foreign` (other libraries'
checkpoints, a layout a file). `_open` opens any of them; `loading` and `export` are public.
"""
