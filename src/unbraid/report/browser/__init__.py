"""The browser of latents: a folder of plain files that a person opens from the disk.

`_data` (what is declared), `_details` and `_stimuli` (each in files of many, loaded when they are
shown), `_files` (all of them by name); `page` holds what runs in the web browser.
"""
