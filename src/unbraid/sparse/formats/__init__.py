"""Dictionaries on disk: our folder, the hub, other libraries' checkpoints."""
