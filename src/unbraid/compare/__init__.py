"""Room `compare`."""
