"""Room `theory`."""
