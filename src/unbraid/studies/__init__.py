"""Room `studies`."""
