"""Room `sparse`."""
