"""A folder of small real files, on which every line of the README and of the docs runs.

`_networks`: two small networks that name real handwriting. `_files`: what they answered, in the
forms that people hold it in. `_folder` writes them.
"""

from unbraid.example._folder import KIND, check_free, write_example

__all__ = ["KIND", "check_free", "write_example"]
