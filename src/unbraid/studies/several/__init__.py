"""What several systems show together, and where unbraiding helps networks at all."""
