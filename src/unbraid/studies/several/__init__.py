"""What several systems tell together, and where unbraiding helps networks at all."""
