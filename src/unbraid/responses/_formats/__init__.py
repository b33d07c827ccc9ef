"""One reader a file format, each imported only when a file of its format is opened."""
