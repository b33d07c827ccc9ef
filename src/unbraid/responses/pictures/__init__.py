"""Pictures as stimuli: `_images` reads them, `_pixels` makes them numbers.

`_preprocess` is what a network sees of them, `_processor` what transformers' processors do.
"""
