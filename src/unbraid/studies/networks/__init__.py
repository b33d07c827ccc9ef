"""Studies of trained networks."""
