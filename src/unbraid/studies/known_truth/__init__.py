"""Studies of worlds whose features are known."""
