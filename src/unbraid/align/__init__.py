"""Room `align`."""
