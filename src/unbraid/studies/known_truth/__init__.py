"""Studies of worlds whose features are known, one a file: what the measures must find there."""
