"""Room `stats`."""
